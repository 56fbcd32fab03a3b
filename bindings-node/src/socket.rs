//! Sockets: every call tries and never waits, except `bind` on libuv's pool, which may look up a name.

use std::cell::RefCell;

use napi::bindgen_prelude::{Array, AsyncTask, Either, Either3, Function, Null, Object};
use napi::{Env, JsValue, Task};
use napi_derive::napi;
use ohmq::{ErrorCode, Events, Message, Socket, Stats};
use ohmq_ffi::Outcome;
use ohmq_ffi::guard::guard;
use ohmq_ffi::handle::{self, Handle};

use crate::context::NativeContext;
use crate::environment::{self, Key};
use crate::failure::{Answer, NativeFailure, answer};
use crate::message::{GivenPart, buffers, multipart, single};
use crate::poll::Watcher;
use crate::value::{GivenValue, ShownValue, given, shown};

/// So many bytes are enough for one call: the event loop has other things to do.
const ENOUGH: usize = 1024 * 1024;

/// A socket behind a handle.
#[napi]
#[derive(Debug)]
pub struct NativeSocket {
    handle: Handle,
    state: RefCell<State>,
    owner: Key,
    watcher: RefCell<Option<Watcher>>,
}

/// JavaScript's object may be collected long after the end, and a socket keeps its descriptors.
#[derive(Debug)]
enum State {
    /// The same socket as behind the handle, to spare the table on each message.
    Open(Socket),
    Closed(Stats),
}

/// Opens a socket of the type with this number.
#[napi]
pub(crate) fn open_socket(env: &Env, context: &NativeContext, socket_type: i32) -> Answer<NativeSocket> {
    let opened = ohmq_ffi::socket_new(context.handle, socket_type)
        .and_then(|handle| Ok((handle, handle::socket(handle, "socket")?)));
    answer(opened.map(|(handle, socket)| {
        environment::remember(env, |owned| {
            owned.sockets.insert(handle);
        });
        let state = RefCell::new(State::Open(socket));
        NativeSocket { handle, state, owner: environment::key(env), watcher: RefCell::default() }
    }))
}

#[napi]
impl NativeSocket {
    /// Whether it was closed.
    #[napi(getter)]
    pub fn closed(&self) -> bool {
        match &*self.state.borrow() {
            State::Open(socket) => socket.is_closed(),
            State::Closed(_) => true,
        }
    }

    /// Binds on libuv's pool.
    #[napi(ts_return_type = "Promise<string | NativeFailure>")]
    pub fn bind(&self, endpoint: String) -> AsyncTask<Bind> {
        AsyncTask::new(Bind { handle: self.handle, endpoint })
    }

    /// Binds at once.
    #[napi]
    pub fn bind_sync(&self, endpoint: String) -> Answer<String> {
        answer(ohmq_ffi::bind(self.handle, &endpoint))
    }

    /// Connects.
    #[napi]
    pub fn connect(&self, endpoint: String) -> Answer<()> {
        answer(ohmq_ffi::connect(self.handle, &endpoint))
    }

    /// Undoes a bind.
    #[napi]
    pub fn unbind(&self, endpoint: String) -> Answer<()> {
        answer(ohmq_ffi::unbind(self.handle, &endpoint))
    }

    /// Undoes a connect.
    #[napi]
    pub fn disconnect(&self, endpoint: String) -> Answer<()> {
        answer(ohmq_ffi::disconnect(self.handle, &endpoint))
    }

    /// Sets an option by its number.
    #[napi]
    pub fn set(&self, option: i32, value: GivenValue<'_>) -> Answer<()> {
        answer(ohmq_ffi::set(self.handle, option, given(value)))
    }

