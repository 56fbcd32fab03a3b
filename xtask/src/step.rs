//! The framework: a run is a list of steps, each with the tools it needs, ended by one table and one line.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::counts::Counts;
use crate::display::{Display, seconds};
use crate::project::Project;
use crate::shell::Shell;
use crate::tool::Tool;

type Action = Box<dyn Fn(&Project, &Shell<'_>) -> Result<Outcome>>;

/// The widest detail that a line of the table shows.
const CELL: usize = 72;

/// One thing to do.
pub struct Step {
    name: String,
    tests: bool,
    needs: Vec<Tool>,
    after: Vec<String>,
    run: Action,
}

/// How a step ended that did not fail outright.
#[derive(Debug)]
pub enum Outcome {
    /// Something is there now that was asked for; nothing was tested.
    Ready(String),
    /// Tests ran.
    Tested(Counts),
    /// It cannot be done here, for this reason.
    NotRun(String),
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Ready(String),
    Tested(Counts),
    NotRun(String),
    Failed(String),
}

#[derive(Debug)]
struct Row {
    name: String,
    tests: bool,
    verdict: Verdict,
    time: Duration,
}

impl Step {
    /// A step that makes something.
    pub fn new(
        name: impl Into<String>,
        run: impl Fn(&Project, &Shell<'_>) -> Result<Outcome> + 'static,
    ) -> Self {
        Self { name: name.into(), tests: false, needs: Vec::new(), after: Vec::new(), run: Box::new(run) }
    }

    /// A step that tests: when it is not run, that counts as a skip.
    pub fn test(
        name: impl Into<String>,
        run: impl Fn(&Project, &Shell<'_>) -> Result<Outcome> + 'static,
    ) -> Self {
        Self { tests: true, ..Self::new(name, run) }
    }

    /// A step that checks one thing: it counts as one test.
    pub fn check(
        name: impl Into<String>,
        run: impl Fn(&Project, &Shell<'_>) -> Result<()> + 'static,
    ) -> Self {
        let one = || Outcome::Tested(Counts { passed: 1, ..Counts::default() });
        Self::test(name, move |project, shell| run(project, shell).map(|()| one()))
    }

    /// The step is not run without these tools.
    pub fn needs(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.needs.extend(tools);
        self
    }

    /// The step is not run when one of these steps failed or was not run.
    pub fn after<'a>(mut self, steps: impl IntoIterator<Item = &'a str>) -> Self {
        self.after.extend(steps.into_iter().map(str::to_string));
        self
    }
}

/// What the end of a run counts and shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Tests are counted; every step has its line.
    Tests,
    /// Steps are counted, because nothing tests; every step has its line.
    Steps,
    /// As `Tests`, but only steps that failed or were not run have a line: what the last step printed stays in sight.
    Brief,
}

/// What becomes of a step that needs a tool which this machine does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingTool {
    /// It is not run.
    Skips,
    /// It has failed: the machine is meant to have every tool.
    Fails,
}

/// Runs the steps in order and prints the summary. True when all that was asked for was done.
pub fn run(
    project: &Project,
    steps: Vec<Step>,
    display: &Display,
    ending: Ending,
    missing: MissingTool,
) -> bool {
    let steps = without_repeats(steps);
    let mut rows: Vec<Row> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let begun = Instant::now();
        display.begin(&step.name, index + 1, steps.len());
        let (verdict, details) = if let Some(reason) = obstacle_to(step, &rows) {
            (Verdict::NotRun(reason), String::new())
        } else if let Some(reason) = missing_tools(step) {
            missing.verdict(reason)
        } else {
            execute(project, step, display, &rows)
        };
        let row = Row { name: step.name.clone(), tests: step.tests, verdict, time: begun.elapsed() };
        display.end(&progress_line(&row), &details);
        rows.push(row);
    }
    let (table, total) = summary(&rows, ending);
    display.print(&table);
    display.print(&total.line());
    total.failed.is_empty() && total.passed > 0
}

fn execute(project: &Project, step: &Step, display: &Display, rows: &[Row]) -> (Verdict, String) {
    let earlier = rows.iter().map(|row| (row.name.clone(), row.verdict.obstacle(&row.name))).collect();
    let shell = match Shell::new(&project.work().join("logs"), &step.name, display) {
        Ok(shell) => shell.knowing(earlier),
        Err(error) => return (Verdict::Failed(format!("{error:#}")), String::new()),
    };
    let verdict = match (step.run)(project, &shell) {
        Ok(Outcome::Ready(note)) => Verdict::Ready(note),
        Ok(Outcome::NotRun(reason)) => Verdict::NotRun(reason),
        Ok(Outcome::Tested(counts)) if counts.total() == 0 => Verdict::Failed("no test ran".to_string()),
        Ok(Outcome::Tested(counts)) => Verdict::Tested(counts),
        Err(error) => Verdict::Failed(format!("{error:#}")),
    };
    let mut details = shell.shown();
    match &verdict {
        Verdict::Failed(reason) => details.push_str(&format!("{reason}\nlog: {}\n", shell.log().display())),
        Verdict::Tested(counts) if !counts.failed.is_empty() => {
            details.push_str(&format!("log: {}\n", shell.log().display()))
        }
        _ => details.clear(),
    }
    (verdict, details)
}

