//! What a person sees: a small table for each cell when it is done, and one summary.

use crate::contestants::{self, OURS, Who};
use crate::host::Disturbance;
use crate::metric::short;
use crate::results::{Detail, Row, Verdict};

/// The cell with everybody's numbers.
pub fn cell(row: &Row) -> String {
    let mut lines = vec![heading(row)];
    for (name, detail) in ordered(row) {
        lines.push(line(row, name, detail));
    }
    for (name, reason) in &row.not_run {
        lines.push(format!("    {name:<20} not run: {reason}"));
    }
    for verdict in &row.thresholds {
        lines.push(format!("    {}", threshold(row, verdict)));
    }
    lines.join("\n")
}

fn heading(row: &Row) -> String {
    let mut notes = vec![format!("{} blocks", row.blocks)];
    if row.disturbed > 0 {
        notes.push(format!("{} disturbed and left out", row.disturbed));
    }
    if row.noisy {
        notes.push("noisy: most blocks were disturbed".to_string());
    }
    let most =
        |share: fn(&Disturbance) -> f64| row.disturbances.iter().map(share).fold(0.0, f64::max) * 100.0;
    if row.disturbed > 0 || row.noisy {
        let (steal, foreign) = (most(|block| block.steal), most(|block| block.foreign));
        notes.push(format!("up to {} % stolen, {} % foreign", short(steal), short(foreign)));
    }
    format!("{}: {} [{}]", row.cell, row.title, notes.join(", "))
}

/// Ours first, then the others as in the table of contestants.
pub fn ordered(row: &Row) -> Vec<(&str, &Detail)> {
    let rank = |name: &str| {
        let known = contestants::all().iter().position(|contestant| contestant.name == name);
        let beside = name.strip_prefix(OURS).and_then(|rest| rest.strip_prefix(" @ "));
        known.or_else(|| contestants::all().iter().position(|contestant| Some(contestant.name) == beside))
    };
    let mut details: Vec<(&str, &Detail)> =
        row.details.iter().map(|(name, detail)| (name.as_str(), detail)).collect();
    details.sort_by_key(|(name, _)| (rank(name), !name.starts_with(OURS)));
    details.retain(|(name, _)| {
        let is_floor = contestants::find(name).is_some_and(|contestant| contestant.who == Who::Floor);
        !is_floor || row.ratio.contains_key(*name)
    });
    details
}

fn line(row: &Row, name: &str, detail: &Detail) -> String {
    let mut text = format!("    {name:<20} {:>9} {:<7}", short(detail.value), row.unit);
    match (row.ratio.get(name), row.spread.get(name)) {
        (Some(ratio), Some(spread)) => text.push_str(&format!(
            " ours {:>6}x ({}–{})",
            short(*ratio),
            short(spread.low),
            short(spread.high)
        )),
        _ => text.push_str(&format!(" {:>6}–{}", short(detail.min), short(detail.max))),
    }
    let mut text =
        format!("{text:<68} cpu {:>6} µs  switches {:>6}", short(detail.cpu_us), short(detail.switches));
    if let Some(calls) = detail.system_calls {
        text.push_str(&format!("  calls {:>6}", short(calls)));
    }
    if let (Some(p50), Some(p99), Some(max)) = (detail.p50_us, detail.p99_us, detail.max_us) {
        text.push_str(&format!("  p50 {} p99 {} max {} µs", short(p50), short(p99), short(max)));
    }
    for (note, value) in &detail.notes {
        text.push_str(&format!("  {note} {}", short(*value)));
    }
    text
}

pub fn threshold(row: &Row, verdict: &Verdict) -> String {
    let sign = if row.higher_is_better { "≥" } else { "≤" };
    let (what, unit) = match verdict.against.as_str() {
        "itself" => ("ours".to_string(), format!(" {}", row.unit)),
        other => (format!("ours / {other}"), String::new()),
    };
    let found = verdict.found.map_or("not measured".to_string(), short);
    let word = if verdict.met { "met" } else { "MISSED" };
    format!("{word:<6} {what} {sign} {}{unit}: {found}", short(verdict.limit))
}

/// The thresholds that were missed, each with its cell, and one line.
pub fn summary(rows: &[Row]) -> String {
    let mut lines = Vec::new();
    let verdicts = || rows.iter().flat_map(|row| row.thresholds.iter().map(move |verdict| (row, verdict)));
    for (row, verdict) in verdicts().filter(|(_, verdict)| !verdict.met) {
        lines.push(format!("{}: {}", row.cell, threshold(row, verdict)));
    }
    let met = verdicts().filter(|(_, verdict)| verdict.met).count();
    let missed = lines.len();
    lines.push(format!("{} cells, {met} thresholds met, {missed} missed", rows.len()));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Spread;

    fn row() -> Row {
        let detail = |value: f64| Detail { value, min: value, max: value, ..Detail::default() };
        let value = serde_json::json!({
            "cell": "push-pull-64", "title": "PUSH to PULL", "unit": "/s", "higher_is_better": true, "ours": 5e6,
            "peers": {"libzmq": 1e6}, "floor": null, "ratio": {"libzmq": 5.0}, "spread": {}, "blocks": 9,
            "disturbed": 1, "noisy": false, "disturbances": [], "thresholds": [], "not_run": {"rzmq": "does not compile"},
            "details": {}, "run": crate::origin::Origin::default(),
        });
        let mut row: Row = serde_json::from_value(value).unwrap();
        row.details = [("libzmq".to_string(), detail(1e6)), ("ohmq".to_string(), detail(5e6))].into();
        row.spread.insert("libzmq".into(), Spread { low: 4.8, high: 5.1, min: 4.0, max: 6.0 });
        row.thresholds = vec![
            Verdict { against: "libzmq".into(), limit: 4.5, found: Some(5.0), met: true },
            Verdict { against: "the best rival".into(), limit: 3.5, found: None, met: false },
        ];
        row
    }

    #[test]
    fn a_cell_says_who_did_what_and_who_did_not() {
        let text = cell(&row());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("push-pull-64") && lines[0].contains("9 blocks, 1 disturbed"));
        assert!(lines[1].contains("ohmq") && lines[1].contains("5.00 M"));
        assert!(lines[2].contains("libzmq") && lines[2].contains("5.00x (4.80–5.10)"));
        assert!(
            text.contains("not run: does not compile") && text.contains("met    ours / libzmq ≥ 4.50: 5.00")
        );
    }

    #[test]
    fn the_summary_names_what_was_missed() {
        let text = summary(&[row()]);
        assert!(text.starts_with("push-pull-64: MISSED ours / the best rival ≥ 3.50: not measured\n"));
        assert!(text.ends_with("1 cells, 1 thresholds met, 1 missed"));
    }
}