    /// Reads an option by its number.
    #[napi]
    pub fn get<'env>(&self, env: &'env Env, option: i32) -> napi::Result<Answer<ShownValue<'env>>> {
        Ok(match ohmq_ffi::get(self.handle, option) {
            Ok(value) => Either::A(shown(env, value)?),
            Err(failure) => Either::B(failure.into()),
        })
    }

    /// What is possible now: 1 to receive, 2 to send.
    #[napi]
    pub fn events(&self) -> Answer<u32> {
        answer(guard("poll", || self.with("poll", |socket| Ok(socket.events()?.bits()))))
    }

    /// Sends a message of one part: true, or false if there is no room.
    #[napi]
    pub fn try_send(&self, part: GivenPart<'_>) -> Answer<bool> {
        answer(self.send_now(single(part)))
    }

    /// Sends a message of several parts: true, or false if there is no room.
    #[napi]
    pub fn try_send_parts(&self, parts: Vec<GivenPart<'_>>) -> Answer<bool> {
        answer(self.send_now(multipart(parts)))
    }

    /// Sends messages until there is no room, and says how many were taken. A failure after some shows the next time.
    #[napi]
    pub fn try_send_many(&self, messages: Vec<Vec<GivenPart<'_>>>) -> Answer<u32> {
        let mut taken = 0;
        for parts in messages {
            match self.send_now(multipart(parts)) {
                Ok(true) => taken += 1,
                Err(failure) if taken == 0 => return Either::B(failure.into()),
                _ => break,
            }
        }
        Either::A(taken)
    }

    /// Receives a message; null if there is none.
    #[napi]
    pub fn try_receive<'env>(
        &self,
        env: &'env Env,
    ) -> napi::Result<Either3<Array<'env>, Null, NativeFailure>> {
        Ok(match self.receive_now() {
            Ok(Some(message)) => Either3::A(buffers(env, message)?),
            Ok(None) => Either3::B(Null),
            Err(failure) => Either3::C(failure.into()),
        })
    }

    /// Receives up to `max` messages, fewer if they are long; null if there is none. A failure after some shows the next time.
    #[napi]
    pub fn try_receive_many<'env>(
        &self,
        env: &'env Env,
        max: u32,
    ) -> napi::Result<Either3<Array<'env>, Null, NativeFailure>> {
        let mut messages = env.create_array(0)?;
        let mut bytes = 0;
        while messages.len() < max && bytes < ENOUGH {
            match self.receive_now() {
                Ok(Some(message)) => {
                    bytes += message.total_bytes();
                    messages.insert(buffers(env, message)?)?;
                }
                Err(failure) if messages.len() == 0 => return Ok(Either3::C(failure.into())),
                _ => break,
            }
        }
        Ok(if messages.len() == 0 { Either3::B(Null) } else { Either3::A(messages) })
    }

    /// Says what of `wanted` is possible now. If nothing is, or `anyway`, `on_ready` is called once it may be, and until then
    /// the process stays alive. With nothing wanted, nobody waits.
    #[napi]
    pub fn watch(&self, env: &Env, wanted: u32, on_ready: Function<'_, (), ()>, anyway: bool) -> Answer<u32> {
        answer(guard("poll", || self.watch_now(env, wanted, &on_ready, anyway)))
    }

    /// The counters, by name; also after the end.
    #[napi(ts_return_type = "Record<string, number>")]
    pub fn stats<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let mut counters = Object::new(env)?;
        let stats = match &*self.state.borrow() {
            State::Open(socket) => socket.stats(),
            State::Closed(stats) => *stats,
        };
        for (name, count) in stats.fields() {
            counters.set(name, count as f64)?;
        }
        Ok(counters)
    }

    /// Closes it. Never waits, and may be called again.
    #[napi]
    pub fn close(&self) {
        environment::forget(self.owner, |owned| {
            owned.sockets.remove(&self.handle);
        });
        ohmq_ffi::socket_close(self.handle);
        self.watcher.take();
        let mut state = self.state.borrow_mut();
        if let State::Open(socket) = &*state {
            *state = State::Closed(socket.stats());
        }
    }

    /// Runs a call on the socket, if it is open.
    fn with<T>(&self, operation: &'static str, call: impl FnOnce(&Socket) -> Outcome<T>) -> Outcome<T> {
        match &*self.state.borrow() {
            State::Open(socket) => call(socket),
            // The table knows it no more, and says so.
            State::Closed(_) => call(&handle::socket(self.handle, operation)?),
        }
    }

    fn send_now(&self, message: Message) -> Outcome<bool> {
        let send = |socket: &Socket| match socket.try_send(message) {
            Ok(()) => Ok(true),
            Err(refused) if refused.error.code() == ErrorCode::Eagain => Ok(false),
            Err(refused) => Err(refused.error.into()),
        };
        guard("send", || self.with("send", send))
    }

    fn receive_now(&self) -> Outcome<Option<Message>> {
        let receive = |socket: &Socket| match socket.try_recv() {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.code() == ErrorCode::Eagain => Ok(None),
            Err(error) => Err(error.into()),
        };
        guard("receive", || self.with("receive", receive))
    }

    fn watch_now(
        &self,
        env: &Env,
        wanted: u32,
        on_ready: &Function<'_, (), ()>,
        anyway: bool,
    ) -> Outcome<u32> {
        let mut place = self.watcher.borrow_mut();
        if wanted == 0 {
            place.iter().for_each(Watcher::rest);
            return Ok(0);
        }
        self.with("poll", |socket| {
            let ready = socket.arm(Events::from_bits(wanted))?.bits();
            if ready == 0 || anyway {
                let watcher = match place.take() {
                    Some(watcher) => watcher,
                    None => Watcher::new(env, socket.clone(), on_ready.raw())?,
                };
                place.insert(watcher).wait()?;
            }
            Ok(ready)
        })
    }
}

impl Drop for NativeSocket {
    fn drop(&mut self) {
        self.close();
    }
}

/// A bind on its way.
#[derive(Debug)]
pub struct Bind {
    handle: Handle,
    endpoint: String,
}

impl Task for Bind {
    type Output = Outcome<String>;
    type JsValue = Answer<String>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(ohmq_ffi::bind(self.handle, &self.endpoint))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<Self::JsValue> {
        Ok(answer(output))
    }
}
