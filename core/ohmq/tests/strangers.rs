//! Peers that connect and mean no good, against peers that do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ohmq::{Context, SocketOption, SocketType};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

#[test]
fn silent_strangers_keep_nobody_out() {
    let context = Context::new();
    let rep = context.socket(SocketType::Rep).unwrap();
    // Long enough that the kernel makes nobody wait to be accepted.
    rep.set(SocketOption::Backlog, 2_000).unwrap();
    let endpoint = rep.bind("tcp://127.0.0.1:*").unwrap();
    let address = endpoint.strip_prefix("tcp://").unwrap();
    // More than may shake hands at a time: the oldest are told to go.
    let mut strangers: Vec<_> = (0..1100).map(|_| TcpStream::connect(address).unwrap()).collect();
    let req = context.socket(SocketType::Req).unwrap();
    req.connect(&endpoint).unwrap();
    req.send("still there?").unwrap();
    rep.send(rep.recv_timeout(PATIENCE).unwrap()).unwrap();
    assert_eq!(req.recv_timeout(PATIENCE).unwrap().bytes(), b"still there?");
    // The first stranger reads our greeting and then the end of the stream.
    strangers[0].set_read_timeout(PATIENCE).unwrap();
    let mut told = Vec::new();
    let ended = strangers[0].read_to_end(&mut told);
    assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    assert_eq!(rep.stats().connections_established, 1);
}

/// Peers who greet at once and need a while for the rest, as if from far away, and more of them than may shake hands at a time.
#[test]
fn a_crowd_from_far_away_comes_in() {
    const CROWD: usize = 1500;
    allow_many_descriptors();
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    pull.set(SocketOption::Backlog, 2_000).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    let address = endpoint.strip_prefix("tcp://").unwrap();
    let mut greeting = [0; 64];
    greeting[..16].copy_from_slice(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL");
    let arrive = |_| {
        let mut peer = TcpStream::connect(address).unwrap();
        peer.set_read_timeout(PATIENCE).unwrap();
        peer.write_all(&greeting).unwrap();
        peer
    };
    let mut crowd: Vec<_> = (0..CROWD).map(arrive).collect();
    // Each time the I/O thread has taken a turn, and met some of them.
    for _ in 0..CROWD / 20 {
        let other = context.socket(SocketType::Pull).unwrap();
        other.unbind(&other.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    }
    for (number, peer) in crowd.iter_mut().enumerate() {
        let finished = peer.write_all(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH").and_then(|()| {
            let mut theirs = [0; 66];
            peer.read_exact(&mut theirs)?;
            peer.read_exact(&mut vec![0; theirs[65].into()])
        });
        finished.unwrap_or_else(|error| panic!("peer {number} of {CROWD} is sent away: {error}"));
    }
    crowd.iter_mut().for_each(|peer| peer.write_all(b"\0\0").unwrap());
    crowd.iter().for_each(|_| drop(pull.recv_timeout(PATIENCE).unwrap()));
    assert_eq!(pull.stats().connections_established, CROWD as u64);
}

fn allow_many_descriptors() {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    }
}

/// The limit of descriptors is the process's, so the server is one of its own: this test, started by itself.
#[cfg(target_os = "linux")]
mod few_descriptors {
    use std::fs::File;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    use super::*;

    const ALONE: &str = "OHMQ_TEST_FEW_DESCRIPTORS";
    /// Left for connections.
    const FREE: usize = 20;

    #[test]
    fn strangers_take_no_descriptor_for_long() {
        if std::env::var_os(ALONE).is_some() {
            return answer_once();
        }
        let mut server = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "few_descriptors::strangers_take_no_descriptor_for_long", "--nocapture"])
            .env(ALONE, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let endpoint = lines
            .find_map(|line| {
                line.unwrap().split_once("tcp://").map(|(_, address)| format!("tcp://{address}"))
            })
            .unwrap();
        let address = endpoint.strip_prefix("tcp://").unwrap();
        let _strangers: Vec<_> = (0..FREE + 5).map(|_| TcpStream::connect(address).unwrap()).collect();
        let context = Context::new();
        let req = context.socket(SocketType::Req).unwrap();
        req.connect(&endpoint).unwrap();
        req.send("still there?").unwrap();
        let answer = req.recv_timeout(Some(Duration::from_secs(10)));
        req.set(SocketOption::Linger, 0).unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
        assert_eq!(answer.expect("it gets in").bytes(), b"still there?");
    }

    fn answer_once() {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, 256, most).unwrap();
        let context = Context::new();
        let rep = context.socket(SocketType::Rep).unwrap();
        rep.set(SocketOption::Backlog, 1_000).unwrap();
        let endpoint = rep.bind("tcp://127.0.0.1:*").unwrap();
        let mut others: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        others.truncate(others.len() - FREE);
        println!("{endpoint}");
        rep.send(rep.recv_timeout(PATIENCE).unwrap()).unwrap();
        // Until the other side has heard the answer and ends this process.
        let _ = rep.recv_timeout(PATIENCE);
    }
}
