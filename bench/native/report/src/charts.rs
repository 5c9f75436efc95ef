//! Which plots there are, and which rows of the results they show.

use crate::numbers;
use crate::plot::{Plot, Series};
use crate::results::{Results, Row};

/// Subject, and what it is called.
type Named = (&'static str, &'static str);

const INLINE: &[Named] = &[
    ("c_driver", "C driver, port_control"),
    ("driver_trait", "Driver trait, port_control"),
    ("service_control", "service, port_control"),
    ("driver_call", "call, driver host"),
    ("nif_call", "call, nif host"),
    ("c_nif", "C NIF"),
    ("rustler_nif", "Rustler NIF"),
    ("program", "call, program host"),
];
const MANY: &[Named] = &[
    ("c_dirty_cpu", "dirty C NIF"),
    ("driver_deferred", "deferred, driver host"),
    ("nif_deferred", "deferred, nif host"),
    ("nif_dirty_cpu", "nif host, dirty_cpu"),
    ("program", "program host"),
    ("c_program", "C program, one call at a time"),
    ("c_program_pipelined", "C program, pipelined"),
];
const ONE: &[Named] = &[
    ("gen_server", "gen_server:call"),
    ("c_dirty_cpu", "dirty C NIF"),
    ("driver_deferred", "deferred, driver host"),
    ("nif_dirty_cpu", "nif host, dirty_cpu"),
    ("c_nif_pool", "C NIF, own threads"),
    ("c_driver_async", "C driver, driver_async"),
    ("c_program", "C program behind a GenServer"),
    ("program", "program host"),
];
const LOADED: &[Named] =
    &[("c_dirty_cpu", "dirty C NIF"), ("driver_many", "deferred, driver host"), ("nif_many", "deferred, nif host")];

const QUANTILES: [&str; 4] = ["p50", "p99", "p999", "max"];
const CANARY: [&str; 4] = ["canary_p50", "canary_p99", "canary_p999", "canary_max"];

/// All plots that have something to show.
pub fn all(results: &Results) -> Vec<Plot> {
    let plots = vec![
        by_size(&results.rows),
        by_callers(&results.rows),
        distribution(&results.rows),
        quantiles(&results.rows, "load open_80", &CANARY, CANARY_PLOT),
        quantiles(&results.rows, "load open_80", &QUANTILES, SHORT_PLOT),
    ];
    plots.into_iter().filter(|plot| !plot.series.is_empty()).collect()
}

struct Text {
    title: &'static str,
    note: &'static str,
}

const CANARY_PLOT: Text = Text {
    title: "Canary: how late a process is woken",
    note: "A process on each scheduler wants to be woken every millisecond, beside mixed work (99 of 100 requests take \
           10 µs, one takes 10 ms) at 80 % of what dirty C NIFs can do.",
};
const SHORT_PLOT: Text = Text {
    title: "Short requests among long ones",
    note: "The same load: latency of the requests of 10 µs, from when they should have started.",
};

fn by_size(rows: &[Row]) -> Plot {
    let mut sizes: Vec<(u64, String)> = rows
        .iter()
        .filter(|row| row.callers == 1)
        .filter_map(|row| row.work.strip_prefix("copy "))
        .filter_map(|size| Some((bytes(size)?, size.to_owned())))
        .collect();
    sizes.sort();
    sizes.dedup();
    let places: Vec<String> = sizes.into_iter().map(|(_, size)| size).collect();
    let at = |subject: &str, size: &String| find(rows, subject, &format!("copy {size}"), 1)?.metric("p50");
    let series = named(INLINE, &places, at);
    Plot {
        title: "Latency by size",
        note: "A copy there and back, one caller, median. Lower is better.",
        x: "body",
        y: "time of a call",
        words: numbers::time,
        series,
        places,
    }
}

fn by_callers(rows: &[Row]) -> Plot {
    let mut callers: Vec<u32> = rows.iter().filter(|row| row.subject == "c_dirty_cpu").map(|row| row.callers).collect();
    callers.extend(rows.iter().filter(|row| row.subject == "c_program").map(|row| row.callers));
    callers.sort_unstable();
    callers.dedup();
    let at = |subject: &str, callers: &u32| find(rows, subject, "copy 16 B", *callers)?.metric("ops");
    Plot {
        title: "Throughput by callers",
        note: "16 B there and back, done on other threads or in another process. Higher is better.",
        x: "callers",
        y: "calls in a second",
        words: numbers::count,
        series: named(MANY, &callers, at),
        places: callers.iter().map(u32::to_string).collect(),
    }
}

fn distribution(rows: &[Row]) -> Plot {
    let at = |subject: &str, quantile: &&str| find(rows, subject, "copy 16 B", 1)?.metric(quantile);
    Plot {
        title: "Distribution of latency",
        note: "16 B there and back, one caller, on other threads or in another process. Lower is better.",
        x: "calls that take no longer",
        y: "time of a call",
        words: numbers::time,
        series: named(ONE, &QUANTILES, at),
        places: quantile_names(),
    }
}

fn quantiles(rows: &[Row], work: &str, metrics: &[&str; 4], text: Text) -> Plot {
    let at = |subject: &str, quantile: &&str| {
        rows.iter().find(|row| row.subject == subject && row.work == work)?.metric(quantile)
    };
    Plot {
        title: text.title,
        note: text.note,
        x: "no later than that",
        y: "lateness",
        words: numbers::time,
        series: named(LOADED, metrics, at),
        places: quantile_names(),
    }
}

fn quantile_names() -> Vec<String> {
    ["50 %", "99 %", "99.9 %", "all"].map(str::to_owned).to_vec()
}

/// The series that have at least two values.
fn named<T>(subjects: &[Named], places: &[T], at: impl Fn(&str, &T) -> Option<f64>) -> Vec<Series> {
    let series = subjects.iter().map(|(subject, label)| Series {
        label: (*label).to_owned(),
        values: places.iter().map(|place| at(subject, place).filter(|value| *value > 0.0)).collect(),
    });
    series.filter(|series| series.values.iter().flatten().count() > 1).collect()
}

fn find<'a>(rows: &'a [Row], subject: &str, work: &str, callers: u32) -> Option<&'a Row> {
    rows.iter().find(|row| row.subject == subject && row.work == work && row.callers == callers)
}

/// `64 KiB` in bytes.
fn bytes(size: &str) -> Option<u64> {
    let (number, unit) = size.split_once(' ')?;
    let scale = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        _ => return None,
    };
    Some(number.parse::<u64>().ok()? * scale)
}
