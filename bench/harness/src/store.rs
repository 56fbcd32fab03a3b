//! Where results are kept: those of the last run under `target`, and the committed ones beside the sources.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::results::Row;
use crate::{cells, chart, page};

#[derive(Debug)]
pub struct Store {
    committed: PathBuf,
    report: PathBuf,
}

const RESULTS: &str = "results.json";
const PAGE: &str = "RESULTS.md";
const CHARTS: &str = "charts";
const PROFILES: &str = "profiles";

impl Store {
    pub fn new(committed: &Path, report: &Path) -> Result<Self> {
        fs::create_dir_all(report).with_context(|| format!("cannot make {}", report.display()))?;
        Ok(Self { committed: committed.to_path_buf(), report: report.to_path_buf() })
    }

    /// Writes what this run has found so far.
    pub fn report(&self, rows: &[Row]) -> Result<()> {
        write(&self.report, rows)
    }

    /// Writes where the time of a cell goes, beside what this run has found or, to `save` it, beside the committed results.
    pub fn profile(&self, cell: &str, page: &str, save: bool) -> Result<PathBuf> {
        let folder = if save { &self.committed } else { &self.report }.join(PROFILES);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let place = folder.join(format!("{cell}.md"));
        fs::write(&place, page).with_context(|| format!("cannot write {}", place.display()))?;
        Ok(place)
    }

    /// Puts these rows into the committed results, in place of older ones of the same cells.
    pub fn save(&self, rows: &[Row]) -> Result<()> {
        let old = match fs::read_to_string(self.committed.join(RESULTS)) {
            Ok(text) => {
                serde_json::from_str(&text).with_context(|| format!("{RESULTS} is not what it was"))?
            }
            Err(_) => Vec::new(),
        };
        write(&self.committed, &merged(old, rows))
    }
}

/// In the order of the table of cells; rows of cells that are no more are dropped.
fn merged(old: Vec<Row>, new: &[Row]) -> Vec<Row> {
    let find = |rows: &[Row], name: &str| rows.iter().find(|row| row.cell == name).cloned();
    let names = cells::all().into_iter().map(|cell| cell.name);
    names.filter_map(|name| find(new, &name).or_else(|| find(&old, &name))).collect()
}

fn write(folder: &Path, rows: &[Row]) -> Result<()> {
    let charts = folder.join(CHARTS);
    fs::create_dir_all(&charts).with_context(|| format!("cannot make {}", charts.display()))?;
    let mut json = serde_json::to_string_pretty(rows)?;
    json.push('\n');
    fs::write(folder.join(RESULTS), json)?;
    for row in rows {
        if let Some(svg) = chart::svg(row)? {
            fs::write(charts.join(format!("{}.svg", row.cell)), svg)?;
        }
    }
    fs::write(folder.join(PAGE), page::markdown(rows))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cell: &str, ours: f64) -> Row {
        let value = serde_json::json!({
            "cell": cell, "title": cell, "unit": "/s", "higher_is_better": true, "ours": ours, "peers": {"libzmq": 1.0},
            "floor": null, "ratio": {"libzmq": ours}, "spread": {}, "blocks": 9, "disturbed": 0, "noisy": false, "disturbances": [],
            "thresholds": [], "not_run": {},
            "details": {"ohmq": {"value": ours, "min": ours, "max": ours, "cpu_us": 1.0, "switches": 0.0,
                "system_calls": null, "p50_us": null, "p99_us": null, "max_us": null}},
            "run": crate::origin::Origin::default(),
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn new_rows_take_the_place_of_old_ones_in_the_order_of_the_table() {
        let old = vec![row("push-pull-64", 1.0), row("gone", 1.0), row("push-pull-16", 1.0)];
        let merged = merged(old, &[row("push-pull-256", 2.0), row("push-pull-64", 2.0)]);
        let found: Vec<(&str, f64)> =
            merged.iter().map(|row| (row.cell.as_str(), row.ours.unwrap())).collect();
        assert_eq!(found, [("push-pull-16", 1.0), ("push-pull-64", 2.0), ("push-pull-256", 2.0)]);
    }

    #[test]
    fn saved_results_can_be_read_back_and_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), &folder.path().join("report")).unwrap();
        store.save(&[row("push-pull-64", 5.0)]).unwrap();
        store.save(&[row("push-pull-16", 4.0)]).unwrap();
        let text = fs::read_to_string(folder.path().join(RESULTS)).unwrap();
        let rows: Vec<Row> = serde_json::from_str(&text).unwrap();
        assert_eq!(rows.len(), 2);
        assert!(folder.path().join("charts/push-pull-64.svg").is_file());
        assert!(fs::read_to_string(folder.path().join(PAGE)).unwrap().contains("push-pull-16"));
    }
}
