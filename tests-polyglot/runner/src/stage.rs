//! What a scenario works with: two actors, sockets, endpoints, messages with deadlines, and the books at the end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::actor::{Actor, Answer, CONTEXT};
use crate::audit::{self, Expected};
use crate::part::{self, Part};
use crate::ports::ReservedPort;
use crate::roster::Recipe;

/// The first actor of a pair: the row of the matrix.
pub(crate) const LEFT: usize = 0;
/// The second actor of a pair: the column of the matrix.
pub(crate) const RIGHT: usize = 1;

/// How long one expected thing may take; failing early is no use, hanging is worse.
pub(crate) const WAIT: Duration = Duration::from_secs(10);

/// One wait inside a loop that is itself bounded by [`WAIT`].
const TURN_MS: u64 = 20;

/// The transports of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Loopback TCP.
    Tcp,
    /// Unix domain sockets.
    Ipc,
}

impl Transport {
    /// Both, in the order of every table.
    pub(crate) const ALL: [Self; 2] = [Self::Tcp, Self::Ipc];

    /// The scheme.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Ipc => "ipc",
        }
    }
}

/// A place for an actor, started when needed and started again after a failure or a kill.
#[derive(Debug)]
pub(crate) struct Seat {
    recipe: Recipe,
    folder: PathBuf,
    actor: Option<Actor>,
    /// What was said with the process that was killed last.
    former: Vec<String>,
}

impl Seat {
    /// An empty seat; diagnostics of its processes go to `folder`.
    pub(crate) fn new(recipe: &Recipe, folder: &Path) -> Self {
        Self { recipe: recipe.clone(), folder: folder.to_owned(), actor: None, former: Vec::new() }
    }

    /// The actor, started if there is none.
    pub(crate) fn actor(&mut self) -> Result<&mut Actor> {
        let actor = match self.actor.take() {
            Some(actor) => actor,
            None => Actor::start(&self.recipe, &self.folder)?,
        };
        Ok(self.actor.insert(actor))
    }

    /// Kills the process, if there is one.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let Some(mut actor) = self.actor.take() else { return Ok(()) };
        self.former = actor.transcript().map(str::to_owned).collect();
        actor.kill()
    }

    /// Tells the process, if there is one, that nothing more comes.
    pub(crate) fn hang_up(&mut self) {
        self.actor.iter_mut().for_each(Actor::hang_up);
    }

    /// Ends the process, if there is one, in order.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.actor.take().map_or(Ok(()), Actor::end)
    }

    /// What was said here lately.
    fn transcript(&self) -> String {
        let now = self.actor.iter().flat_map(Actor::transcript);
        let lines: Vec<&str> = self.former.iter().map(String::as_str).chain(now).collect();
        format!("---- {}: requests and answers\n{}\n", self.recipe.name, lines.join("\n"))
    }
}

/// A socket of the running scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sock(usize);

#[derive(Debug)]
struct Opened {
    seat: usize,
    name: String,
    expected: Expected,
    open: bool,
    serving: bool,
    /// Where it is bound, if nobody but this run can get that port.
    held: Option<String>,
}

/// One scenario with one pair over one transport.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    seats: [&'a mut Seat; 2],
    transport: Transport,
    folder: &'a Path,
    serial: &'a mut u64,
    sockets: Vec<Opened>,
    reserved: Vec<ReservedPort>,
}

