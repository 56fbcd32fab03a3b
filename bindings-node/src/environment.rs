//! What belongs to one JavaScript environment (the main thread or a worker), and its end.
//!
//! The global context is shared by all environments of the process. When an environment ends, its sockets are closed;
//! when the last one ends, what they had to send gets [`EXIT_LINGER`] to go out.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use napi::Env;
use ohmq_ffi::handle::Handle;

/// How long the end of the process waits for unsent messages, whatever the sockets' `linger` is.
const EXIT_LINGER: Duration = Duration::from_secs(1);

/// The global context. The first call from an environment also arranges for its end.
pub(crate) fn global_context(env: &Env) -> napi::Result<Handle> {
    let key = key(env);
    if HERE.with_borrow(|all| !all.contains_key(&key)) {
        env.add_env_cleanup_hook(key, leave)?;
        HERE.with_borrow_mut(|all| all.insert(key, Owned::default()));
        process().environments += 1;
    }
    Ok(*process().global.get_or_insert_with(ohmq_ffi::context_new))
}

/// Remembers what has to be closed at the end of the environment.
pub(crate) fn remember(env: &Env, change: impl FnOnce(&mut Owned)) {
    with(key(env), change);
}

/// Forgets what was closed before; also after the end of the environment.
pub(crate) fn forget(environment: Key, change: impl FnOnce(&mut Owned)) {
    with(environment, change);
}

/// Names an environment; only ever compared.
pub(crate) type Key = usize;

pub(crate) fn key(env: &Env) -> Key {
    env.raw() as Key
}

/// The open handles of an environment.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    pub(crate) sockets: HashSet<Handle>,
    pub(crate) contexts: HashSet<Handle>,
}

thread_local! {
    /// The environments of this thread: one in Node, perhaps several in turn in other hosts.
    static HERE: RefCell<HashMap<Key, Owned>> = RefCell::default();
}

/// What all environments share.
#[derive(Debug)]
struct Process {
    global: Option<Handle>,
    environments: usize,
    /// Contexts that environments left behind.
    left: Vec<Handle>,
}

static PROCESS: Mutex<Process> = Mutex::new(Process { global: None, environments: 0, left: Vec::new() });

fn process() -> MutexGuard<'static, Process> {
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with(environment: Key, change: impl FnOnce(&mut Owned)) {
    // Finalizers may run while the thread ends, when its storage is gone.
    let _ = HERE.try_with(|all| all.borrow_mut().get_mut(&environment).map(change));
}

/// The end of an environment. The hook was made first, so it runs after those of the sockets' watchers.
fn leave(environment: Key) {
    let owned = HERE.with_borrow_mut(|all| all.remove(&environment)).unwrap_or_default();
    owned.sockets.into_iter().for_each(ohmq_ffi::socket_close);
    let mut process = process();
    process.left.extend(owned.contexts.iter().copied());
    process.environments -= 1;
    if process.environments == 0 {
        let mut contexts = std::mem::take(&mut process.left);
        contexts.extend(process.global.take());
        drop(process);
        end(contexts);
    } else {
        drop(process);
        owned.contexts.into_iter().for_each(end_meanwhile);
    }
}

/// Ends a context while other environments live on. The last of them waits for it, if it has not ended by then.
fn end_meanwhile(context: Handle) {
    let ending = move || {
        let _ = ohmq_ffi::context_term(context);
        process().left.retain(|other| *other != context);
    };
    // Without a thread for it, it stays until the last environment ends.
    let _ = thread::Builder::new().name("ohmq-end".to_owned()).spawn(ending);
}

/// Waits a limited time until the closed sockets have sent what they had.
fn end(contexts: Vec<Handle>) {
    let (done, ended) = mpsc::channel();
    let waiting = thread::Builder::new().name("ohmq-end".to_owned()).spawn(move || {
        for context in contexts {
            // A context that was terminated before is no longer there; both ways it has ended.
            let _ = ohmq_ffi::context_term(context);
        }
        let _ = done.send(());
    });
    if waiting.is_ok() && ended.recv_timeout(EXIT_LINGER).is_err() {
        // Standard error may be closed already.
        let _ = writeln!(
            io::stderr(),
            "ohmq: messages were still unsent {} s after the end of the program and are lost",
            EXIT_LINGER.as_secs()
        );
    }
}
