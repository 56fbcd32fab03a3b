//! errors.json: bad endpoints, options and states give the same typed error, naming what was wrong, in every language.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::actor::{Actor, Refusal};
use crate::failures;
use crate::report;
use crate::roster::{NAMES, Roster};

/// One row of errors.json.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// How the reference differs: another code, or `skip`.
    libzmq: Option<String>,
    /// The reason for a skip.
    why: Option<String>,
    steps: Vec<Value>,
}

/// Runs all cases in all languages and prints what disagrees; passed, failed, skipped.
pub(crate) fn run(roster: &Roster, only: &[String]) -> Result<(usize, usize, usize)> {
    let path = roster.root.join("tests-polyglot/errors.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let mut cases: Vec<Case> = serde_json::from_str(&text).context("errors.json")?;
    cases.retain(|case| only.iter().all(|word| case.name.contains(word.as_str())));
    let folder = tempfile::Builder::new().prefix("ohmq-").tempdir().context("make a temporary folder")?;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for name in NAMES {
        let Some(recipe) = roster.recipe(name) else {
            println!("{}", report::skips(&roster.absence(name), cases.len()));
            skipped += cases.len();
            continue;
        };
        let mut actor = match Actor::start(recipe, folder.path()) {
            Ok(actor) => Some(actor),
            Err(error) => {
                println!("✗ {name} cannot start, {} cases fail: {error:#}", cases.len());
                failed += cases.len();
                continue;
            }
        };
        let mut failures = Vec::new();
        let (passed_before, skipped_before) = (passed, skipped);
        for (number, case) in cases.iter().enumerate() {
            if name == "libzmq" && case.libzmq.as_deref() == Some("skip") {
                let why = case.why.as_deref().unwrap_or("no reason given");
                println!("{}", report::skips(&format!("libzmq differs in {}: {why}", case.name), 1));
                skipped += 1;
                continue;
            }
            let played = take(&mut actor, || Actor::start(recipe, folder.path()))
                .and_then(|actor| play(actor, case, number, folder.path()));
            match played {
                Ok(()) => passed += 1,
                Err(error) => {
                    let message = format!("{error:#}");
                    let check = format!("{} {name}", case.name);
                    let kept = failures::keep(&roster.root, &check, &message, "", folder.path());
                    failures.push(format!("✗ {check}: {message}\n    {kept}"));
                    actor = None;
                }
            }
        }
        // One that ends badly takes a case with it: which one did the harm is not known.
        if let Some(Err(error)) = actor.map(Actor::end) {
            passed -= usize::from(passed > passed_before);
            failures.push(format!("✗ afterwards {name}: {error:#}"));
        }
        failed += failures.len();
        let (good, not_run) = (passed - passed_before, skipped - skipped_before);
        println!("{name:<7} {good} of {} cases give the expected error, {not_run} do not apply", cases.len());
        failures.iter().for_each(|line| println!("{line}"));
    }
    Ok((passed, failed, skipped))
}

fn take(slot: &mut Option<Actor>, start: impl FnOnce() -> Result<Actor>) -> Result<&mut Actor> {
    let actor = match slot.take() {
        Some(actor) => actor,
        None => start()?,
    };
    Ok(slot.insert(actor))
}

fn play(actor: &mut Actor, case: &Case, number: usize, folder: &Path) -> Result<()> {
    let context = format!("errors{number}");
    let mut names =
        HashMap::from([("ipc".to_owned(), format!("{}/{}-{number}", folder.display(), actor.name()))]);
    let mut sockets = Vec::new();
    actor.ask(json!({"op": "context", "context": context}))?;
    for (index, step) in case.steps.iter().enumerate() {
        let place = || format!("step {}", index + 1);
        let mut request = fill(step, &names);
        for field in ["error", "mentions", "save"] {
            request.as_object_mut().with_context(place)?.remove(field);
        }
        let on_context =
            matches!(request["op"].as_str(), Some("socket" | "context_set" | "context_get" | "shutdown"));
        if on_context && request.get("context").is_none() {
            request["context"] = json!(context);
        }
        let op = request["op"].clone();
        let socket = request["socket"].clone();
        let answer = actor.try_ask(request)?;
        if op == "socket" && answer.is_ok() {
            sockets.push(socket);
        }
        let wanted = match (actor.name(), &case.libzmq, step["error"].as_str()) {
            ("libzmq", Some(code), Some(_)) => Some(code.as_str()),
            (_, _, code) => code,
        };
        match (answer, wanted) {
            (Ok(value), None) => {
                if let (Some(name), Some(value)) = (step["save"].as_str(), value.as_str()) {
                    names.insert(name.to_owned(), value.to_owned());
                }
            }
            (Ok(value), Some(code)) => bail!("{}: {op} gave {value} instead of {code}", place()),
            (Err(refusal), None) => bail!("{}: {op} failed: {refusal}", place()),
            (Err(refusal), Some(code)) => {
                let mentions = fill(&step["mentions"], &names);
                let mentions = mentions.as_str().filter(|_| actor.name() != "libzmq");
                check(&refusal, code, mentions).with_context(place)?;
            }
        }
    }
    for socket in sockets {
        // Some cases close it themselves; closing again must be harmless or ENOTSOCK.
        match actor.try_ask(json!({"op": "close", "socket": socket, "linger_ms": 0}))? {
            Ok(_) => {}
            Err(refusal) if refusal.code == "ENOTSOCK" || refusal.code == "ETERM" => {}
            Err(refusal) => bail!("close: {refusal}"),
        }
    }
    actor.ask(json!({"op": "term", "context": context})).map(drop)
}

fn check(refusal: &Refusal, code: &str, mentions: Option<&str>) -> Result<()> {
    if refusal.code != code {
        bail!("{} instead of {code}: {}", refusal.code, refusal.message);
    }
    match mentions {
        Some(words) if !refusal.message.to_lowercase().contains(&words.to_lowercase()) => {
            bail!("{code}, but its message does not name \"{words}\": {}", refusal.message)
        }
        _ => Ok(()),
    }
}

/// Puts `${name}` into the strings of a step.
fn fill(value: &Value, names: &HashMap<String, String>) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            for (name, filling) in names {
                text = text.replace(&format!("${{{name}}}"), filling);
            }
            json!(text)
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), fill(field, names))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_well_formed_and_long_enough() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../errors.json")).unwrap();
        assert!(cases.len() >= 40);
        for case in &cases {
            let errors = case.steps.iter().filter(|step| step["error"].is_string()).count();
            assert_eq!(errors, 1, "{}: exactly one failing step", case.name);
            assert_eq!(
                case.libzmq.as_deref() == Some("skip"),
                case.why.is_some(),
                "{}: skip and why",
                case.name
            );
        }
        let mut names: Vec<_> = cases.iter().map(|case| &case.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), cases.len(), "names are unique");
    }

    #[test]
    fn the_code_and_the_named_thing_must_both_be_right() {
        let refusal =
            Refusal { code: "EINVAL".to_owned(), message: "Invalid argument (bind TCP://x)".to_owned() };
        check(&refusal, "EINVAL", Some("tcp://x")).unwrap();
        assert!(check(&refusal, "ENODEV", None).is_err());
        assert!(check(&refusal, "EINVAL", Some("ipc")).is_err());
    }
}
