//! What is known of a failed check, in a file of its own: later runs overwrite reports, but not these.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The most that is kept of one actor's standard error: its end.
const TAIL: usize = 64 * 1024;

/// Writes `target/polyglot/failures/<milliseconds since 1970>-<process>-<number>-<check>.txt`: the message, `evidence`,
/// and what the actors with their diagnostics in `folder` wrote to standard error. Says where it is.
///
/// A failure that cannot be kept is still a failure and is reported as one, so this has no error.
#[must_use]
pub(crate) fn keep(root: &Path, check: &str, message: &str, evidence: &str, folder: &Path) -> String {
    match write(&root.join("target/polyglot/failures"), check, message, evidence, folder) {
        Ok(path) => format!("{check} failed: see {}", path.display()),
        Err(error) => format!("{check} failed, and what is known of it cannot be written: {error}"),
    }
}

fn write(failures: &Path, check: &str, message: &str, evidence: &str, folder: &Path) -> io::Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
    let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut text = format!("{check}\n{message}\n\n");
    // A failure for want of time looks like one for want of an answer; the load tells them apart.
    if let Ok(load) = fs::read_to_string("/proc/loadavg") {
        let _ = writeln!(text, "load: {}\n", load.trim());
    }
    text.push_str(evidence);
    for (name, said) in diagnostics(folder) {
        let _ = writeln!(text, "---- {name}\n{said}");
    }
    fs::create_dir_all(failures)?;
    let path = failures.join(format!("{now}-{process}-{number}-{}.txt", slug(check)));
    fs::write(&path, text)?;
    Ok(path)
}

/// The ends of the standard error files, by name. An actor that said nothing is left out.
fn diagnostics(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "stderr") {
            continue;
        }
        let Ok(said) = fs::read(&path) else { continue };
        let tail = &said[said.len().saturating_sub(TAIL)..];
        if !tail.is_empty() {
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push((name, String::from_utf8_lossy(tail).into_owned()));
        }
    }
    found.sort();
    found
}

/// A check's name as a part of a file name.
fn slug(check: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    check.chars().map(plain).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_failure_of_the_same_check_leaves_the_earlier_one() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("java.stderr"), "Exception in thread main\n").unwrap();
        fs::write(place.path().join("node.stderr"), "").unwrap();
        let failures = place.path().join("failures");
        let check = "reqrep/return tcp java→swift";
        let keep = |message| write(&failures, check, message, "→ asked\n", place.path()).unwrap();
        let (first, second) = (keep("no answer"), keep("no answer again"));
        assert_ne!(first, second);
        let text = fs::read_to_string(&first).unwrap();
        assert!(text.starts_with("reqrep/return tcp java→swift\nno answer\n"), "{text}");
        assert!(
            text.contains("→ asked") && text.contains("---- java.stderr\nException in thread main"),
            "{text}"
        );
        assert!(!text.contains("node.stderr"), "{text}");
        assert!(fs::read_to_string(second).unwrap().contains("no answer again"));
    }
}