impl<'a> Stage<'a> {
    /// A stage for one scenario; `serial` makes names unique over the whole run.
    pub(crate) fn new(
        seats: [&'a mut Seat; 2],
        transport: Transport,
        folder: &'a Path,
        serial: &'a mut u64,
    ) -> Self {
        Self { seats, transport, folder, serial, sockets: Vec::new(), reserved: Vec::new() }
    }

    /// Makes a socket; it reconnects fast and closes without lingering.
    pub(crate) fn socket(&mut self, seat: usize, kind: &str) -> Result<Sock> {
        self.socket_with(seat, kind, json!({}))
    }

    /// Makes a socket with further options.
    pub(crate) fn socket_with(&mut self, seat: usize, kind: &str, extra: Value) -> Result<Sock> {
        let mut options = json!({"linger": 0, "reconnect_ivl": 10});
        if let (Some(all), Value::Object(extra)) = (options.as_object_mut(), extra) {
            all.extend(extra);
        }
        let name = format!("{}{}", kind.to_lowercase(), self.next());
        let request =
            json!({"op": "socket", "socket": name, "context": CONTEXT, "type": kind, "options": options});
        let actor = self.seats[seat].actor()?;
        actor.ask(request)?;
        for option in ["linger", "reconnect_ivl"] {
            let got = actor.ask(json!({"op": "get", "socket": name, "option": option}))?;
            if got != options[option] {
                bail!("{} {name}: {option} is {got} and not {}", actor.name(), options[option]);
            }
        }
        let expected = Expected::new(kind);
        self.sockets.push(Opened { seat, name, expected, open: true, serving: false, held: None });
        Ok(Sock(self.sockets.len() - 1))
    }

    /// Binds to a fresh endpoint and returns its resolved form.
    pub(crate) fn bind(&mut self, sock: Sock) -> Result<String> {
        let endpoint = match self.transport {
            Transport::Tcp => "tcp://127.0.0.1:*".to_owned(),
            Transport::Ipc => self.fresh_path(),
        };
        self.bind_to(sock, &endpoint)
    }

    /// Binds to this endpoint and returns its resolved form.
    pub(crate) fn bind_to(&mut self, sock: Sock, endpoint: &str) -> Result<String> {
        let resolved = self.ask(sock, json!({"op": "bind", "endpoint": endpoint}))?;
        let holds = |port: &ReservedPort| endpoint.ends_with(&format!(":{}", port.number()));
        self.sockets[sock.0].held = self.reserved.iter().any(holds).then(|| endpoint.to_owned());
        resolved.as_str().map(str::to_owned).with_context(|| format!("bind answered {resolved}"))
    }

    /// Connects.
    pub(crate) fn connect(&mut self, sock: Sock, endpoint: &str) -> Result<()> {
        self.ask(sock, json!({"op": "connect", "endpoint": endpoint})).map(drop)
    }

    /// An endpoint that nothing is bound to yet and nobody else gets: a port held back from the system, or a fresh path.
    pub(crate) fn reserve(&mut self) -> Result<String> {
        match self.transport {
            Transport::Tcp => {
                let port = ReservedPort::new()?;
                let endpoint = format!("tcp://127.0.0.1:{}", port.number());
                self.reserved.push(port);
                Ok(endpoint)
            }
            Transport::Ipc => Ok(self.fresh_path()),
        }
    }

    /// Sends, and expects to succeed in time.
    pub(crate) fn send(&mut self, sock: Sock, message: &[Part]) -> Result<()> {
        match self.try_send(sock, message, WAIT)? {
            Ok(_) => Ok(()),
            Err(refusal) => bail!("{}: send: {refusal}", self.who(sock)),
        }
    }

    /// Sends, and hands on the SDK's answer.
    pub(crate) fn try_send(&mut self, sock: Sock, message: &[Part], wait: Duration) -> Result<Answer> {
        let request = json!({"op": "send", "parts": part::requests(message), "timeout_ms": millis(wait)});
        let answer = self.try_ask(sock, request)?;
        self.sockets[sock.0].expected.sent += u64::from(answer.is_ok());
        Ok(answer)
    }

    /// Receives one message, in the answers' form.
    pub(crate) fn recv(&mut self, sock: Sock) -> Result<Value> {
        self.recv_within(sock, WAIT)?
            .with_context(|| format!("{}: no message within {WAIT:?}", self.who(sock)))
    }

    /// Receives one message if it comes in time.
    pub(crate) fn recv_within(&mut self, sock: Sock, wait: Duration) -> Result<Option<Value>> {
        match self.try_ask(sock, json!({"op": "recv", "timeout_ms": millis(wait)}))? {
            Ok(mut value) => {
                self.sockets[sock.0].expected.received += 1;
                Ok(Some(value["parts"].take()))
            }
            Err(refusal) if refusal.code == "EAGAIN" => Ok(None),
            Err(refusal) => bail!("{}: recv: {refusal}", self.who(sock)),
        }
    }

    /// Receives one message, which must be this one.
    pub(crate) fn expect(&mut self, sock: Sock, message: &[Part]) -> Result<()> {
        let wanted = part::answers(message);
        let got = self.recv(sock)?;
        if got != wanted {
            bail!("{}: received {got} instead of {wanted}", self.who(sock));
        }
        Ok(())
    }

    /// Sends from one socket to another.
    pub(crate) fn pass(&mut self, from: Sock, to: Sock, message: &[Part]) -> Result<()> {
        self.send(from, message)?;
        self.expect(to, message)
    }

    /// Sends this message again and again until the other socket received it once: connections and subscriptions
    /// between the two are then in place. Copies still under way are taken off by a closing message of the same topic.
    pub(crate) fn join(&mut self, from: Sock, to: Sock, topic: &[u8]) -> Result<()> {
        let (probe, last) = (part::parts([topic, b"probe"]), part::parts([topic, b"last"]));
        let (probe_answer, last_answer) = (part::answers(&probe), part::answers(&last));
        self.until("the first probe", WAIT, |stage| {
            // A mute or absent peer is what the probes are for: EAGAIN only means another turn.
            let sent = stage.try_send(from, &probe, Duration::from_millis(TURN_MS))?;
            if let Err(refusal) = &sent {
                if refusal.code != "EAGAIN" {
                    bail!("{}: send: {refusal}", stage.who(from));
                }
                return Ok(None);
            }
            Ok(stage.recv_within(to, Duration::from_millis(TURN_MS))?.filter(|got| *got == probe_answer))
        })?;
        self.send(from, &last)?;
        self.until("the closing probe", WAIT, |stage| {
            let got = stage.recv(to)?;
            if got != probe_answer && got != last_answer {
                bail!("{}: received {got} among the probes", stage.who(to));
            }
            Ok((got == last_answer).then_some(()))
        })
    }

    /// Repeats a step, each of which waits a little, until it yields something; fails after `wait`.
    pub(crate) fn until<T>(
        &mut self,
        what: &str,
        wait: Duration,
        mut step: impl FnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let deadline = Instant::now() + wait;
        while Instant::now() < deadline {
            if let Some(value) = step(self)? {
                return Ok(value);
            }
        }
        bail!("{what} did not come within {wait:?}")
    }

    /// Asks something of a socket, and expects a value.
    pub(crate) fn ask(&mut self, sock: Sock, request: Value) -> Result<Value> {
        let (seat, request) = self.addressed(sock, request);
        self.seats[seat].actor()?.ask(request)
    }

    /// Asks something of a socket.
    pub(crate) fn try_ask(&mut self, sock: Sock, request: Value) -> Result<Answer> {
        let (seat, request) = self.addressed(sock, request);
        self.seats[seat].actor()?.try_ask(request)
    }

    /// Waits for a service to do its count, ends it, and enters its messages into the books.
    pub(crate) fn finish_service(&mut self, sock: Sock, sends: bool) -> Result<Value> {
        self.ask(sock, json!({"op": "report", "timeout_ms": millis(WAIT)}))?;
        let report = self.ask(sock, json!({"op": "stop"}))?;
        if report.get("error").is_some() || report["done"] != json!(true) {
            bail!("{}: the service did not finish: {report}", self.who(sock));
        }
        let count = report["count"].as_u64().unwrap_or(0);
        let expected = &mut self.sockets[sock.0].expected;
        *(if sends { &mut expected.sent } else { &mut expected.received }) += count;
        Ok(report)
    }

    /// The books can no longer be told exactly: an echo service worked on this socket, or a peer died.
    pub(crate) fn uncounted(&mut self, sock: Sock) {
        self.sockets[sock.0].expected.exact = false;
    }

    /// SIGKILL to an actor; its sockets are gone, the next use of its seat starts a new process.
    pub(crate) fn kill(&mut self, seat: usize) -> Result<()> {
        self.seats[seat].kill()?;
        for socket in &mut self.sockets {
            socket.open &= socket.seat != seat;
        }
        Ok(())
    }

    /// Balances the books of every open socket, and of both sides against each other, then closes all.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.end_services()?;
        let mut books = self.books()?;
        for (who, expected, stats) in &books {
            audit::check(stats, expected).with_context(|| format!("books of {who}"))?;
        }
        if self.closed_circle() {
            let deadline = Instant::now() + WAIT;
            // What the kernel holds between two sockets is in nobody's books until the receiver has parsed it.
            while let Err(error) = audit::circle(books.iter().map(|(_, _, stats)| stats)) {
                if Instant::now() > deadline {
                    return Err(error);
                }
                books = self.books()?;
            }
        }
        let open: Vec<Opened> = self.sockets.drain(..).filter(|socket| socket.open).collect();
        for socket in &open {
            self.close(socket)?;
        }
        for socket in &open {
            if let Some(endpoint) = &socket.held {
                self.bind_again(socket.seat, endpoint, WAIT)?;
            }
        }
        Ok(())
    }

