//! Line charts.
//!
//! In: named series of points, and what to write at the axes. Out: an SVG file, in which text stays text. Points that cannot be drawn, because they are not finite or, on a logarithmic axis,
//! not positive, are left out; a chart without any point is an empty frame. It decides nothing about what is worth drawing.
//!
//! ```text
//! line_chart(path, &Axes { title: "loss", x: "epoch", y: "loss", scale: Scale::Log }, &[series])?
//! ```

use crate::session::unwritable;
use adit::{Error, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;

const SIZE: (u32, u32) = (900, 480);
/// More series than this have no legend: it would cover them.
const LEGEND: usize = 8;
/// Colours that people tell apart, however they see colours (Okabe and Ito, 2008).
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(0, 0, 0),
];

/// How values are laid out along the vertical axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm.
    Log,
}

/// What is written around a chart.
#[derive(Clone, Copy, Debug)]
pub struct Axes<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below it.
    pub x: &'a str,
    /// Beside it.
    pub y: &'a str,
    /// Of the vertical axis.
    pub scale: Scale,
}

/// A line.
#[derive(Clone, Debug)]
pub struct Series {
    /// What the legend calls it; a chart of one series has no legend.
    pub name: String,
    /// From point to point.
    pub points: Vec<(f64, f64)>,
}

/// Writes a chart of lines into an SVG file.
///
/// # Errors
/// AD0902 if the file cannot be written.
pub fn line_chart(path: &Path, axes: &Axes<'_>, series: &[Series]) -> Result<()> {
    std::fs::write(path, svg(axes, series)?).map_err(|e| unwritable(path, &e))
}

/// The text of a chart.
fn svg(axes: &Axes<'_>, series: &[Series]) -> Result<String> {
    let drawable: Vec<Series> = series.iter().map(|s| drawable(s, axes.scale)).collect();
    let points = || drawable.iter().flat_map(|s| &s.points);
    let (x, y) = (extent(points().map(|p| p.0)), extent(points().map(|p| p.1)));
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
    draw(&area, axes, (x, y), &drawable).map_err(|e| Error::internal(format!("a chart cannot be drawn: {e}")))?;
    drop(area);
    Ok(text)
}

type Canvas<'t> = DrawingArea<SVGBackend<'t>, Shift>;
type Drawn = std::result::Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn draw(area: &Canvas<'_>, axes: &Axes<'_>, (x, y): (Range<f64>, Range<f64>), series: &[Series]) -> Drawn {
    area.fill(&WHITE)?;
    let mut builder = ChartBuilder::on(area);
    builder.margin(16).x_label_area_size(48).y_label_area_size(80).caption(axes.title, ("sans-serif", 20));
    let mut chart = builder.build_cartesian_2d(x, y)?;
    let (plain, powered) = (|v: &f64| short(*v), |v: &f64| short(10f64.powf(*v)));
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(axes.x).y_desc(axes.y).x_label_formatter(&plain);
    mesh.y_label_formatter(if axes.scale == Scale::Log { &powered } else { &plain });
    mesh.light_line_style(TRANSPARENT).bold_line_style(RGBColor(225, 225, 225)).draw()?;
    for (s, color) in series.iter().zip(COLORS.iter().cycle()) {
        let line = chart.draw_series(LineSeries::new(s.points.iter().copied(), color))?;
        line.label(&s.name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
    }
    if (2..=LEGEND).contains(&series.len()) {
        let mut legend = chart.configure_series_labels();
        legend.position(SeriesLabelPosition::UpperRight).background_style(WHITE.mix(0.8)).draw()?;
    }
    area.present()
}

/// A series without what cannot be drawn; on a logarithmic axis its values are the exponents of ten.
fn drawable(series: &Series, scale: Scale) -> Series {
    let height = |y: f64| if scale == Scale::Log { y.log10() } else { y };
    let points = series.points.iter().map(|&(x, y)| (x, height(y))).filter(|(x, y)| fits(*x) && fits(*y));
    Series { name: series.name.clone(), points: points.collect() }
}

/// Whether a number is finite, and so is what is computed for an axis.
fn fits(v: f64) -> bool {
    v.abs() < 1e150
}

/// From the smallest to the largest value, or a little more: never an empty range.
fn extent(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let least = 1e-9 * low.abs().max(high.abs()).max(1e-140);
    match () {
        () if low > high => 0.0..1.0,
        () if low == 0.0 && high == 0.0 => -1.0..1.0,
        () if high - low > least => low..high,
        () => low - 1e8 * least..high + 1e8 * least,
    }
}

/// A number as a label: few digits, an exponent where it is far from 1.
fn short(v: f64) -> String {
    if v == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e6).contains(&v.abs()) {
        return format!("{v:.1e}").replace(".0e", "e");
    }
    let decimals = (3.0 - v.abs().log10().floor()).clamp(0.0, 6.0) as usize;
    let text = format!("{v:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(scale: Scale, lines: &[&[(f64, f64)]]) -> String {
        let axes = Axes { title: "loss of <net>", x: "epoch", y: "loss", scale };
        let series = |(i, points): (usize, &&[(f64, f64)])| Series { name: format!("s{i}"), points: points.to_vec() };
        svg(&axes, &lines.iter().enumerate().map(series).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_chart_has_its_words_and_a_line_for_each_series() {
        let text = chart(Scale::Linear, &[&[(0.0, 1.0), (1.0, 2.0)], &[(0.0, 3.0), (1.0, 0.5)]]);
        assert!(text.starts_with("<svg") && text.contains("loss of &lt;net&gt;") && text.contains("epoch"), "{text}");
        for (name, color) in [("s0", "#0072B2"), ("s1", "#E69F00")] {
            assert!(text.contains(name) && text.contains(color), "{text}");
        }
    }

    #[test]
    fn higher_values_stand_higher() {
        for scale in [Scale::Linear, Scale::Log] {
            let text = chart(scale, &[&[(0.0, 1.0), (1.0, 10.0), (2.0, 100.0)]]);
            let line = text.lines().find(|l| l.contains("polyline") && l.contains("#0072B2")).unwrap();
            let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
            let y: Vec<i32> =
                points.split_whitespace().map(|p| p.split(',').nth(1).unwrap().parse().unwrap()).collect();
            assert!(y[0] > y[1] && y[1] > y[2], "{points}");
            let even = (y[0] - y[1] - (y[1] - y[2])).abs() <= 1;
            assert_eq!(even, scale == Scale::Log, "{points}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let odd = [(0.0, f64::NAN), (f64::INFINITY, 1.0), (1.0, 2.0), (2.0, -1.0), (3.0, 0.0)];
        let huge = [(0.0, f64::MAX), (1.0, -f64::MAX), (2.0, 5e-324)];
        for scale in [Scale::Linear, Scale::Log] {
            for points in [&odd[..], &huge[..], &[], &[(1.0, 7.0)], &[(1e300, 7.0), (1e300, 7.0)]] {
                assert!(chart(scale, &[points]).ends_with("</svg>\n"));
            }
            assert!(chart(scale, &[]).ends_with("</svg>\n"));
        }
    }

    #[test]
    fn labels_are_short() {
        let cases = [(0.0, "0"), (0.25, "0.25"), (-3.0, "-3"), (1234.5, "1234"), (1e7, "1e7"), (2.5e-5, "2.5e-5")];
        for (v, expected) in cases {
            assert_eq!(short(v), expected);
        }
    }
}
