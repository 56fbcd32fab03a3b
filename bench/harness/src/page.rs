//! RESULTS.md: the results as a page. No number in it is typed.

use crate::contestants::{self, OURS};
use crate::metric::short;
use crate::report;
use crate::results::{Detail, Row, best_rival};

const HEAD: &str = "# Results of the benchmark

Written by `cargo xtask bench` from [results.json](results.json); not to be edited. How it measures is in
[README.md](README.md).

";

pub fn markdown(rows: &[Row]) -> String {
    let mut page = HEAD.to_string();
    page.push_str(&origin(rows));
    page.push_str(&thresholds(rows));
    page.push_str(&overview(rows));
    page.push_str("\n## Cells\n");
    for row in rows {
        page.push_str(&cell(row));
    }
    page
}

/// The machines and the contestants, each once.
fn origin(rows: &[Row]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for run in rows.iter().map(|row| &row.run) {
        let host = &run.host;
        let machine = if host.virtualised { "a virtual machine" } else { "a machine" };
        let quick = if run.quick { " in a quick run: hints, not claims" } else { "" };
        let line = format!(
            "- {} at {}{quick}: {machine} with {} CPUs ({}), {} GiB, Linux {}, governor {}.\n",
            run.day, run.commit, host.cpus, host.cpu, host.memory_gib, host.kernel, host.governor
        );
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut text = lines.concat();
    text.push_str("\n| contestant | version | measured through |\n|---|---|---|\n");
    for contestant in contestants::libraries() {
        let known = rows.iter().rev().find_map(|row| row.run.contestants.get(contestant.name));
        let (version, api) = known.map_or(("not run", ""), |known| (&known.version, &known.api));
        text.push_str(&format!("| {} | {version} | {api} |\n", contestant.name));
    }
    text.push_str("| raw … | | plain sockets; streams by the size of a write and of a read |\n");
    text
}

fn thresholds(rows: &[Row]) -> String {
    let mut text =
        "\n## Thresholds\n\n| cell | ours compared with | threshold | found | |\n|---|---|---|---|---|\n"
            .to_string();
    for row in rows {
        for verdict in &row.thresholds {
            let sign = if row.higher_is_better { "≥" } else { "≤" };
            let found = verdict.found.map_or("not measured".to_string(), short);
            let met = if verdict.met { "met" } else { "**missed**" };
            let (link, against, limit) = (link(row), &verdict.against, short(verdict.limit));
            text.push_str(&format!("| {link} | {against} | {sign} {limit} | {found} | {met} |\n"));
        }
    }
    text
}

fn overview(rows: &[Row]) -> String {
    let mut text = "\n## Overview\n\nRatios are medians of the blocks' ratios, ours to theirs, with their 95 % interval.\n\n\
        | cell | unit | ohmq | libzmq | best rival | floor | to libzmq | to the rival | to the floor |\n\
        |---|---|---|---|---|---|---|---|---|\n"
        .to_string();
    for row in rows {
        let rival = best_rival(row);
        let value = |name: Option<&str>| {
            name.and_then(|name| row.peers.get(name)).map_or(String::new(), |v| short(*v))
        };
        let rival_value = rival.map_or(String::new(), |name| format!("{} ({name})", value(Some(name))));
        let floor = row.floor.as_ref();
        let floor_value =
            floor.map_or(String::new(), |floor| format!("{} ({})", short(floor.value), floor.name));
        text.push_str(&format!(
            "| {} | {} | {} | {} | {rival_value} | {floor_value} | {} | {} | {} |\n",
            link(row),
            row.unit,
            row.ours.map_or(String::new(), short),
            value(Some("libzmq")),
            ratio(row, Some("libzmq")),
            ratio(row, rival),
            ratio(row, floor.map(|floor| floor.name.as_str())),
        ));
    }
    text
}

fn ratio(row: &Row, name: Option<&str>) -> String {
    let known = name.and_then(|name| row.ratio.get(name).zip(row.spread.get(name)));
    known.map_or(String::new(), |(ratio, spread)| {
        format!("{} [{}–{}]", short(*ratio), short(spread.low), short(spread.high))
    })
}

fn cell(row: &Row) -> String {
    let mut text = format!("\n### {}\n\n{}", row.cell, row.title);
    text.push_str(&format!(". {} blocks", row.blocks));
    if row.disturbed > 0 {
        text.push_str(&format!(", {} disturbed ones left out", row.disturbed));
    }
    if row.noisy {
        text.push_str(", most of them disturbed by something else on the machine");
    }
    text.push_str(".\n\n");
    if !row.details.is_empty() {
        text.push_str(&format!("![{}](charts/{}.svg)\n\n", row.title, row.cell));
        text.push_str(&details(row));
    }
    for (name, reason) in &row.not_run {
        text.push_str(&format!("- {name} not run: {reason}\n"));
    }
    text
}

fn details(row: &Row) -> String {
    let mut text = format!(
        "| | {} | least–most | ours to it [95 %] | CPU µs | switches | system calls | p50 µs | p99 µs | max µs |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        row.unit
    );
    for (name, detail) in report::ordered(row) {
        text.push_str(&detail_line(row, name, detail));
    }
    text.push('\n');
    text
}

fn detail_line(row: &Row, name: &str, detail: &Detail) -> String {
    let optional = |value: Option<f64>| value.map_or(String::new(), short);
    let comparison = if name == OURS { String::new() } else { ratio(row, Some(name)) };
    format!(
        "| {name} | {} | {}–{} | {comparison} | {} | {} | {} | {} | {} | {} |\n",
        short(detail.value),
        short(detail.min),
        short(detail.max),
        short(detail.cpu_us),
        short(detail.switches),
        optional(detail.system_calls),
        optional(detail.p50_us),
        optional(detail.p99_us),
        optional(detail.max_us),
    )
}

fn link(row: &Row) -> String {
    format!("[{0}](#{0})", row.cell)
}
