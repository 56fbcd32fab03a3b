//! The capability table of README.md, printed from report.json and never typed.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::roster::NAMES;

const OPEN: &str = "<!-- capabilities -->";
const CLOSE: &str = "<!-- /capabilities -->";

/// The table: one row per capability, one column per actor.
pub(crate) fn table(report: &Value) -> Result<String> {
    let checks = report["checks"].as_array().context("the report has no checks")?;
    let mut rows: Vec<&str> = Vec::new();
    for check in checks {
        let capability = check["capability"].as_str().unwrap_or_default();
        if !capability.is_empty() && !rows.contains(&capability) {
            rows.push(capability);
        }
    }
    let mut text = format!("| with every other peer, over tcp and ipc | {} |\n|---|", NAMES.join(" | "));
    text += &":-:|".repeat(NAMES.len());
    for row in rows {
        let cells = NAMES.map(|name| cell(checks, row, name));
        text += &format!("\n| {row} | {} |", cells.join(" | "));
    }
    let number = |field: &str| report[field].as_u64().unwrap_or(0);
    text += &format!(
        "\n\n{} checks passed, {} failed, {} skipped. ✓ all pairs with this peer pass; ✗ some fail; – not run.",
        number("passed"),
        number("failed"),
        number("skipped")
    );
    Ok(text)
}

/// Puts the table between the markers of a file.
pub(crate) fn write(path: &Path, table: &str) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let replaced = replace(&text, table).with_context(|| path.display().to_string())?;
    if replaced != text {
        std::fs::write(path, replaced).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn replace(text: &str, table: &str) -> Result<String> {
    let (before, rest) = text.split_once(OPEN).with_context(|| format!("no {OPEN}"))?;
    let Some((_, after)) = rest.split_once(CLOSE) else { bail!("no {CLOSE}") };
    Ok(format!("{before}{OPEN}\n\n{table}\n\n{CLOSE}{after}"))
}

/// A pair with a missing peer is not held against the one that is there.
fn cell(checks: &[Value], capability: &str, name: &str) -> &'static str {
    let mine = checks.iter().filter(|check| {
        check["capability"] == capability && (check["left"] == name || check["right"] == name)
    });
    let outcomes: Vec<_> = mine.filter_map(|check| check["outcome"].as_str()).collect();
    if outcomes.contains(&"failed") {
        "✗"
    } else if outcomes.contains(&"passed") {
        "✓"
    } else {
        "–"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cell_tells_the_worst_of_its_pairs() {
        let check = |right: &str, outcome: &str| json!({"capability": "PAIR", "left": "rust", "right": right, "outcome": outcome});
        let report =
            json!({"checks": [check("node", "passed"), check("java", "failed"), check("swift", "skipped")]});
        let table = table(&report).unwrap();
        assert!(table.contains("| PAIR | ✗ | – | ✓ | ✗ | – | – |"), "{table}");
    }

    #[test]
    fn only_the_text_between_the_markers_changes() {
        let text = format!("a\n{OPEN}\nold\n{CLOSE}\nb\n");
        assert_eq!(replace(&text, "new").unwrap(), format!("a\n{OPEN}\n\nnew\n\n{CLOSE}\nb\n"));
        assert!(replace("nothing", "new").is_err());
    }
}
