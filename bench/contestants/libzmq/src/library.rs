//! The few functions of libzmq that the benchmark calls, found in the shared library at run time: nothing is needed to
//! build, and a machine without libzmq says so.
#![allow(unsafe_code, reason = "this file is the binding to a C library")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};
use libloading::{Library as Shared, Symbol};

/// The name that every system with libzmq 4 or 5 gives it.
const NAME: &str = "libzmq.so.5";
const LAST_ENDPOINT: c_int = 32;
const SNDMORE: c_int = 2;
const MAX_SOCKETS: c_int = 2;
/// More than the default of 1,023, for the cells with many sockets.
const SOCKETS: c_int = 20_000;

/// `zmq_msg_t` is 64 bytes, aligned as a pointer.
#[repr(C, align(8))]
struct RawMessage([u8; 64]);

pub struct Library {
    version: unsafe extern "C" fn(*mut c_int, *mut c_int, *mut c_int),
    errno: unsafe extern "C" fn() -> c_int,
    strerror: unsafe extern "C" fn(c_int) -> *const c_char,
    ctx_new: unsafe extern "C" fn() -> *mut c_void,
    ctx_set: unsafe extern "C" fn(*mut c_void, c_int, c_int) -> c_int,
    socket: unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void,
    close: unsafe extern "C" fn(*mut c_void) -> c_int,
    setsockopt: unsafe extern "C" fn(*mut c_void, c_int, *const c_void, usize) -> c_int,
    getsockopt: unsafe extern "C" fn(*mut c_void, c_int, *mut c_void, *mut usize) -> c_int,
    bind: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
    connect: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
    send: unsafe extern "C" fn(*mut c_void, *const c_void, usize, c_int) -> c_int,
    msg_init: unsafe extern "C" fn(*mut RawMessage) -> c_int,
    msg_recv: unsafe extern "C" fn(*mut RawMessage, *mut c_void, c_int) -> c_int,
    msg_data: unsafe extern "C" fn(*mut RawMessage) -> *mut c_void,
    msg_size: unsafe extern "C" fn(*const RawMessage) -> usize,
    msg_more: unsafe extern "C" fn(*const RawMessage) -> c_int,
    msg_close: unsafe extern "C" fn(*mut RawMessage) -> c_int,
}

/// The library, loaded when first asked for.
pub fn library() -> Result<&'static Library> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    match LIBRARY.get_or_init(|| load().map_err(|error| format!("{error:#}"))) {
        Ok(library) => Ok(library),
        Err(error) => bail!("{error}"),
    }
}

fn load() -> Result<Library> {
    // SAFETY: libzmq's initialisers only set up its own static tables. It is never unloaded.
    let shared: &'static Shared = Box::leak(Box::new(unsafe { Shared::new(NAME) }.with_context(|| {
        format!("{NAME} is not there (Debian's package libzmq5): libzmq cannot take part")
    })?));
    macro_rules! find {
        ($($field:ident: $name:literal),+ $(,)?) => {
            Library { $($field: {
                // SAFETY: the types above are those of zmq.h, which are the same in every version 4.
                let symbol: Symbol<'static, _> = unsafe { shared.get(concat!($name, "\0").as_bytes()) }
                    .context(concat!($name, " is not in libzmq"))?;
                *symbol
            }),+ }
        };
    }
    Ok(find! {
        version: "zmq_version", errno: "zmq_errno", strerror: "zmq_strerror", ctx_new: "zmq_ctx_new",
        ctx_set: "zmq_ctx_set", socket: "zmq_socket", close: "zmq_close", setsockopt: "zmq_setsockopt",
        getsockopt: "zmq_getsockopt", bind: "zmq_bind", connect: "zmq_connect", send: "zmq_send",
        msg_init: "zmq_msg_init", msg_recv: "zmq_msg_recv", msg_data: "zmq_msg_data", msg_size: "zmq_msg_size",
        msg_more: "zmq_msg_more", msg_close: "zmq_msg_close",
    })
}

impl Library {
    pub fn version(&self) -> String {
        let (mut major, mut minor, mut patch) = (0, 0, 0);
        // SAFETY: three valid places for integers.
        unsafe { (self.version)(&mut major, &mut minor, &mut patch) };
        format!("{major}.{minor}.{patch}")
    }

    fn check(&self, code: c_int, what: &str) -> Result<()> {
        if code >= 0 {
            return Ok(());
        }
        // SAFETY: zmq_strerror returns a static string for every number.
        let reason = unsafe { CStr::from_ptr((self.strerror)((self.errno)())) };
        bail!("{what}: {}", reason.to_string_lossy())
    }
}

/// One context; it lives until the process ends.
pub struct Context {
    library: &'static Library,
    raw: *mut c_void,
}

