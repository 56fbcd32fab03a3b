//! The message plane: plain C functions, declared for Swift in `Sources/COhMQ/include/ohmq_messages.h`.
//!
//! Sending copies out of memory that Swift lends for the call. Receiving copies into memory that Swift owns: at once when the
//! message fits the buffer offered, else the message is *parked* in a box and Swift fetches it with a buffer of the right
//! size. Every function that can fail returns 0 or an errno, whose note [`crate::failure::take_last_error`] gives.

use std::cell::Cell;
use std::ptr;
use std::slice;

use ohmq_ffi::guard::guard;
use ohmq_ffi::{Failure, Frame, Message};

use crate::failure::note;

/// What a receive brought.
#[repr(C)]
#[derive(Debug)]
pub struct Received {
    /// Messages; 0 when there was none.
    messages: usize,
    /// Frames of all messages together.
    frames: usize,
    /// Bytes of all frames together.
    bytes: usize,
    /// Where the messages wait for `ohmq_swift_take`; null when they were copied at once.
    parked: *mut Vec<Message>,
}

impl Received {
    const NOTHING: Self = Self { messages: 0, frames: 0, bytes: 0, parked: ptr::null_mut() };
}

/// Sends the frames that stand one after the other at `bytes`.
///
/// `timeout_ms`: 0 only tries (EAGAIN), -1 waits for ever, -2 as long as SNDTIMEO says.
///
/// # Safety
/// `sizes` holds `frames` numbers, `bytes` as many bytes as their sum.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ohmq_swift_send(
    socket: u64,
    bytes: *const u8,
    sizes: *const usize,
    frames: usize,
    timeout_ms: i64,
) -> i32 {
    // SAFETY: the caller lends both arrays for the length of this call.
    let message = unsafe { message_from(bytes, slice_of(sizes, frames)) };
    let sent = guard("send", || match timeout_ms {
        // Swift still owns what it sent: the message that comes back with the error is not needed.
        0 => ohmq_ffi::try_send(socket, message).map_err(|(failure, _message)| failure),
        timeout => ohmq_ffi::send(socket, message, timeout).map_err(|(failure, _message)| failure),
    });
    sent.map_or_else(note, |()| 0)
}

/// Receives one message into `buffer` and `sizes` when it fits, else parks it.
///
/// `timeout_ms` as in [`ohmq_swift_send`]; when it only tries and there is none, it returns 0 and `out.messages` is 0.
///
/// # Safety
/// `buffer` has room for `capacity` bytes, `sizes` for `frame_capacity` numbers; `out` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ohmq_swift_receive(
    socket: u64,
    timeout_ms: i64,
    buffer: *mut u8,
    capacity: usize,
    sizes: *mut usize,
    frame_capacity: usize,
    out: *mut Received,
) -> i32 {
    let received = match timeout_ms {
        0 => ohmq_ffi::try_recv(socket),
        timeout => ohmq_ffi::recv(socket, timeout).map(Some),
    };
    let (result, errno) = match received {
        Ok(None) => (Received::NOTHING, 0),
        Err(failure) => (Received::NOTHING, note(failure)),
        Ok(Some(message)) => {
            let (frames, bytes) = (message.frames().len(), message.total_bytes());
            let parked = if bytes <= capacity && frames <= frame_capacity {
                // SAFETY: both lengths were just compared with the capacities that the caller promised.
                unsafe { copy_out(slice::from_ref(&message), buffer, sizes, ptr::null_mut()) };
                ptr::null_mut()
            } else {
                Box::into_raw(Box::new(vec![message]))
            };
            (Received { messages: 1, frames, bytes, parked }, 0)
        }
    };
    // SAFETY: `out` is valid by contract.
    unsafe { out.write(result) };
    errno
}

/// Receives up to `limit` messages that are there now, and parks them together.
///
/// # Safety
/// `out` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ohmq_swift_receive_many(socket: u64, limit: usize, out: *mut Received) -> i32 {
    let (result, errno) = match ohmq_ffi::recv_many(socket, limit) {
        Ok(messages) if messages.is_empty() => (Received::NOTHING, 0),
        Ok(messages) => (park(messages), 0),
        Err(failure) => (Received::NOTHING, note(failure)),
    };
    // SAFETY: `out` is valid by contract.
    unsafe { out.write(result) };
    errno
}

