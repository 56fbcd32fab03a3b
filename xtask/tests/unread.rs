//! A run whose output nobody reads any more goes on, and its status tells how it ended.

use std::fs;
use std::io::pipe;
use std::process::Command;

#[test]
fn a_reader_that_went_away_changes_nothing() {
    // A project of its own: the lock of this one may be held by the run that runs this test.
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "//! Nothing to say.\n").unwrap();
    for (words, status) in [(&["gen", "--check"], 1), (&["--verbose", "gen"], 1)] {
        let (_, output) = pipe().unwrap();
        let (_, errors) = pipe().unwrap();
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.env("CARGO_MANIFEST_DIR", folder.path().join("xtask")).env_remove("CARGO_TARGET_DIR");
        let end = xtask.args(words).stdout(output).stderr(errors).status().unwrap();
        assert_eq!(end.code(), Some(status), "{words:?}");
    }
}
