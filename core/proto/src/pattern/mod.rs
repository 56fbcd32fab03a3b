//! The socket patterns: which pipe gets this message, what becomes of that one. No I/O, no clock, no randomness.
//!
//! One [`Pattern`] exists per socket. Pipes are dense numbers the engine gives out ([`PipeId`]); their queues belong to
//! the engine and are seen through two small traits, [`Pipes`] (is there room?) and [`Inbox`] (take the next message).
//! Every call takes `&mut self` or `&self` and finishes at once: the engine holds the socket's lock around it.
//!
//! # A pipe's life
//!
//! | call | when |
//! |---|---|
//! | [`attach`](Pattern::attach) | it may be routed to: `connect` without `IMMEDIATE` at once, everything else after the handshake |
//! | [`identify`](Pattern::identify) | after each handshake, also after a reconnect; with `CONNECT_ROUTING_ID` also right after `attach` |
//! | [`readable`](Pattern::readable) | after a message was put into its inbox (idempotent; call it *after* the message can be popped) |
//! | [`lost`](Pattern::lost) | the connection is gone, the pipe will reconnect and keeps what it has queued |
//! | [`retire`](Pattern::retire) | the peer is gone for good, but unread messages are left in the inbox: receive only from now on |
//! | [`detach`](Pattern::detach) | forget it; the number may be given to another pipe. Works with and without `retire` before |
//!
//! # Sending: reserve, then commit
//!
//! [`reserve`](Pattern::reserve) decides and changes nothing that can be seen; a reservation that is dropped loses
//! nothing, not even a turn in the round robin. [`commit`](Pattern::commit) advances the state machines and turns the
//! message into what goes on the wire. Call `commit` for **every** route, [`Route::Discard`] included (a discarded reply is
//! still the reply), with no other call on the pattern between the two.
//!
//! # Receiving
//!
//! [`recv`](Pattern::recv) returns a message exactly when it takes it. [`can_recv`](Pattern::can_recv) is exact: when the
//! answer needs a look at the message (SUB's filter, REQ's envelope), it takes one out of the inbox and keeps it for the
//! next `recv`. `commit` and `recv` change the other direction's readiness for REQ and REP.
//!
//! PUB and XPUB have no inbox: hand what their peers send to [`received`](Pattern::received), in the order of arrival
//! with [`subscribed`](Pattern::subscribed) and [`cancelled`](Pattern::cancelled). The other types give the message back
//! for the inbox; [`intercepts`](Pattern::intercepts) is constant and says whether the call is needed.
//!
//! # Accounting
//!
//! Inbound, per socket: `accepted = delivered + queued + dropped`, where
//! * *accepted* = messages the engine parsed (put into an inbox or handed to `received`) + [`made`](Pattern::made), the
//!   XPUB subscription events that the pattern made itself;
//! * *delivered* = messages that `recv` returned;
//! * *queued* = messages in the engine's inboxes + [`queued`](Pattern::queued), those popped ahead by `can_recv` and
//!   XPUB's waiting events and user messages;
//! * *dropped* = what the engine dropped (inbox of a detached pipe) + [`dropped`](Pattern::dropped), what the pattern
//!   popped or was handed and threw away, by cause.
//!
//! Subscriptions and cancellations are not messages and are counted nowhere; the XPUB event made of one is.
//!
//! Outbound, the unit is the copy, see [`Route::copies`]: a send to one pipe is one, a publication is one per matching
//! pipe, a discarded send is one, a subscription is none. `reserve` counts nothing.

mod branches;
mod fair_queue;
mod interest;
mod label;
mod load_balancer;
mod machine;
mod members;
mod publisher;
mod radix;
mod rep;
mod req;
mod route;
mod router;
mod rules;
mod sieve;
mod straight;
mod subscriber;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;

pub use machine::Pattern;
pub use route::{
    DropCause, Found, Identified, InboundDrops, Inbox, PatternOption, PipeId, Pipes, Route, RouteError,
};
