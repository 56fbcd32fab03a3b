//! Contexts.

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;
use ohmq_ffi::handle::Handle;

use crate::environment::{self, Key};
use crate::failure::{Answer, answer};

/// A context behind a handle.
#[napi]
#[derive(Debug)]
pub struct NativeContext {
    pub(crate) handle: Handle,
    /// The environment it ends with; none for the global one.
    owner: Option<Key>,
}

#[napi]
impl NativeContext {
    /// A context of this environment alone.
    #[napi(constructor)]
    pub fn new(env: &Env) -> NativeContext {
        let handle = ohmq_ffi::context_new();
        environment::remember(env, |owned| {
            owned.contexts.insert(handle);
        });
        NativeContext { handle, owner: Some(environment::key(env)) }
    }

    /// Sets an option by its number.
    #[napi]
    pub fn set(&self, option: i32, value: i32) -> Answer<()> {
        answer(ohmq_ffi::context_set(self.handle, option, value))
    }

    /// Reads an option by its number.
    #[napi]
    pub fn get(&self, option: i32) -> Answer<i32> {
        answer(ohmq_ffi::context_get(self.handle, option))
    }

    /// Ends the work of its sockets.
    #[napi]
    pub fn shutdown(&self) -> Answer<()> {
        answer(ohmq_ffi::context_shutdown(self.handle))
    }

    /// Waits, in a thread of its own, until its sockets are closed and have sent what they had. libuv's pool would not
    /// do: its threads are few, and shared with files and names.
    #[napi(ts_return_type = "Promise<NativeFailure | undefined>")]
    pub fn terminate<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred()?;
        let handle = self.handle;
        let wait = move || {
            let outcome = ohmq_ffi::context_term(handle);
            deferred.resolve(move |_| Ok(answer(outcome)));
        };
        std::thread::Builder::new().name("ohmq-term".to_owned()).spawn(wait)?;
        Ok(promise)
    }
}

impl Drop for NativeContext {
    fn drop(&mut self) {
        if let Some(owner) = self.owner {
            environment::forget(owner, |owned| {
                owned.contexts.remove(&self.handle);
                ohmq_ffi::context_forget(self.handle);
            });
        }
    }
}

/// The context that all environments of the process share.
#[napi]
pub(crate) fn global_context(env: &Env) -> napi::Result<NativeContext> {
    Ok(NativeContext { handle: environment::global_context(env)?, owner: None })
}
