//! The page around the plots. No script, nothing from elsewhere: it can be mailed, printed and read in the dark.

use std::error::Error;
use std::fmt::Write;

use serde_json::Value;

use crate::plot::{self, Plot};
use crate::results::{Measure, Results};
use crate::{charts, numbers};

const STYLE: &str = include_str!("style.css");

pub fn html(results: &Results) -> Result<String, Box<dyn Error>> {
    let mut page = String::new();
    write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Linkspan: measured</title>\n\
         <style>\n{STYLE}{}</style>\n</head>\n<body>\n<h1>Linkspan: measured</h1>\n",
        series_style()
    )?;
    machine(&mut page, results)?;
    measures(&mut page, &results.measures)?;
    for plot in charts::all(results) {
        figure(&mut page, &plot)?;
    }
    instances(&mut page, results)?;
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

fn machine(page: &mut String, results: &Results) -> Result<(), Box<dyn Error>> {
    let said = |name: &str| match results.machine.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(value) => value.to_string(),
    };
    let quick = if results.quick { ", the quick variant" } else { "" };
    writeln!(
        page,
        "<p>Commit {}, {} runs{quick}. {} × {}, {}; OTP {} ({}), Elixir {}; {}; {}.</p>",
        escape(&results.commit),
        results.runs,
        said("cores"),
        escape(&said("cpu")),
        escape(&said("kernel")),
        escape(&results.otp),
        escape(&said("emulator")),
        escape(&said("elixir")),
        escape(&said("rust")),
        escape(&said("cc")),
    )?;
    Ok(())
}

fn measures(page: &mut String, measures: &[Measure]) -> Result<(), Box<dyn Error>> {
    page.push_str(
        "<h2>What must hold</h2>\n<table>\n<thead><tr><th>measure</th><th>against</th><th class=\"n\">value</th>\
         <th class=\"n\">spread of runs</th><th class=\"n\">must</th><th class=\"n\">aim</th><th></th></tr></thead>\n<tbody>\n",
    );
    for measure in measures {
        let sign = if measure.direction == "lower" { "≤" } else { "≥" };
        let unit = if measure.unit == "ratio" { String::new() } else { format!(" {}", measure.unit) };
        let (class, verdict) = verdict(measure);
        writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}{}</td><td class=\"n\">{} – {}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"{class}\">{verdict}</td></tr>",
            escape(&measure.what),
            escape(&measure.against),
            numbers::plain(measure.value),
            escape(&unit),
            numbers::plain(measure.spread[0]),
            numbers::plain(measure.spread[1]),
            measure.must.map(|must| format!("{sign} {}", numbers::plain(must))).unwrap_or_default(),
            measure.aim.map(numbers::plain).unwrap_or_default(),
        )?;
    }
    page.push_str("</tbody>\n</table>\n");
    Ok(())
}

fn verdict(measure: &Measure) -> (&'static str, &'static str) {
    let reached = measure.aim.is_some_and(|aim| match measure.direction.as_str() {
        "lower" => measure.value <= aim,
        _ => measure.value >= aim,
    });
    match measure.pass {
        Some(false) => ("fail", "✗ fails"),
        Some(true) if reached => ("pass", "✓ aim"),
        Some(true) => ("pass", "✓ holds"),
        None => ("", ""),
    }
}

fn figure(page: &mut String, plot: &Plot) -> Result<(), Box<dyn Error>> {
    writeln!(page, "<figure>\n<h2>{}</h2>\n<figcaption>{}</figcaption>\n<ul>", escape(plot.title), escape(plot.note))?;
    for (number, series) in plot.series.iter().enumerate() {
        let marker = ["●", "▲", "✕", "○"][number % 4];
        writeln!(page, "<li><span class=\"s{number}\">{marker}</span> {}</li>", escape(&series.label))?;
    }
    writeln!(page, "</ul>\n{}</figure>", plot.svg()?)?;
    Ok(())
}

fn instances(page: &mut String, results: &Results) -> Result<(), Box<dyn Error>> {
    page.push_str(
        "<h2>One more instance</h2>\n<table>\n<thead><tr><th>host</th><th class=\"n\">open already</th>\
         <th class=\"n\">to open</th><th class=\"n\">to close</th><th class=\"n\">bytes of each</th></tr></thead>\n<tbody>\n",
    );
    for row in &results.instances {
        writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escape(&row.host),
            row.instances,
            numbers::time(row.open_ns),
            numbers::time(row.close_ns),
            row.bytes.map(|bytes| format!("{bytes:.0}")).unwrap_or_default(),
        )?;
    }
    page.push_str("</tbody>\n</table>\n");
    Ok(())
}

/// Gives the colours of the plots those of the style sheet.
fn series_style() -> String {
    let mut style = String::new();
    let mut stands_for = |colour: plotters::style::RGBColor, variable: &str| {
        let hex = format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
        for what in ["fill", "stroke"] {
            style.push_str(&format!("svg [{what}=\"{hex}\"] {{ {what}: var(--{variable}); }}\n"));
        }
    };
    stands_for(plot::INK, "ink");
    stands_for(plot::GRID, "grid");
    for number in 0..plot::MOST_SERIES {
        stands_for(plot::colour(number), &format!("s{number}"));
    }
    for number in 0..plot::MOST_SERIES {
        style.push_str(&format!(".s{number} {{ color: var(--s{number}); }}\n"));
    }
    style
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
