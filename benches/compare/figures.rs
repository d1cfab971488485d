//! The results for README.md: a table between its two marks, and a plot beside the bench.

use anyhow::{Context, Result};
use plotters::prelude::*;
use std::fmt::Write;
use std::path::Path;

/// What one contender of one workload reached.
pub(crate) struct Row {
    pub(crate) workload: String,
    pub(crate) name: String,
    /// Messages a second, or milliseconds for start-up times.
    pub(crate) value: String,
    /// Its share of the first row of its workload.
    pub(crate) ratio: f64,
    pub(crate) is_noisy: bool,
}

const START: &str = "<!-- figures -->\n";
const END: &str = "<!-- end of figures -->";

/// Puts the table into README.md, and the plot into benches/compare/figures.svg.
pub(crate) fn write(rows: &[Row], machine: &str) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = root.join("README.md");
    let text = std::fs::read_to_string(&readme)?;
    let (before, rest) = text
        .split_once(START)
        .context("README.md has no mark for figures")?;
    let (_, after) = rest
        .split_once(END)
        .context("README.md has no mark after figures")?;
    let table = table(rows, machine)?;
    std::fs::write(&readme, format!("{before}{START}{table}{END}{after}"))?;
    plot(rows, &root.join("benches/compare/figures.svg"))
}

fn table(rows: &[Row], machine: &str) -> Result<String> {
    let mut text =
        format!("{machine}\n\n| work | who | rate | share |\n| --- | --- | --- | --- |\n");
    let mut workload = "";
    for row in rows {
        let shown = if row.workload == workload {
            ""
        } else {
            &row.workload
        };
        let noisy = if row.is_noisy { ", noisy" } else { "" };
        writeln!(
            text,
            "| {shown} | {} | {} | {:.2}{noisy} |",
            row.name, row.value, row.ratio
        )?;
        workload = &row.workload;
    }
    Ok(text)
}

/// Height of a bar with the gap under it, and of a heading.
const LINE: i32 = 18;

/// Where bars begin, and how long a share of 1 is.
const LEFT: i32 = 300;
const UNIT: f64 = 380.0;

/// A share above this is drawn as long as this.
const MOST: f64 = 1.6;

fn plot(rows: &[Row], path: &Path) -> Result<()> {
    let headings = rows
        .iter()
        .zip(std::iter::once(None).chain(rows.iter().map(Some)))
        .filter(|(row, before)| before.is_none_or(|before| before.workload != row.workload))
        .count();
    let height = LINE * (rows.len() + 2 * headings + 1) as i32;
    let width = LEFT + (UNIT * MOST) as i32 + 60;
    let area = SVGBackend::new(path, (width as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let plain = ("sans-serif", 13).into_font();
    let bold = plain.style(FontStyle::Bold);
    let mut y = 0;
    let mut workload = "";
    for row in rows {
        if row.workload != workload {
            workload = &row.workload;
            y += LINE / 2;
            area.draw(&Text::new(workload.to_owned(), (8, y), bold.clone()))?;
            y += LINE * 3 / 2;
        }
        let is_ours = ["scheme", "rust api", "sipc", "two workers"]
            .iter()
            .any(|word| row.name.starts_with(word));
        let colour = if is_ours {
            RGBColor(52, 110, 180)
        } else {
            RGBColor(170, 170, 170)
        };
        let end = LEFT + (row.ratio.min(MOST) * UNIT) as i32;
        area.draw(&Text::new(row.name.clone(), (20, y), plain.clone()))?;
        area.draw(&Rectangle::new(
            [(LEFT, y), (end, y + LINE - 4)],
            colour.filled(),
        ))?;
        area.draw(&Text::new(
            format!("{:.2}", row.ratio),
            (end + 6, y),
            plain.clone(),
        ))?;
        y += LINE;
    }
    area.present()?;
    Ok(())
}
