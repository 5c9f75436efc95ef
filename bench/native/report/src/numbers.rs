//! Numbers as people read them.

/// With as many digits as mean something.
pub fn plain(number: f64) -> String {
    match number.abs() {
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// Nanoseconds, in a unit that fits.
pub fn time(ns: f64) -> String {
    scaled(ns, &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")])
}

/// How many, in thousands or millions.
pub fn count(number: f64) -> String {
    scaled(number, &[(1e6, "M"), (1e3, "k"), (1.0, "")])
}

fn scaled(number: f64, units: &[(f64, &str)]) -> String {
    let (scale, unit) = units.iter().find(|(scale, _)| number >= *scale * 0.9995).unwrap_or(&units[units.len() - 1]);
    let number = number / scale;
    let digits = if number >= 9.95 || number.fract() == 0.0 { 0 } else { 1 };
    format!("{number:.digits$} {unit}").trim_end().to_owned()
}
