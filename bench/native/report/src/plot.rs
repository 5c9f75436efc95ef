//! One plot: named places on the x axis, a logarithm on the y axis, a line for each series.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;

/// Colours stand for the variables of the page's style sheet, which replaces them: light, dark and on paper.
pub const INK: RGBColor = RGBColor(1, 1, 1);
/// See [`INK`].
pub const GRID: RGBColor = RGBColor(2, 2, 2);
/// Series have the colours from here on: see [`colour`].
const FIRST: u8 = 10;
/// As many as one can tell apart.
pub const MOST_SERIES: usize = 8;

const WIDTH: u32 = 860;
const HEIGHT: u32 = 420;

pub fn colour(series: usize) -> RGBColor {
    let shade = FIRST + u8::try_from(series % MOST_SERIES).unwrap_or(0);
    RGBColor(shade, shade, shade)
}

/// A line; `None` where nothing was measured.
#[derive(Debug)]
pub struct Series {
    pub label: String,
    pub values: Vec<Option<f64>>,
}

#[derive(Debug)]
pub struct Plot {
    pub title: &'static str,
    /// What one should see.
    pub note: &'static str,
    pub places: Vec<String>,
    pub x: &'static str,
    pub y: &'static str,
    /// Words for a value of the y axis.
    pub words: fn(f64) -> String,
    pub series: Vec<Series>,
}

impl Plot {
    /// The plot as SVG.
    pub fn svg(&self) -> Result<String, Box<dyn Error>> {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        self.draw(&area).map_err(|error| error.to_string())?;
        area.present().map_err(|error| error.to_string())?;
        drop(area);
        Ok(svg)
    }

    fn draw<'a>(&self, area: &DrawingArea<SVGBackend<'a>, Shift>) -> Result<(), Box<dyn Error + 'a>> {
        let values = || self.series.iter().flat_map(|series| series.values.iter().flatten().copied());
        let lowest = values().fold(f64::INFINITY, f64::min) / 1.5;
        let highest = values().fold(0.0, f64::max) * 1.5;
        let places = self.places.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .x_label_area_size(52)
            .y_label_area_size(96)
            .build_cartesian_2d(-0.25..places - 0.75, (lowest..highest).log_scale())?;
        let place = |x: &f64| if x.fract() == 0.0 { self.places.get(*x as usize).cloned() } else { None };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .x_labels(2 * self.places.len())
            .x_label_formatter(&|x| place(x).unwrap_or_default())
            .y_label_formatter(&|y| (self.words)(*y))
            .label_style(("sans-serif", 18, &INK))
            .x_desc(self.x)
            .y_desc(self.y)
            .draw()?;
        for (number, series) in self.series.iter().enumerate() {
            let points = || {
                let at = series.values.iter().enumerate();
                at.filter_map(|(place, value)| value.map(|value| (place as f64, value)))
            };
            chart.draw_series(LineSeries::new(points(), colour(number).stroke_width(2)))?;
            match number % 4 {
                0 => drop(chart.draw_series(points().map(|at| Circle::new(at, 5, colour(number).filled())))?),
                1 => drop(chart.draw_series(points().map(|at| TriangleMarker::new(at, 7, colour(number).filled())))?),
                2 => drop(chart.draw_series(points().map(|at| Cross::new(at, 5, colour(number).stroke_width(2))))?),
                _ => drop(chart.draw_series(points().map(|at| Circle::new(at, 5, colour(number).stroke_width(2))))?),
            }
        }
        Ok(())
    }
}
