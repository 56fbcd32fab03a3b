//! One socket's descriptor on libuv's loop: the only place that speaks to libuv, and all on the loop's own thread.
//!
//! The handle stays registered between two waits, because to start and to stop it are system calls; it is stopped when
//! it fires while nobody waits. Only while somebody waits does it keep the process alive and the callback from being
//! collected.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::rc::Rc;

use napi::{Env, sys};
use ohmq::{ErrorCode, Socket};
use ohmq_ffi::{Failure, Outcome};

/// Calls a function when the descriptor of a socket becomes readable.
#[derive(Debug)]
pub(crate) struct Watcher {
    shared: Rc<Shared>,
}

impl Watcher {
    /// A watcher that does not wait yet. `callback` is a function of this environment.
    pub(crate) fn new(env: &Env, socket: Socket, callback: sys::napi_value) -> Outcome<Self> {
        let descriptor = socket.fd()?;
        let shared = Shared::new(env, socket, descriptor)?;
        // From here on the handle is libuv's, and dropping the watcher closes it.
        let watcher = Watcher { shared };
        watcher.shared.attach(callback)?;
        Ok(watcher)
    }

    /// Waits: the callback will be called, and the process stays alive for it.
    pub(crate) fn wait(&self) -> Outcome<()> {
        let shared = &self.shared;
        if !shared.polling.get() {
            // SAFETY: the handle is initialised and not closing, as `shared.closing` would say.
            let status = unsafe { uv_poll_start(shared.handle, UV_READABLE, on_readable) };
            if status != 0 {
                return Err(refused("uv_poll_start", status));
            }
            shared.polling.set(true);
        }
        if !shared.waiting.replace(true) {
            // SAFETY: the handle is initialised; the reference is ours until it is deleted in `close`.
            unsafe {
                uv_ref(shared.handle);
                sys::napi_reference_ref(shared.env, shared.callback.get(), ptr::null_mut());
            }
        }
        Ok(())
    }