    fn close(&mut self, socket: &Opened) -> Result<()> {
        let request = json!({"op": "close", "socket": socket.name, "linger_ms": 0});
        self.seats[socket.seat].actor()?.ask(request).map(drop)
    }

    /// A socket that was closed gives its port back. Only a port that this run holds tells: another could have a new
    /// owner by now. The path of an ipc endpoint does not tell, as it may be taken over.
    fn bind_again(&mut self, seat: usize, endpoint: &str, wait: Duration) -> Result<()> {
        let sock = self.socket(seat, "PAIR")?;
        self.until(&format!("the release of {endpoint} by a closed socket"), wait, |stage| {
            match stage.try_ask(sock, json!({"op": "bind", "endpoint": endpoint}))? {
                Ok(_) => Ok(Some(())),
                // libzmq closes in the background.
                Err(refusal) if refusal.code == "EADDRINUSE" => Ok(None),
                Err(refusal) => bail!("{}: bind again: {refusal}", stage.who(sock)),
            }
        })?;
        match self.sockets.pop() {
            Some(socket) => self.close(&socket),
            None => Ok(()),
        }
    }

    /// What may explain why the scenario failed: what every socket says of itself, and what was said before.
    pub(crate) fn evidence(&mut self) -> String {
        let mut said = self.seats.each_ref().map(|seat| seat.transcript());
        for (seat, said) in said.iter_mut().enumerate() {
            for socket in self.sockets.iter().filter(|socket| socket.open && socket.seat == seat) {
                let Some(actor) = self.seats[seat].actor.as_mut() else { break };
                let mut questions = vec![json!({"op": "stats", "socket": socket.name})];
                if socket.serving {
                    questions.push(json!({"op": "report", "socket": socket.name, "timeout_ms": 0}));
                }
                let looks: Result<Vec<String>> =
                    questions.into_iter().map(|question| actor.look(question)).collect();
                match looks {
                    Ok(looks) => *said += &format!("afterwards {}: {}\n", socket.name, looks.join("; ")),
                    Err(error) => {
                        // One that hangs or is gone has nothing to say of its other sockets either.
                        *said += &format!("afterwards {}: {error:#}\n", socket.name);
                        break;
                    }
                }
            }
        }
        said.concat()
    }

