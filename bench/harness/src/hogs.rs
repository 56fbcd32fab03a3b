//! Busy loops, one for each CPU, while somebody is measured.

use std::hint::spin_loop;
use std::process::{Child, Command, Stdio};

use bench_kit::system;

/// The hidden command of this program that computes for ever.
pub const COMMAND: &str = "hog";

/// They end with this value.
#[derive(Debug)]
pub struct Hogs(Vec<Child>);

impl Hogs {
    pub fn start(nice: u8) -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let Ok(program) = std::env::current_exe() else { return Self(Vec::new()) };
        let hog = |cpu: usize| {
            let mut command = Command::new("nice");
            command.args(["-n", &nice.to_string()]).arg(&program).args([COMMAND, &cpu.to_string()]);
            // The pipe closes when the harness ends, however it ends; then the hog ends too.
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        };
        Self((0..cpus).filter_map(hog).collect())
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Computes on this CPU until whoever started it is gone.
pub fn compute(cpu: usize) {
    if let Err(error) = system::stay_on(cpu) {
        eprintln!("{error:#}");
        return;
    }
    std::thread::spawn(|| {
        // Ends at the end of the file.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    loop {
        spin_loop();
    }
}