    /// Nobody waits: the process may end, and the callback may be collected.
    pub(crate) fn rest(&self) {
        self.shared.rest();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// What the watcher and the handle share. libuv holds one count until the handle is closed.
#[derive(Debug)]
struct Shared {
    env: sys::napi_env,
    handle: *mut c_void,
    layout: Layout,
    callback: Cell<sys::napi_ref>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
    waiting: Cell<bool>,
    polling: Cell<bool>,
    closing: Cell<bool>,
    /// Keeps the descriptor open for as long as libuv knows it.
    _socket: Socket,
}

impl Shared {
    fn new(env: &Env, socket: Socket, descriptor: c_int) -> Outcome<Rc<Self>> {
        let uv_loop = env
            .get_uv_event_loop()
            .map_err(|error| internal("napi_get_uv_event_loop", &error.to_string()))?;
        // SAFETY: takes a number, returns a number.
        let size = unsafe { uv_handle_size(UV_POLL) };
        let layout = Layout::from_size_align(size, align_of::<u128>())
            .map_err(|error| internal("uv_handle_size", &error.to_string()))?;
        // SAFETY: the layout is that of a libuv handle, which is not empty.
        let handle: *mut c_void = unsafe { alloc_zeroed(layout) }.cast();
        if handle.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: the loop is that of this thread; the memory is as large as a poll handle has to be.
        let status = unsafe { uv_poll_init(uv_loop.cast(), handle, descriptor) };
        if status != 0 {
            // SAFETY: allocated above with this layout; libuv did not take it.
            unsafe { dealloc(handle.cast(), layout) };
            return Err(refused("uv_poll_init", status));
        }
        let shared = Rc::new(Shared {
            env: env.raw(),
            handle,
            layout,
            callback: Cell::new(ptr::null_mut()),
            hook: Cell::new(ptr::null_mut()),
            waiting: Cell::new(false),
            polling: Cell::new(false),
            closing: Cell::new(false),
            _socket: socket,
        });
        // SAFETY: the handle is initialised; the count given to it here is taken back in `on_closed`.
        unsafe {
            uv_handle_set_data(handle, Rc::into_raw(Rc::clone(&shared)).cast_mut().cast());
            uv_unref(handle);
        }
        Ok(shared)
    }

    /// Makes the weak reference to the callback, and arranges to be closed before the environment ends.
    fn attach(&self, callback: sys::napi_value) -> Outcome<()> {
        let mut reference = ptr::null_mut();
        // SAFETY: `env` is the live environment of this call and `callback` a function of its handle scope.
        let status = unsafe { sys::napi_create_reference(self.env, callback, 0, &mut reference) };
        if status != sys::Status::napi_ok {
            return Err(internal("napi_create_reference", &status.to_string()));
        }
        self.callback.set(reference);
        let mut hook = ptr::null_mut();
        let argument = ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the argument outlives the hook: both go in `on_closed`, and libuv's count keeps it until then.
        let status =
            unsafe { sys::napi_add_async_cleanup_hook(self.env, Some(on_teardown), argument, &mut hook) };
        if status != sys::Status::napi_ok {
            return Err(internal("napi_add_async_cleanup_hook", &status.to_string()));
        }
        self.hook.set(hook);
        Ok(())
    }

    fn rest(&self) {
        if self.waiting.replace(false) {
            // SAFETY: as in `wait`, whose counterpart this is.
            unsafe {
                uv_unref(self.handle);
                sys::napi_reference_unref(self.env, self.callback.get(), ptr::null_mut());
            }
        }
    }

    fn stop(&self) {
        if self.polling.replace(false) {
            // SAFETY: the handle is initialised; stopping is allowed at any time.
            unsafe { uv_poll_stop(self.handle) };
        }
    }

    /// Gives the handle back to libuv, once. Allowed in finalizers: no JavaScript runs here.
    fn close(&self) {
        if self.closing.replace(true) {
            return;
        }
        self.rest();
        self.stop();
        let callback = self.callback.replace(ptr::null_mut());
        if !callback.is_null() {
            // SAFETY: the reference is ours and is deleted once.
            unsafe { sys::napi_delete_reference(self.env, callback) };
        }
        // SAFETY: the handle is initialised and was not closed before.
        unsafe { uv_close(self.handle, on_closed) };
    }

    /// Calls the function, with the queues of ticks and promises run afterwards, as for every event of Node's own.
    fn call(&self) {
        let env = self.env;
        // SAFETY: libuv calls on the thread of this environment, outside JavaScript. All values live in the scope that
        // is opened here. An exception is handed to the environment as an uncaught one.
        unsafe {
            let mut scope = ptr::null_mut();
            if sys::napi_open_handle_scope(env, &mut scope) != sys::Status::napi_ok {
                return;
            }
            let (mut function, mut receiver, mut result) =
                (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            sys::napi_get_reference_value(env, self.callback.get(), &mut function);
            sys::napi_get_global(env, &mut receiver);
            if !function.is_null() && !receiver.is_null() {
                let context = ptr::null_mut();
                let status =
                    sys::napi_make_callback(env, context, receiver, function, 0, ptr::null(), &mut result);
                if status == sys::Status::napi_pending_exception {
                    let mut exception = ptr::null_mut();
                    if sys::napi_get_and_clear_last_exception(env, &mut exception) == sys::Status::napi_ok {
                        sys::napi_fatal_exception(env, exception);
                    }
                }
            }
            sys::napi_close_handle_scope(env, scope);
        }
    }
}

/// libuv: the descriptor is readable, or the wait failed; the callback looks either way.
unsafe extern "C" fn on_readable(handle: *mut c_void, status: c_int, _events: c_int) {
    // SAFETY: libuv calls with a live handle, whose data is the count that `on_closed` takes back. Another count keeps
    // it alive even if the callback closes the socket.
    let shared = unsafe {
        let data = uv_handle_get_data(handle).cast::<Shared>();
        Rc::increment_strong_count(data);
        Rc::from_raw(data)
    };
    if status < 0 || !shared.waiting.get() {
        shared.stop();
    }
    if shared.waiting.get() {
        shared.call();
    }
}

/// libuv: the handle is closed, on a later turn of the loop.
unsafe extern "C" fn on_closed(handle: *mut c_void) {
    // SAFETY: the handle is live until this function frees it; its data is the count it was given in `new`. The hook is
    // removed once, which lets an environment that waits for it go on ending.
    unsafe {
        let shared = Rc::from_raw(uv_handle_get_data(handle).cast::<Shared>());
        dealloc(handle.cast(), shared.layout);
        let hook = shared.hook.replace(ptr::null_mut());
        if !hook.is_null() {
            sys::napi_remove_async_cleanup_hook(hook);
        }
    }
}

/// Node: the environment ends, and waits until the hook is removed.
unsafe extern "C" fn on_teardown(_hook: sys::napi_async_cleanup_hook_handle, argument: *mut c_void) {
    // SAFETY: the argument is the watcher's shared part, which lives until `on_closed` removed this hook.
    let shared = unsafe { &*argument.cast::<Shared>() };
    shared.close();
}

fn refused(call: &str, status: c_int) -> Failure {
    // libuv's numbers are those of the system, negated.
    let code = ErrorCode::from_errno(-status).unwrap_or(ErrorCode::Efault);
    Failure::new(code, "poll", call, &format!("libuv refused with {status}"))
}

fn internal(call: &str, detail: &str) -> Failure {
    Failure::new(ErrorCode::Efault, "poll", call, detail)
}

/// `uv_handle_type`: part of libuv's stable interface, as are the functions below.
const UV_POLL: c_int = 8;
const UV_READABLE: c_int = 1;

type PollCallback = unsafe extern "C" fn(*mut c_void, c_int, c_int);
type CloseCallback = unsafe extern "C" fn(*mut c_void);

// Node exports its libuv; the addon is linked against it when it is loaded.
unsafe extern "C" {
    fn uv_handle_size(kind: c_int) -> usize;
    fn uv_handle_set_data(handle: *mut c_void, data: *mut c_void);
    fn uv_handle_get_data(handle: *const c_void) -> *mut c_void;
    fn uv_poll_init(uv_loop: *mut c_void, handle: *mut c_void, descriptor: c_int) -> c_int;
    fn uv_poll_start(handle: *mut c_void, events: c_int, callback: PollCallback) -> c_int;
    fn uv_poll_stop(handle: *mut c_void) -> c_int;
    fn uv_close(handle: *mut c_void, callback: CloseCallback);
    fn uv_ref(handle: *mut c_void);
    fn uv_unref(handle: *mut c_void);
}
