//! `unsafe` lives in the queue, in one module of the net crate and in the bindings; each place says why it is sound.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::rust_code::{code_only, has_word};
use crate::project::Project;

const PLACES: &[&str] = &[
    "core/queue",
    "core/net/src/sys",
    "core/net/src/sys.rs",
    // Who counts allocations is a global allocator; what a tracer hears is a union.
    "core/ohmq/tests/counts/allocator.rs",
    "core/ohmq/tests/counts/ptrace.rs",
    // Calls a C library that is loaded when it starts.
    "bench/contestants/libzmq",
    "bindings-c",
    "bindings-python",
    "bindings-node",
    "bindings-java",
    "bindings-swift",
];

pub fn check(project: &Project) -> Result<()> {
    let mut findings = Vec::new();
    for file in project.files()? {
        if file.extension().is_some_and(|extension| extension == "rs") {
            findings.extend(findings_in(&file, &fs::read_to_string(project.root.join(&file))?));
        }
    }
    super::verdict(findings)
}

fn findings_in(file: &Path, source: &str) -> Vec<String> {
    let code = code_only(source);
    let allowed = PLACES.iter().any(|place| file.starts_with(place));
    let mut findings = Vec::new();
    for (index, line) in code.lines().enumerate().filter(|(_, line)| has_word(line, "unsafe")) {
        let place = format!("{}:{}", file.display(), index + 1);
        if !allowed {
            findings.push(format!("{place}: `unsafe` has no place in this crate"));
        } else if needs_reason(line) && !has_reason(source, index) {
            findings.push(format!("{place}: `unsafe` without a `// SAFETY:` line above it"));
        }
    }
    findings
}

/// Declarations tell their contract in a `# Safety` section, which clippy demands; uses and promises give a reason here.
fn needs_reason(line: &str) -> bool {
    let after = line.split("unsafe").nth(1).unwrap_or_default().trim_start();
    after.is_empty() || after.starts_with('{') || after.starts_with("impl")
}

/// Looks in the same line, then upwards through the statement, its attributes and the comment above it.
fn has_reason(source: &str, index: usize) -> bool {
    let lines: Vec<&str> = source.lines().take(index + 1).collect();
    let mut above = lines.iter().rev();
    let own = above.next().is_some_and(|line| line.contains("SAFETY:"));
    let mut budget = 3;
    own || above
        .take_while(|line| {
            let text = line.trim();
            // A comment may be as long as it likes; code between it and the block may not.
            budget -= i32::from(!text.starts_with("//"));
            budget > 0 && !text.is_empty()
        })
        .any(|line| line.contains("SAFETY:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_in_a_safe_crate_is_found() {
        let found =
            findings_in(Path::new("core/proto/src/wire.rs"), "// SAFETY: no\nlet x = unsafe { f() };\n");
        assert_eq!(found, ["core/proto/src/wire.rs:2: `unsafe` has no place in this crate"]);
        assert!(
            findings_in(Path::new("core/proto/src/lib.rs"), "#![forbid(unsafe_code)] // unsafe\n").is_empty()
        );
    }

    #[test]
    fn unsafe_without_a_reason_is_found() {
        let queue = Path::new("core/queue/src/ring.rs");
        assert_eq!(findings_in(queue, "fn f() {\n    unsafe { g() }\n}\n").len(), 1);
        assert_eq!(findings_in(queue, "// SAFETY: old\n\nunsafe impl Send for X {}\n").len(), 1);
        assert!(
            findings_in(queue, "// SAFETY: only one thread\n// has it.\nunsafe impl Send for X {}\n")
                .is_empty()
        );
        assert!(
            findings_in(queue, "    // SAFETY: checked\n    let x =\n        unsafe { g() };\n").is_empty()
        );
    }
}
