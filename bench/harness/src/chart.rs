//! One picture for a cell: a bar for everybody's median, with a line from the least to the most.

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::contestants::{self, Who};
use crate::metric::short;
use crate::report::ordered;
use crate::results::Row;

const WIDTH: u32 = 720;
const TOP: i32 = 44;
const BAR: i32 = 18;
const STEP: i32 = 28;
/// Where names end and bars begin, and where the longest bar ends.
const NAMES: i32 = 150;
const LONGEST: i32 = 560;

const OURS: RGBColor = RGBColor(0x0b, 0x6e, 0x99);
const PEER: RGBColor = RGBColor(0x9a, 0xa5, 0xb1);
const FLOOR: RGBColor = RGBColor(0xd9, 0xc8, 0x9e);
const INK: RGBColor = RGBColor(0x22, 0x2b, 0x33);

/// The picture; none when nobody has a number.
pub fn svg(row: &Row) -> Result<Option<String>> {
    let bars = ordered(row);
    let Some(most) = bars.iter().map(|(_, detail)| detail.max).reduce(f64::max).filter(|most| *most > 0.0)
    else {
        return Ok(None);
    };
    let mut text = String::new();
    {
        let height = TOP as u32 + bars.len() as u32 * STEP as u32 + 12;
        let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        draw(&area, row, most).map_err(|error| anyhow!("the chart of {}: {error}", row.cell))?;
    }
    Ok(Some(text))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(area: &Area<'_>, row: &Row, most: f64) -> Drawn {
    area.fill(&WHITE)?;
    let title = style(15.0, HPos::Left);
    area.draw(&Text::new(row.title.clone(), (12, 16), title))?;
    let small = style(11.0, HPos::Left);
    let better = if row.higher_is_better { "more is better" } else { "less is better" };
    area.draw(&Text::new(format!("{}, {better}", row.unit), (12, 33), small))?;
    let at = |value: f64| NAMES + (value / most * f64::from(LONGEST - NAMES)) as i32;
    for (index, (name, detail)) in ordered(row).into_iter().enumerate() {
        let top = TOP + index as i32 * STEP;
        let middle = top + BAR / 2;
        area.draw(&Text::new(name.to_string(), (NAMES - 8, middle), style(12.0, HPos::Right)))?;
        let bar = [(NAMES, top), (at(detail.value).max(NAMES + 1), top + BAR)];
        area.draw(&Rectangle::new(bar, colour(name).filled()))?;
        area.draw(&PathElement::new(vec![(at(detail.min), middle), (at(detail.max), middle)], INK))?;
        let mut label = short(detail.value);
        if let Some(ratio) = row.ratio.get(name) {
            label.push_str(&format!("   ours {}x", short(*ratio)));
        }
        area.draw(&Text::new(label, (at(detail.max) + 8, middle), style(12.0, HPos::Left)))?;
    }
    area.present()?;
    Ok(())
}

fn style(size: f64, side: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_text_style(&(WIDTH, 100)).color(&INK).pos(Pos::new(side, VPos::Center))
}

fn colour(name: &str) -> RGBColor {
    match contestants::find(name).map(|contestant| contestant.who) {
        Some(Who::Floor) => FLOOR,
        Some(Who::Libzmq | Who::Rival | Who::Before) => PEER,
        // `ohmq @ peer` is ours too.
        Some(Who::Ours) | None => OURS,
    }
}