/// Steps of the same name are the same work: the first stands for all.
fn without_repeats(steps: Vec<Step>) -> Vec<Step> {
    let mut kept: Vec<Step> = Vec::new();
    for step in steps {
        if !kept.iter().any(|other| other.name == step.name) {
            kept.push(step);
        }
    }
    kept
}

/// Why an earlier step leaves this one nothing to build on.
fn obstacle_to(step: &Step, rows: &[Row]) -> Option<String> {
    for name in &step.after {
        let row = rows.iter().find(|row| row.name == *name);
        let obstacle = match row {
            Some(row) => row.verdict.obstacle(name),
            None => Some(format!("`{name}` is not part of this run")),
        };
        if obstacle.is_some() {
            return obstacle;
        }
    }
    None
}

fn missing_tools(step: &Step) -> Option<String> {
    let missing: Vec<String> = step.needs.iter().filter_map(|tool| tool.missing()).collect();
    (!missing.is_empty()).then(|| missing.join("; "))
}

impl MissingTool {
    /// The verdict, and what is told in full.
    fn verdict(self, reason: String) -> (Verdict, String) {
        match self {
            MissingTool::Skips => (Verdict::NotRun(reason), String::new()),
            MissingTool::Fails => (Verdict::Failed(reason.clone()), reason),
        }
    }
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Verdict::Ready(_) => "done",
            Verdict::Tested(counts) if !counts.failed.is_empty() => "failed",
            Verdict::Tested(counts) if counts.passed == 0 => "not run",
            Verdict::Tested(_) => "passed",
            Verdict::NotRun(_) => "not run",
            Verdict::Failed(_) => "failed",
        }
    }

    /// Why what builds on the step called `name` cannot be done; nothing when it can.
    fn obstacle(&self, name: &str) -> Option<String> {
        match self {
            Verdict::NotRun(reason) => Some(reason.clone()),
            Verdict::Tested(counts) if counts.failed.is_empty() => None,
            Verdict::Failed(_) | Verdict::Tested(_) => Some(format!("`{name}` failed")),
            Verdict::Ready(_) => None,
        }
    }

    /// What the table says beside the word.
    fn detail(&self) -> String {
        match self {
            Verdict::Ready(note) => note.clone(),
            Verdict::Tested(counts) => counts.short(),
            Verdict::NotRun(reason) | Verdict::Failed(reason) => first_words(reason),
        }
    }
}

/// The reasons are told in full elsewhere; a table has narrow cells.
fn first_words(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    let short: String = line.chars().take(CELL).collect();
    if short.len() < line.len() { format!("{short}…") } else { short }
}

fn progress_line(row: &Row) -> String {
    format!("{:<8} {:<34} {:>12}  {}", row.verdict.word(), row.name, seconds(row.time), row.verdict.detail())
}

/// The table, the reasons of all skips, what failed, and the total.
fn summary(rows: &[Row], ending: Ending) -> (String, Counts) {
    let mut total = Counts::default();
    let mut table = String::new();
    if ending != Ending::Brief {
        table.push_str(&format!("\n{:<34} {:<8} {:>12}  {}\n", "step", "result", "time", "detail"));
    }
    for row in rows {
        let (name, word, time) = (&row.name, row.verdict.word(), seconds(row.time));
        if ending != Ending::Brief || !["done", "passed"].contains(&word) {
            table.push_str(&format!("{name:<34} {word:<8} {time:>12}  {}\n", row.verdict.detail()));
        }
        total.add(match &row.verdict {
            Verdict::Tested(counts) => named(&row.name, counts.clone()),
            Verdict::Ready(_) => Counts { passed: usize::from(ending == Ending::Steps), ..Counts::default() },
            // What was not made shows in the tests that were not run for want of it.
            Verdict::NotRun(_) if !row.tests && ending != Ending::Steps => Counts::default(),
            Verdict::NotRun(reason) => {
                Counts { skipped: vec![format!("{name}: {reason}")], ..Counts::default() }
            }
            Verdict::Failed(reason) => {
                Counts { failed: vec![format!("{name}: {}", first_words(reason))], ..Counts::default() }
            }
        });
    }
    for (title, texts) in [("skipped, and why", &total.skipped), ("failed", &total.failed)] {
        if !texts.is_empty() {
            table.push_str(&format!("\n{title}:\n"));
        }
        for (text, count) in grouped(texts) {
            let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
            table.push_str(&format!("  {text}{times}\n"));
        }
    }
    (table, total)
}

/// Equal texts next to each other, once, with how many there are.
fn grouped(texts: &[String]) -> Vec<(&String, usize)> {
    let groups = texts.chunk_by(|one, next| one == next);
    groups.filter_map(|group| group.first().map(|text| (text, group.len()))).collect()
}

