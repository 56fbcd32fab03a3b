//! The packages as a user has them: installed into empty projects, whose programs talk to those of the other languages.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::counts::Counts;
use crate::lang::{java, node, python, swift};
use crate::project::Project;
use crate::shell::Shell;
use crate::step::{Outcome, Step};

/// A language whose package is installed into an empty project.
struct Consumer {
    name: &'static str,
    /// The step that installs the package and prepares the program.
    step: &'static str,
    /// The words that start the program.
    program: fn(&Project) -> Result<Vec<String>>,
}

const CONSUMERS: &[Consumer] = &[
    Consumer { name: "python", step: python::INSTALL, program: python::program },
    Consumer { name: "node", step: node::INSTALL, program: node::program },
    Consumer { name: "java", step: java::CONSUMER, program: java::program },
    Consumer { name: "swift", step: swift::CONSUMER, program: swift::program },
];

/// No exchange takes longer; a program that does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn tests() -> Vec<Step> {
    let installs = [python::install(), node::install(), java::consumer(), swift::consumer()];
    let mut steps: Vec<Step> = installs.into_iter().flatten().collect();
    steps.push(Step::test("packages: talk to each other", exchange));
    steps
}

/// Each program serves all the others, one after the other.
fn exchange(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    shell.limit(PATIENCE);
    let mut counts = Counts::default();
    for server in CONSUMERS {
        let others: Vec<&Consumer> = CONSUMERS.iter().filter(|other| other.name != server.name).collect();
        let mut callers = Vec::new();
        for client in others {
            match shell.obstacle(server.step).or_else(|| shell.obstacle(client.step)) {
                Some(reason) => {
                    counts.skipped.push(format!("{} calls {}: {reason}", client.name, server.name))
                }
                None => callers.push(client),
            }
        }
        if !callers.is_empty() {
            counts.passed += serve(project, shell, server, &callers)?;
        }
    }
    Ok(Outcome::Tested(counts))
}

fn serve(project: &Project, shell: &Shell<'_>, server: &Consumer, clients: &[&Consumer]) -> Result<usize> {
    let mut running = Server::start(project, server, clients.len())?;
    let endpoint = running.endpoint()?;
    for client in clients {
        let mut call = command(&(client.program)(project)?)?;
        let reply = shell.run(call.arg("call").arg(&endpoint))?;
        let expected = format!("{} heard: hello from {}", server.name, client.name);
        ensure!(
            reply.trim() == expected,
            "{} got {reply:?} from {}, not {expected:?}",
            client.name,
            server.name
        );
    }
    running.finish()?;
    Ok(clients.len())
}

/// A program that answers in the background; it is ended when this is dropped.
struct Server {
    name: &'static str,
    child: Child,
    output: PathBuf,
}

impl Server {
    fn start(project: &Project, consumer: &Consumer, count: usize) -> Result<Self> {
        let output = project.work().join("logs").join(format!("packages-server-{}.log", consumer.name));
        let file = File::create(&output)?;
        let mut serve = command(&(consumer.program)(project)?)?;
        serve.arg("serve").arg(count.to_string());
        serve.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = serve.spawn().with_context(|| format!("cannot start the {} program", consumer.name))?;
        Ok(Self { name: consumer.name, child, output })
    }

    /// The program's first line.
    fn endpoint(&mut self) -> Result<String> {
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(&self.output)?;
            if let Some(line) = text.lines().find(|line| line.starts_with("tcp://"))
                && text.ends_with('\n')
            {
                return Ok(line.to_string());
            }
            self.give_up_after(begun, "named no endpoint")?;
        }
    }

    /// The program ends by itself after its last answer.
    fn finish(mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the {} server ended with {status}:\n{}", self.name, self.printed()),
                None => self.give_up_after(begun, "did not end after its last answer")?,
            }
        }
    }

    fn give_up_after(&mut self, begun: Instant, what: &str) -> Result<()> {
        let ended = self.child.try_wait()?.is_some_and(|status| !status.success());
        if ended || begun.elapsed() > PATIENCE {
            bail!("the {} server {what}:\n{}", self.name, self.printed());
        }
        thread::sleep(Duration::from_millis(20));
        Ok(())
    }

    fn printed(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(words: &[String]) -> Result<Command> {
    let (program, arguments) = words.split_first().context("an empty command")?;
    let mut command = Command::new(Path::new(program));
    command.args(arguments);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(script: &str) -> (tempfile::TempDir, Server) {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("log");
        let file = File::create(&output).unwrap();
        let child = Command::new("sh").args(["-c", script]).stdout(file).spawn().unwrap();
        (folder, Server { name: "unit", child, output })
    }

    #[test]
    fn a_server_tells_its_endpoint_and_ends() {
        let (_folder, mut server) = server("echo tcp://127.0.0.1:4711");
        assert_eq!(server.endpoint().unwrap(), "tcp://127.0.0.1:4711");
        server.finish().unwrap();
    }

    #[test]
    fn a_server_that_fails_is_an_error() {
        let (_folder, mut server) = server("echo no library; exit 1");
        assert!(server.endpoint().unwrap_err().to_string().contains("no library"));
        assert!(server.finish().is_err());
    }
}
