//! Sending and receiving as futures. They need no runtime: a waker is all they use.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ohmq_proto::Message;
use ohmq_queue::Ticket;
use ohmq_queue::doorbell::{IN, OUT};
use ohmq_spec::ErrorCode;

use crate::core::SocketCore;
use crate::{Result, SendError};

/// A receive that is under way; made by [`Socket::recv_async`](crate::Socket::recv_async).
///
/// Dropping it at any moment loses nothing: a message is taken only when the future is ready.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct RecvFuture {
    core: Arc<SocketCore>,
    ticket: Option<Ticket>,
}

impl RecvFuture {
    pub(crate) fn new(core: Arc<SocketCore>) -> Self {
        RecvFuture { core, ticket: None }
    }
}

impl Future for RecvFuture {
    type Output = Result<Message>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.core.try_recv() {
            Err(error) if error.code() == ErrorCode::Eagain => {}
            other => return Poll::Ready(other),
        }
        let this = &mut *self;
        announce(&mut this.ticket, &this.core, IN, context);
        match this.core.try_recv() {
            Err(error) if error.code() == ErrorCode::Eagain => Poll::Pending,
            other => Poll::Ready(other),
        }
    }
}

/// A send that is under way; made by [`Socket::send_async`](crate::Socket::send_async).
///
/// Dropping it before it is ready drops the message unsent, and only that one.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SendFuture {
    core: Arc<SocketCore>,
    message: Option<Message>,
    ticket: Option<Ticket>,
}

impl SendFuture {
    pub(crate) fn new(core: Arc<SocketCore>, message: Message) -> Self {
        SendFuture { core, message: Some(message), ticket: None }
    }

    fn attempt(&mut self) -> Poll<Result<(), SendError>> {
        let message = self.message.take().unwrap_or_default();
        match self.core.try_send(message) {
            Err(refused) if refused.error.code() == ErrorCode::Eagain => {
                self.message = Some(refused.message);
                Poll::Pending
            }
            other => Poll::Ready(other),
        }
    }
}

impl Future for SendFuture {
    type Output = Result<(), SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(result) = self.attempt() {
            return Poll::Ready(result);
        }
        let this = &mut *self;
        announce(&mut this.ticket, &this.core, OUT, context);
        this.attempt()
    }
}

/// Leaves the task's waker at the socket's doorbell; the caller looks once more afterwards.
fn announce(ticket: &mut Option<Ticket>, core: &SocketCore, interest: u8, context: &Context<'_>) {
    // A future waits for the doorbell, not for the network: the I/O thread has to serve.
    core.give_back();
    match ticket {
        Some(ticket) => ticket.update(interest, context.waker()),
        None => *ticket = Some(core.doorbell.register(interest, context.waker())),
    }
}