    fn end_services(&mut self) -> Result<()> {
        for socket in self.sockets.iter().filter(|socket| socket.open && socket.serving) {
            self.seats[socket.seat].actor()?.ask(json!({"op": "stop", "socket": socket.name}))?;
        }
        Ok(())
    }

    /// The statistics of every open socket that has any.
    fn books(&mut self) -> Result<Vec<(String, Expected, Value)>> {
        let mut books = Vec::new();
        for socket in self.sockets.iter().filter(|socket| socket.open) {
            let actor = self.seats[socket.seat].actor()?;
            if actor.has("stats") {
                let stats = actor.ask(json!({"op": "stats", "socket": socket.name}))?;
                books.push((format!("{} {}", actor.name(), socket.name), socket.expected, stats));
            }
        }
        Ok(books)
    }

    /// Whether every message had to stay among sockets that are still open and keep books. XPUB's books also hold
    /// subscriptions, which are nobody's messages.
    fn closed_circle(&self) -> bool {
        self.sockets.iter().all(|socket| {
            let counted = self.seats[socket.seat].actor.as_ref().is_some_and(|actor| actor.has("stats"));
            socket.open && counted && !socket.name.starts_with('x')
        })
    }

    /// An actor and a socket, for messages.
    pub(crate) fn who(&mut self, sock: Sock) -> String {
        let socket = &self.sockets[sock.0];
        format!("{} {}", self.seats[socket.seat].recipe.name, socket.name)
    }