fn named(name: &str, mut counts: Counts) -> Counts {
    let texts = counts.skipped.iter_mut().chain(&mut counts.failed);
    texts.for_each(|text| *text = format!("{name}: {text}"));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::cell::RefCell;
    use std::rc::Rc;

    fn run_all(steps: Vec<Step>) -> bool {
        run_with(steps, MissingTool::Skips)
    }

    fn run_with(steps: Vec<Step>, missing: MissingTool) -> bool {
        run(&Project::find().unwrap(), steps, &Display::silent(), Ending::Steps, missing)
    }

    fn row(name: &str, verdict: Verdict) -> Row {
        Row {
            name: name.to_string(),
            tests: name.ends_with("tests"),
            verdict,
            time: Duration::from_millis(1_500),
        }
    }

    #[test]
    fn a_step_after_a_failed_one_is_not_run() {
        let ran = Rc::new(RefCell::new(Vec::new()));
        let note = |name: &'static str| {
            let ran = Rc::clone(&ran);
            move || ran.borrow_mut().push(name)
        };
        let (first, second, third) = (note("first"), note("second"), note("third"));
        let good = run_all(vec![
            Step::check("unit: first", move |_, _| {
                first();
                bail!("broken")
            }),
            Step::check("unit: second", move |_, _| {
                second();
                Ok(())
            })
            .after(["unit: first"]),
            Step::check("unit: third", move |_, _| {
                third();
                Ok(())
            }),
        ]);
        assert!(!good);
        assert_eq!(*ran.borrow(), ["first", "third"]);
    }

    #[test]
    fn a_run_in_which_nothing_ran_is_no_success() {
        assert!(!run_all(vec![Step::new("unit: absent", |_, _| Ok(Outcome::NotRun("no toolchain".into())))]));
        assert!(!run_all(vec![Step::new("unit: empty", |_, _| Ok(Outcome::Tested(Counts::default())))]));
        assert!(run_all(vec![Step::new("unit: ready", |_, _| Ok(Outcome::Ready(String::new())))]));
    }

    #[test]
    fn a_missing_tool_is_a_failure_where_all_are_meant_to_be_there() {
        let steps = || {
            let lacking = Step::check("unit: lacking", |_, _| Ok(())).needs([Tool::Absent]);
            vec![Step::check("unit: whole", |_, _| Ok(())), lacking]
        };
        assert!(run_with(steps(), MissingTool::Skips));
        assert!(!run_with(steps(), MissingTool::Fails));
        // What a machine may not be able to have at all is still only not run.
        let impossible = Step::new("unit: impossible", |_, _| Ok(Outcome::NotRun("no namespaces".into())));
        assert!(run_with(vec![Step::check("unit: whole", |_, _| Ok(())), impossible], MissingTool::Fails));
    }

    #[test]
    fn the_summary_counts_skips_with_their_reasons() {
        let tested =
            Counts { passed: 7, failed: vec!["test_y: lost".into()], skipped: vec!["test_x: no ipc".into()] };
        let rows = [
            row("python: wheel", Verdict::Ready("1.2 MB".into())),
            row("python: tests", Verdict::Tested(tested)),
            row("swift: toolchain", Verdict::NotRun("no Swift".into())),
            row("swift: tests", Verdict::NotRun("no Swift".into())),
            row("java: tests", Verdict::Failed("`mvn` failed\nat line 3".into())),
        ];
        let (table, total) = summary(&rows, Ending::Tests);
        assert_eq!(total.line(), "7 passed, 2 failed, 2 skipped");
        assert!(
            table.contains("  swift: tests: no Swift\n")
                && table.contains("  python: tests: test_x: no ipc\n")
        );
        let failed = "failed:\n  python: tests: test_y: lost\n  java: tests: `mvn` failed\n";
        assert!(table.ends_with(failed) && !table.contains("at line 3"));
        let (brief, _) = summary(&rows, Ending::Brief);
        assert!(
            !brief.contains("python: wheel") && brief.contains("java: tests") && brief.contains("no Swift")
        );
    }

    #[test]
    fn steps_are_counted_where_nothing_tests() {
        let (_, total) = summary(&[row("setup: node", Verdict::Ready(String::new()))], Ending::Steps);
        assert_eq!(total.line(), "1 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn equal_reasons_are_told_once() {
        let tested = Counts { passed: 1, failed: vec![], skipped: vec!["no Swift".into(); 132] };
        let (table, total) = summary(&[row("conformance", Verdict::Tested(tested))], Ending::Tests);
        assert!(table.contains("  conformance: no Swift (132 times)\n"));
        assert_eq!(total.line(), "1 passed, 0 failed, 132 skipped");
    }

    #[test]
    fn repeated_steps_run_once() {
        let step = || Step::check("same", |_, _| Ok(()));
        assert_eq!(without_repeats(vec![step(), step()]).len(), 1);
    }
}