/// Copies parked messages out and frees them. `counts` (frames of each message) may be null.
///
/// # Safety
/// `parked` comes from a [`Received`] and was not taken before; `buffer`, `sizes` and `counts` have room for what that record
/// said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ohmq_swift_take(
    parked: *mut Vec<Message>,
    buffer: *mut u8,
    sizes: *mut usize,
    counts: *mut usize,
) {
    if parked.is_null() {
        return;
    }
    // SAFETY: the pointer was made by Box::into_raw in this file and is taken once.
    let messages = unsafe { Box::from_raw(parked) };
    // SAFETY: the caller offers the room that the record asked for.
    unsafe { copy_out(&messages, buffer, sizes, counts) };
}

/// The descriptor that is readable when the socket's events may have changed, in `out`.
///
/// # Safety
/// `out` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ohmq_swift_descriptor(socket: u64, out: *mut i32) -> i32 {
    // SAFETY: `out` is valid by contract.
    unsafe { answer(ohmq_ffi::fd(socket), out) }
}

/// Clears the descriptor and tells in `out` which of `events` (1 = receive, 2 = send) are ready now.
///
/// # Safety
/// `out` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ohmq_swift_arm(socket: u64, events: u32, out: *mut u32) -> i32 {
    // SAFETY: `out` is valid by contract.
    unsafe { answer(ohmq_ffi::arm(socket, events), out) }
}

/// Tells in `out` which events are ready.
///
/// # Safety
/// `out` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ohmq_swift_events(socket: u64, out: *mut u32) -> i32 {
    // SAFETY: `out` is valid by contract.
    unsafe { answer(ohmq_ffi::events(socket), out) }
}

thread_local! {
    static CALLS: Cell<u8> = const { Cell::new(0) };
}

/// Tells the caller with every 256th call on this thread to let others have it.
#[unsafe(no_mangle)]
pub extern "C" fn ohmq_swift_turn_over() -> bool {
    // During a thread's end the count may be gone, and nobody waits for it any more.
    CALLS.try_with(|calls| calls.replace(calls.get().wrapping_add(1)) == u8::MAX).unwrap_or(false)
}

fn park(messages: Vec<Message>) -> Received {
    let frames = messages.iter().map(|message| message.frames().len()).sum();
    let bytes = messages.iter().map(Message::total_bytes).sum();
    Received { messages: messages.len(), frames, bytes, parked: Box::into_raw(Box::new(messages)) }
}

/// # Safety
/// `out` is valid.
unsafe fn answer<T>(result: Result<T, Failure>, out: *mut T) -> i32 {
    match result {
        Ok(value) => {
            // SAFETY: `out` is valid by contract.
            unsafe { out.write(value) };
            0
        }
        Err(failure) => note(failure),
    }
}

/// # Safety
/// `bytes` holds the sum of `sizes` bytes.
unsafe fn message_from(bytes: *const u8, sizes: &[usize]) -> Message {
    if let [size] = sizes {
        // SAFETY: the one frame is all there is.
        return Message::from(unsafe { slice_of(bytes, *size) });
    }
    let mut at = 0;
    Message::from_frames(sizes.iter().map(|&size| {
        // SAFETY: the frames stand one after the other, `size` bytes each.
        let frame = unsafe { slice_of(bytes.wrapping_add(at), size) };
        at += size;
        Frame::from(frame)
    }))
}

/// A slice that may be empty with any pointer, as an empty Swift array gives it.
///
/// # Safety
/// `start` holds `length` values, unless `length` is 0.
unsafe fn slice_of<'a, T>(start: *const T, length: usize) -> &'a [T] {
    if length == 0 || start.is_null() {
        return &[];
    }
    // SAFETY: by contract of this function.
    unsafe { slice::from_raw_parts(start, length) }
}

/// # Safety
/// The three arrays have room for all bytes, one number a frame, and one number a message (or `counts` is null).
unsafe fn copy_out(messages: &[Message], buffer: *mut u8, sizes: *mut usize, counts: *mut usize) {
    let (mut at, mut frame_number) = (0, 0);
    for (number, message) in messages.iter().enumerate() {
        let frames = message.frames();
        for frame in frames {
            // SAFETY: `at` counts the bytes already copied, so what is left has room for this frame.
            unsafe {
                ptr::copy_nonoverlapping(frame.as_ptr(), buffer.wrapping_add(at), frame.len());
                sizes.wrapping_add(frame_number).write(frame.len());
            }
            at += frame.len();
            frame_number += 1;
        }
        if !counts.is_null() {
            // SAFETY: `counts` has room for one number a message.
            unsafe { counts.wrapping_add(number).write(frames.len()) };
        }
    }
}
