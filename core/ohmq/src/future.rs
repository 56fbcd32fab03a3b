//! Sending and receiving as futures. They need no runtime: a waker is all they use.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ohmq_proto::{Message, Outgoing};
use ohmq_queue::Ticket;
use ohmq_queue::doorbell::{IN, OUT};

use crate::core::{Look, Patience, SocketCore};
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

    fn attempt(&self, look: Look) -> Poll<Result<Message>> {
        let mut message = Message::new();
        match self.core.take(&mut message, look) {
            Ok(true) => Poll::Ready(Ok(message)),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl Future for RecvFuture {
    type Output = Result<Message>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(result) = self.attempt(Look::Passing) {
            return Poll::Ready(result);
        }
        let this = &mut *self;
        announce(&mut this.ticket, &this.core, IN, context);
        this.attempt(Look::Last)
    }
}

/// A send that is under way; made by [`Socket::send_async`](crate::Socket::send_async).
///
/// Dropping it before it is ready drops the message unsent, and only that one.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SendFuture {
    core: Arc<SocketCore>,
    message: Outgoing<'static>,
    ticket: Option<Ticket>,
}

impl SendFuture {
    pub(crate) fn new(core: Arc<SocketCore>, message: Message) -> Self {
        SendFuture { core, message: message.into(), ticket: None }
    }

    fn attempt(&mut self, look: Look) -> Poll<Result<(), SendError>> {
        match self.core.give(&mut self.message, Patience::None, look) {
            Ok(true) => {
                self.message = Outgoing::Borrowed(&[]);
                Poll::Ready(Ok(()))
            }
            Ok(false) => Poll::Pending,
            Err(error) => {
                let message = std::mem::replace(&mut self.message, Outgoing::Borrowed(&[]));
                Poll::Ready(Err(SendError { error, message: message.into() }))
            }
        }
    }
}

impl Future for SendFuture {
    type Output = Result<(), SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(result) = self.attempt(Look::Passing) {
            return Poll::Ready(result);
        }
        let this = &mut *self;
        announce(&mut this.ticket, &this.core, OUT, context);
        this.attempt(Look::Last)
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