// SAFETY: zmq.h: a context is thread safe.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    pub fn new() -> Result<Self> {
        let library = library()?;
        // SAFETY: no arguments; a null result is checked.
        let raw = unsafe { (library.ctx_new)() };
        if raw.is_null() {
            bail!("zmq_ctx_new failed");
        }
        // SAFETY: the context was just made.
        library.check(unsafe { (library.ctx_set)(raw, MAX_SOCKETS, SOCKETS) }, "zmq_ctx_set")?;
        Ok(Self { library, raw })
    }

    pub fn socket(&self, kind: c_int) -> Result<Handle> {
        // SAFETY: the context is alive.
        let raw = unsafe { (self.library.socket)(self.raw, kind) };
        if raw.is_null() {
            self.library.check(-1, "zmq_socket")?;
        }
        Ok(Handle { library: self.library, raw })
    }
}

/// One socket, used by one thread at a time.
pub struct Handle {
    library: &'static Library,
    raw: *mut c_void,
}

// SAFETY: zmq.h: a socket may move to another thread with a full fence, which every way to move a value here has.
unsafe impl Send for Handle {}

impl Handle {
    pub fn bind(&self, endpoint: &str) -> Result<String> {
        let text = CString::new(endpoint)?;
        // SAFETY: the socket is alive, the text ends with a zero.
        self.library.check(unsafe { (self.library.bind)(self.raw, text.as_ptr()) }, "zmq_bind")?;
        let mut bytes = [0_u8; 256];
        let mut length = bytes.len();
        // SAFETY: the buffer has the length that is said.
        let code = unsafe {
            (self.library.getsockopt)(self.raw, LAST_ENDPOINT, bytes.as_mut_ptr().cast(), &mut length)
        };
        self.library.check(code, "zmq_getsockopt")?;
        Ok(CStr::from_bytes_until_nul(&bytes)?.to_str()?.to_string())
    }

    pub fn connect(&self, endpoint: &str) -> Result<()> {
        let text = CString::new(endpoint)?;
        // SAFETY: the socket is alive, the text ends with a zero.
        self.library.check(unsafe { (self.library.connect)(self.raw, text.as_ptr()) }, "zmq_connect")
    }

    pub fn set_int(&self, option: c_int, value: c_int) -> Result<()> {
        self.set_bytes(option, &value.to_ne_bytes())
    }

    pub fn set_bytes(&self, option: c_int, value: &[u8]) -> Result<()> {
        // SAFETY: the socket is alive, the value has the length that is said.
        let code = unsafe { (self.library.setsockopt)(self.raw, option, value.as_ptr().cast(), value.len()) };
        self.library.check(code, "zmq_setsockopt")
    }

    #[inline]
    pub fn send(&self, body: &[u8], more: bool) -> Result<()> {
        let flags = if more { SNDMORE } else { 0 };
        // SAFETY: the socket is alive, the body has the length that is said and is copied before the call returns.
        let code = unsafe { (self.library.send)(self.raw, body.as_ptr().cast(), body.len(), flags) };
        self.library.check(code, "zmq_send")
    }

    #[inline]
    pub fn recv(&self) -> Result<Message> {
        let mut message = Message { library: self.library, raw: RawMessage([0; 64]) };
        // SAFETY: room for a message, which is initialised before it is received into. libzmq lets messages move.
        let code = unsafe {
            (self.library.msg_init)(&mut message.raw);
            (self.library.msg_recv)(&mut message.raw, self.raw, 0)
        };
        self.library.check(code, "zmq_msg_recv")?;
        Ok(message)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the socket is alive and nobody else has it.
        unsafe { (self.library.close)(self.raw) };
    }
}

/// A received frame, in libzmq's own memory.
pub struct Message {
    library: &'static Library,
    raw: RawMessage,
}

impl Message {
    /// Whether another frame of the same message follows.
    pub fn more(&self) -> bool {
        // SAFETY: the message is initialised.
        unsafe { (self.library.msg_more)(&self.raw) != 0 }
    }
}

impl AsRef<[u8]> for Message {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        // SAFETY: zmq_msg_data changes nothing; the bytes live as long as the message, which is borrowed.
        unsafe {
            let data = (self.library.msg_data)(std::ptr::from_ref(&self.raw).cast_mut());
            std::slice::from_raw_parts(data.cast(), (self.library.msg_size)(&self.raw))
        }
    }
}

impl Drop for Message {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the message is initialised and closed once.
        unsafe { (self.library.msg_close)(&mut self.raw) };
    }
}

// SAFETY: a message is plain memory with counted contents; libzmq lets any one thread at a time have it.
unsafe impl Send for Message {}
