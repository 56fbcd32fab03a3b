//! Whom a socket dials, from where, for how long, and when again.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use ohmq::{Context, Socket, SocketOption, SocketType};

use crate::peer::{accept, insist, listen};

/// A socket with these options that has a peer to dial.
fn dialing(context: &Context, endpoint: &str, options: &[(SocketOption, i32)]) -> Socket {
    let push = context.socket(SocketType::Push).unwrap();
    options.iter().for_each(|&(option, value)| push.set(option, value).unwrap());
    push.connect(endpoint).unwrap();
    push
}

/// Ends each connection as soon as it is there, so many times, and says how long it was from each end to the next connection.
fn turn_away(listener: &TcpListener, count: usize) -> Vec<Duration> {
    let mut stream = Some(accept(listener));
    let mut next = || {
        let before = Instant::now();
        drop(stream.take());
        stream = Some(accept(listener));
        before.elapsed()
    };
    (0..count).map(|_| next()).collect()
}

/// Without the maximum the last of these pauses would be longer than [`PATIENCE`](crate::peer::PATIENCE).
#[test]
fn pauses_between_attempts_double_up_to_the_maximum() {
    const FIRST: u32 = 10;
    const LONGEST: u32 = 80;
    let context = Context::new();
    let (listener, endpoint) = listen();
    let options =
        [(SocketOption::ReconnectIvl, FIRST as i32), (SocketOption::ReconnectIvlMax, LONGEST as i32)];
    let _push = dialing(&context, &endpoint, &options);
    let pauses = turn_away(&listener, 15);
    for (attempt, pause) in pauses.iter().enumerate() {
        // The second half of each is random.
        let least = Duration::from_millis(((FIRST << attempt).min(LONGEST) / 2).into());
        assert!(*pause >= least, "attempt {attempt} of {pauses:?}");
    }
}

/// Nor does it shrink; were it to double, the last would be longer than [`PATIENCE`](crate::peer::PATIENCE).
#[test]
fn without_a_maximum_the_pause_stays_as_it_is() {
    let context = Context::new();
    let (listener, endpoint) = listen();
    let _push = dialing(&context, &endpoint, &[(SocketOption::ReconnectIvl, 10)]);
    let pauses = turn_away(&listener, 15);
    assert!(pauses.iter().all(|pause| *pause >= Duration::from_millis(10)), "{pauses:?}");
}

#[test]
fn who_is_not_to_reconnect_gives_up() {
    let context = Context::new();
    for never in [-1, 0] {
        let (listener, endpoint) = listen();
        let push = dialing(&context, &endpoint, &[(SocketOption::ReconnectIvl, never)]);
        assert!(push.events().unwrap().writable(), "there may be a peer yet");
        drop(accept(&listener));
        listener.set_nonblocking(true).unwrap();
        let again = || listener.accept().is_ok();
        insist("the peer is not given up", || {
            assert!(!again(), "it came back");
            (!push.events().unwrap().writable()).then_some(())
        });
        // Others have come back many times by now.
        let (busy, endpoint) = listen();
        let _other = dialing(&context, &endpoint, &[(SocketOption::ReconnectIvl, 5)]);
        turn_away(&busy, 20);
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "it came back");
    }
}

/// A listener with a full queue answers nobody, and the system asks it for two minutes before it gives up.
#[cfg(target_os = "linux")]
#[test]
fn an_attempt_that_takes_too_long_is_begun_anew() {
    use std::collections::BTreeSet;

    use crate::kernel::{State, rows};
    use crate::peer::{dial, shake_hands};

    let context = Context::new();
    let (listener, endpoint) = listen();
    let address = listener.local_addr().unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let first = dial(&endpoint);
    let full = || rows().into_iter().find(|row| row.local == address && row.waiting == 1);
    insist("the first does not wait", full);

    let options = [(SocketOption::ConnectTimeout, 50), (SocketOption::ReconnectIvl, 1)];
    let _push = dialing(&context, &endpoint, &options);
    // Each attempt has a port of its own.
    let mut attempts = BTreeSet::new();
    insist("there is but one attempt", || {
        let tries = |row: &crate::kernel::Row| row.remote == address && row.state == State::Connecting;
        attempts.extend(rows().into_iter().filter(tries).map(|row| row.local));
        (attempts.len() >= 3).then_some(())
    });

    assert_eq!(accept(&listener).peer_addr().unwrap(), first.local_addr().unwrap());
    shake_hands(accept(&listener), "PULL");
}

/// All of 127.0.0.0/8 is this machine on Linux, and only there.
#[cfg(target_os = "linux")]
#[test]
fn connections_come_from_the_address_that_the_endpoint_names() {
    let context = Context::new();
    let (listener, endpoint) = listen();
    let address = listener.local_addr().unwrap();
    let _named = dialing(&context, &format!("tcp://127.0.0.5:0;{address}"), &[]);
    assert_eq!(accept(&listener).peer_addr().unwrap().ip().to_string(), "127.0.0.5");
    let _unnamed = dialing(&context, &endpoint, &[]);
    assert_eq!(accept(&listener).peer_addr().unwrap().ip().to_string(), "127.0.0.1");
}