    fn addressed(&mut self, sock: Sock, mut request: Value) -> (usize, Value) {
        let socket = &mut self.sockets[sock.0];
        match request["op"].as_str() {
            Some("service") => socket.serving = true,
            Some("stop") => socket.serving = false,
            _ => {}
        }
        request["socket"] = json!(socket.name);
        (socket.seat, request)
    }

    fn fresh_path(&mut self) -> String {
        format!("ipc://{}/{}", self.folder.display(), self.next())
    }

    /// A number used nowhere else in this run.
    pub(crate) fn next(&mut self) -> u64 {
        *self.serial += 1;
        *self.serial
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::tests::shell_testee;

    /// Binds a socket to a port of the run's, closes it, and binds again.
    fn bind_twice(what: &str, wait: Duration) -> Result<()> {
        let place = tempfile::tempdir()?;
        let seat = || Seat::new(&shell_testee(what), place.path());
        let (mut left, mut right, mut serial) = (seat(), seat(), 0);
        let mut stage = Stage::new([&mut left, &mut right], Transport::Tcp, place.path(), &mut serial);
        let (endpoint, sock) = (stage.reserve()?, stage.socket(RIGHT, "PULL")?);
        stage.bind_to(sock, &endpoint)?;
        assert_eq!(stage.sockets[sock.0].held.as_deref(), Some(endpoint.as_str()));
        let socket = stage.sockets.remove(sock.0);
        stage.close(&socket)?;
        stage.bind_again(RIGHT, &endpoint, wait)?;
        assert!(stage.sockets.is_empty());
        Ok(())
    }

    #[test]
    fn options_that_are_not_set_are_noticed() {
        let place = tempfile::tempdir().unwrap();
        let seat = || Seat::new(&shell_testee("forgets-options"), place.path());
        let (mut left, mut right, mut serial) = (seat(), seat(), 0);
        let mut stage = Stage::new([&mut left, &mut right], Transport::Tcp, place.path(), &mut serial);
        let message = stage.socket(LEFT, "PUSH").unwrap_err().to_string();
        assert!(message.contains("linger is -1 and not 0"), "{message}");
    }

    #[test]
    fn a_close_that_does_nothing_is_noticed() {
        bind_twice("nothing", WAIT).unwrap();
        bind_twice("closes-later", WAIT).unwrap();
        let message = bind_twice("never-closes", Duration::from_millis(20)).unwrap_err().to_string();
        assert!(message.contains("the release of tcp://127.0.0.1:"), "{message}");
    }
}
