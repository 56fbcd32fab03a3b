//! Running a model in many schedules, with and without a planted mistake.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Instant;

use ohmq::{Context, Outgoing, Socket, SocketType};
use ohmq_queue::mistake::{Mistake, plant};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::thread::{self, JoinHandle};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

const SEED: u64 = 0x0517;

/// Schedules for each scheduler: what a second or two are enough for. `MODEL_ROUNDS` in the environment asks for more.
const ROUNDS: usize = 1_000;

/// Schedules in which a planted mistake has to show.
const PLANTED_ROUNDS: usize = 50_000;

/// Points at which one schedule of the second kind takes the processor away from the thread that has it by right.
const SWITCHES: usize = 4;

/// Nothing goes wrong in any schedule.
pub(crate) fn explore(model: fn()) {
    let start = Instant::now();
    let rounds = std::env::var("MODEL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    plant(None);
    run(model, rounds);
    println!("seed {SEED}, {rounds} schedules of each kind: {:?}", start.elapsed());
}

/// Whether something goes wrong when the mistake is made.
pub(crate) fn notices(mistake: Mistake, model: fn()) -> bool {
    let start = Instant::now();
    plant(Some(mistake));
    let outcome = catch_unwind(AssertUnwindSafe(|| run(model, PLANTED_ROUNDS)));
    plant(None);
    let text = outcome.as_ref().err().map_or("nothing noticed", |panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("?")
    });
    println!("{mistake:?}: {text:.60}, in {:?}", start.elapsed());
    outcome.is_err()
}

fn run(model: fn(), rounds: usize) {
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.max_steps = MaxSteps::FailAfter(100_000);
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    Runner::new(PctScheduler::new_from_seed(SEED, SWITCHES, rounds), config.clone()).run(model);
    Runner::new(RandomScheduler::new_from_seed(SEED, rounds), config).run(model);
}

/// The name of an endpoint that only this process has, and only once.
pub(crate) fn endpoint(transport: &str) -> String {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    let at = if transport == "ipc" { "@" } else { "" };
    format!("{transport}://{at}ohmq-model-{}-{}", std::process::id(), NAMES.fetch_add(1, SeqCst))
}

/// Two sockets, to be connected by [`join`].
pub(crate) fn sockets(context: &Context, connecting: SocketType, bound: SocketType) -> (Socket, Socket) {
    (context.socket(connecting).unwrap(), context.socket(bound).unwrap())
}

/// Connects two sockets.
pub(crate) fn join(transport: &str, connecting: &Socket, bound: &Socket) {
    let endpoint = endpoint(transport);
    bound.bind(&endpoint).unwrap();
    connecting.connect(&endpoint).unwrap();
}

/// The same, and a first message has arrived: the connection is there.
pub(crate) fn meet(connecting: &Socket, bound: &Socket) {
    join("ipc", connecting, bound);
    connecting.send("first").unwrap();
    bound.recv().unwrap();
}

/// Another thread that sends these messages, and gives the socket back.
pub(crate) fn sending<M: Into<Outgoing<'static>> + 'static>(
    socket: Socket,
    messages: impl IntoIterator<Item = M> + Send + 'static,
) -> JoinHandle<Socket> {
    thread::spawn(move || {
        messages.into_iter().for_each(|message| socket.send(message).unwrap());
        socket
    })
}

/// Two threads send four numbered messages each on `push`, one of them in two frames, which go the long way; `pull` gets each
/// thread's in order. Nobody is left waiting.
pub(crate) fn two_senders(push: &Socket, pull: &Socket) {
    let threads = [0, 1].map(|who| {
        let push = push.clone();
        let send = move |number| match who {
            0 => push.send([who, number]),
            _ => push.send([vec![who], vec![number]]),
        };
        thread::spawn(move || (0..4u8).for_each(|number| send(number).unwrap()))
    });
    let mut next = [0, 0];
    for _ in 0..8 {
        let message = pull.recv().unwrap();
        let [who, number] = message.frames().concat()[..] else { panic!("{message:?}") };
        assert_eq!(number, std::mem::replace(&mut next[who as usize], number + 1), "out of order");
    }
    threads.into_iter().for_each(|each| each.join().unwrap());
}

/// A thread that answers three questions with themselves, and gives the socket back.
pub(crate) fn echoing(reply: Socket) -> JoinHandle<Socket> {
    thread::spawn(move || {
        for _ in 0..3 {
            let question = reply.recv().unwrap();
            reply.send(question).unwrap();
        }
        reply
    })
}

/// The end of a model: everything is let go of, and nothing keeps the context from its end.
pub(crate) fn end(context: &Context, sockets: impl IntoIterator<Item = Socket>) {
    sockets.into_iter().for_each(drop);
    context.term().unwrap();
}
