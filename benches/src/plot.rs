//! A chart of a race: bars as long as the logarithm of how long a gradient takes.
//!
//! In: a [`Race`]. Out: SVG, in which text stays text. A rival without a gradient has no bar.

use crate::side::{Race, Which};
use std::fmt::Write;

const WIDTH: f64 = 900.0;
/// Where bars start and end.
const BARS: (f64, f64) = (330.0, 800.0);
const ROW: f64 = 26.0;
const TOP: f64 = 48.0;

/// The text of the chart.
pub fn svg(race: &Race) -> String {
    let bar = |lane: &crate::side::Lane| Some((lane.name.clone(), lane.time(Which::Gradient)?));
    let bars: Vec<(String, f64)> = race.lanes.iter().filter_map(bar).collect();
    let ours = bars.first().map_or(f64::NAN, |(_, time)| *time);
    let range = |pick: fn(f64, f64) -> f64, start: f64| bars.iter().fold(start, |all, (_, time)| pick(all, *time));
    let (least, most) = (range(f64::min, f64::INFINITY) / 2.0, range(f64::max, 0.0));
    let length = |time: f64| (BARS.1 - BARS.0) * (time / least).ln() / (most / least).ln().max(f64::MIN_POSITIVE);
    let height = TOP + ROW * bars.len() as f64 + 16.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"14\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"16\" y=\"28\" font-size=\"18\">{}: value and gradient (logarithmic)</text>\n",
        escaped(&race.title)
    );
    for (i, (name, time)) in bars.iter().enumerate() {
        let (y, end) = (TOP + ROW * i as f64, length(*time));
        let color = if name.starts_with("Adit") { "#0072B2" } else { "#999999" };
        let (middle, x) = (y + 15.0, BARS.0 - 10.0);
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "<text x=\"{x}\" y=\"{middle}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{}\" y=\"{y}\" width=\"{end:.1}\" height=\"20\" fill=\"{color}\"/>\n\
             <text x=\"{:.1}\" y=\"{middle}\">{:.2} ×</text>\n",
            escaped(name),
            BARS.0,
            BARS.0 + end + 6.0,
            time / ours
        );
    }
    out + "</svg>\n"
}

/// Where the chart of a problem is, from the book on.
pub fn file(title: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = title.chars().map(plain).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    format!("charts/{}.svg", words.join("-"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_plain_names() {
        assert_eq!(file("gmm d=10, k=25, n=1000"), "charts/gmm-d-10-k-25-n-1000.svg");
    }

    #[test]
    fn a_race_without_gradients_is_an_empty_chart() {
        let text = svg(&Race { title: "a < b".into(), lanes: Vec::new() });
        assert!(text.contains("a &lt; b") && text.ends_with("</svg>\n") && !text.contains("NaN"), "{text}");
    }
}
