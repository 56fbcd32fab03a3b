//! Binding, connecting, and undoing both.

use std::sync::Arc;
use std::time::Duration;

use ohmq_net::{BoundFile, Link, LinkEnd, Origin};
use ohmq_proto::endpoint::{Endpoint as Address, EndpointError};
use ohmq_spec::{ErrorCode, SocketType};

use super::effects::Effect;
use super::inner::{Endpoint, EndpointKind, Inner};
use super::pipes::{Channel, Slot, Stage};
use super::shared::SocketCore;
use crate::inproc::{InprocEnd, InprocEvent};
use crate::options;
use crate::{Error, Result};

impl SocketCore {
    pub(crate) fn bind(&self, text: &str) -> Result<String> {
        self.usable("bind")?;
        let address = Address::parse_bind(text).map_err(|error| refused("bind", text, &error))?;
        if let Address::Inproc(name) = address {
            return self.bind_inproc(&name, text);
        }
        let handle = self.io_thread("bind", text)?;
        let config = self.with(|inner| inner.options.link_config());
        let bound = ohmq_net::bind(&address, &config)
            .map_err(|error| Error::from_io(&error, "bind", text.to_owned()))?;
        let Some(me) = self.me.upgrade() else {
            return Err(Error::new(ErrorCode::Enotsock, "bind", text.to_owned()));
        };
        // The entry is there before the first connection can be adopted.
        self.with(|inner| -> Result<()> {
            inner.is_open("bind", text)?;
            let id = handle.listen(bound.listener, me, config);
            inner.last_endpoint.clone_from(&bound.endpoint);
            let kind = EndpointKind::Listener { handle, id, file: bound.file };
            inner.endpoints.push(Endpoint { id, name: bound.endpoint.clone(), given: text.to_owned(), kind });
            Ok(())
        })?;
        Ok(bound.endpoint)
    }

    pub(crate) fn connect(&self, text: &str) -> Result<()> {
        self.usable("connect")?;
        let address = Address::parse_connect(text).map_err(|error| refused("connect", text, &error))?;
        if let Address::Inproc(name) = address {
            return self.connect_inproc(&name, text);
        }
        if self.with(|inner| inner.is_repeated(text, self.socket_type)) {
            return Ok(());
        }
        let handle = self.io_thread("connect", text)?;
        let Some(owner) = self.me.upgrade() else {
            return Err(Error::new(ErrorCode::Enotsock, "connect", text.to_owned()));
        };
        self.with(|inner| {
            inner.is_open("connect", text)?;
            let config = inner.options.link_config();
            let link = Link::new(Origin::Dialed, owner, handle.clone(), config);
            let id = link.key();
            let mut slot = Slot::new(link.key(), Channel::Link(LinkEnd::new(Arc::clone(&link))), id);
            let attach = !inner.options.immediate;
            slot.stage = if attach { Stage::Attached } else { Stage::Waiting };
            let named = inner.options.connect_routing_id.take();
            slot.named = named.clone().map(Box::new);
            let pipe = inner.table.insert(slot);
            if attach && !inner.pattern.attach(pipe) {
                // PAIR has its peer already: the endpoint is remembered and leads nowhere, as in libzmq.
                inner.table.remove(pipe);
            } else {
                if let Some(routing_id) = named {
                    inner.pattern.identify(pipe, routing_id);
                }
                handle.dial(link, address);
            }
            inner.remember_connect(id, text, EndpointKind::Dialed);
            inner.table.effects.ring |= ohmq_queue::doorbell::OUT;
            Ok(())
        })
    }

    /// `unbind` and `disconnect` are one operation, as in libzmq: the name decides, and the operation only between two
    /// endpoints of that name.
    pub(crate) fn undo(&self, text: &str, operation: &'static str) -> Result<()> {
        self.usable(operation)?;
        let parsed = Address::parse_bind(text).map(drop).or_else(|_| Address::parse_connect(text).map(drop));
        parsed.map_err(|error| refused(operation, text, &error))?;
        let unbind = operation == "unbind";
        let freed = self.with(|inner| {
            let named = |entry: &Endpoint| entry.name == text || entry.given == text;
            let meant = |entry: &Endpoint| entry.kind.is_bound() == unbind && named(entry);
            let endpoints = &inner.endpoints;
            let found = endpoints.iter().rposition(meant).or_else(|| endpoints.iter().rposition(named))?;
            let entry = inner.endpoints.remove(found);
            let linger = options::timeout(inner.options.linger);
            inner.end_pipes(&entry, linger);
            Some(entry)
        });
        match freed {
            Some(Endpoint { kind: EndpointKind::Listener { handle, id, file }, .. }) => {
                free(file.as_deref());
                handle.unlisten_now(id);
                Ok(())
            }
            Some(Endpoint { kind: EndpointKind::InprocBound, name, .. }) => {
                self.context.registry().unbind(inproc_name(&name));
                Ok(())
            }
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorCode::Enoent, operation, text.to_owned())
                .because("the socket is not bound or connected to this endpoint")),
        }
    }

    /// Lets go of everything at the end of the socket's life.
    pub(super) fn close_endpoints(&self) {
        let endpoints = self.with(|inner| {
            inner.closed = true;
            let linger = options::timeout(inner.options.linger);
            for pipe in inner.table.ids() {
                inner.close_pipe(pipe, linger);
            }
            std::mem::take(&mut inner.endpoints)
        });
        for entry in endpoints {
            match entry.kind {
                EndpointKind::Listener { handle, id, file } => {
                    free(file.as_deref());
                    handle.unlisten(id);
                }
                EndpointKind::InprocBound => self.context.registry().unbind(inproc_name(&entry.name)),
                EndpointKind::Dialed | EndpointKind::InprocDialed => {}
            }
        }
    }

    /// The I/O thread of this socket; all its links have the same one, since they share a nest.
    fn io_thread(&self, operation: &'static str, text: &str) -> Result<ohmq_net::Handle> {
        let chosen = self.context.io_thread(operation, text)?;
        let nest = self.make_nest().map_err(|error| Error::from_io(&error, operation, text.to_owned()))?;
        Ok(match nest {
            Some(nest) => nest.settle(|| chosen),
            None => chosen,
        })
    }

    fn bind_inproc(&self, name: &str, text: &str) -> Result<String> {
        let Some(me) = self.me.upgrade() else {
            return Err(Error::new(ErrorCode::Enotsock, "bind", text.to_owned()));
        };
        let waiting = self.context.registry().bind(name, &me).ok_or_else(|| {
            Error::new(ErrorCode::Eaddrinuse, "bind", text.to_owned())
                .because("the name is taken in this context")
        })?;
        let id = ohmq_net::next_key();
        let bound = self.with(|inner| {
            inner.is_open("bind", text)?;
            inner.endpoints.push(Endpoint {
                id,
                name: text.to_owned(),
                given: text.to_owned(),
                kind: EndpointKind::InprocBound,
            });
            inner.last_endpoint = text.to_owned();
            Ok(text.to_owned())
        });
        if bound.is_err() {
            self.context.registry().unbind(name);
        }
        for end in waiting {
            self.join_inproc(end, id);
        }
        bound
    }

    fn connect_inproc(&self, name: &str, text: &str) -> Result<()> {
        let (near, far) = self.with(|inner| {
            let config = inner.options.link_config();
            InprocEnd::pair(config.send_hwm, config.recv_hwm)
        });
        let id = ohmq_net::next_key();
        let attached = self.with(|inner| -> Result<bool> {
            inner.is_open("connect", text)?;
            let config = inner.options.link_config();
            let folds = inner.pattern.delimits();
            near.join(std::sync::Weak::clone(&self.me), id, folds, config.send_hwm, config.recv_hwm);
            // What we are called is told before the far end can be joined.
            let routing_id = inner.options.routing_id.clone();
            inner.table.effects.push(Effect::Nudge(near.tell(InprocEvent::Joined(routing_id))));
            for topic in inner.pattern.subscriptions() {
                inner.table.effects.push(Effect::Nudge(near.tell(InprocEvent::Subscribe(topic))));
            }
            let mut slot = Slot::new(id, Channel::Inproc(Box::new(near)), id);
            let attach = !inner.options.immediate;
            slot.stage = if attach { Stage::Attached } else { Stage::Waiting };
            let named = inner.options.connect_routing_id.take();
            slot.named = named.clone().map(Box::new);
            let pipe = inner.table.insert(slot);
            let attached = !attach || inner.pattern.attach(pipe);
            if !attached {
                inner.table.remove(pipe);
            } else if let Some(routing_id) = named {
                inner.pattern.identify(pipe, routing_id);
            }
            inner.remember_connect(id, text, EndpointKind::InprocDialed);
            inner.table.effects.ring |= ohmq_queue::doorbell::OUT;
            Ok(attached)
        })?;
        // PAIR has its peer already: nobody hears of this one.
        if attached && let Some((core, far)) = self.context.registry().connect(name, far) {
            core.accept_inproc(far, name);
        }
        Ok(())
    }

    /// A connector found this socket's name.
    fn accept_inproc(&self, end: InprocEnd, name: &str) {
        let id = self.with(|inner| {
            let bound = |entry: &&Endpoint| inproc_name(&entry.name) == name;
            inner.endpoints.iter().find(bound).map_or(0, |entry| entry.id)
        });
        self.join_inproc(end, id);
    }

    /// Takes the far end of a pair that a connector made.
    fn join_inproc(&self, end: InprocEnd, endpoint: u64) {
        let key = ohmq_net::next_key();
        self.with(|inner| {
            let config = inner.options.link_config();
            if inner.closed {
                inner.table.effects.push(Effect::Nudge(end.tell(InprocEvent::Closed)));
                return;
            }
            let folds = inner.pattern.delimits();
            end.join(std::sync::Weak::clone(&self.me), key, folds, config.send_hwm, config.recv_hwm);
            let hello = InprocEvent::Joined(inner.options.routing_id.clone());
            inner.table.effects.push(Effect::Nudge(end.tell(hello)));
            inner.table.insert(Slot::new(key, Channel::Inproc(Box::new(end)), endpoint));
            // What the connector said and sent before we were here.
            inner.attend_inproc(key);
        });
    }
}

impl Inner {
    /// Fails when the socket was closed while the call was under way: whatever it made now, nobody would end.
    fn is_open(&self, operation: &'static str, text: &str) -> Result<()> {
        if !self.closed {
            return Ok(());
        }
        Err(Error::new(ErrorCode::Enotsock, operation, text.to_owned()).because("the socket is closed"))
    }

    /// A second `connect` to the same endpoint does nothing on DEALER, SUB, PUB and REQ, but over inproc (libzmq's rule).
    fn is_repeated(&self, text: &str, socket_type: SocketType) -> bool {
        matches!(socket_type, SocketType::Dealer | SocketType::Sub | SocketType::Pub | SocketType::Req)
            && self
                .endpoints
                .iter()
                .any(|entry| matches!(entry.kind, EndpointKind::Dialed) && entry.given == text)
    }

    fn remember_connect(&mut self, id: u64, text: &str, kind: EndpointKind) {
        self.last_endpoint = text.to_owned();
        self.endpoints.push(Endpoint { id, name: text.to_owned(), given: text.to_owned(), kind });
    }

    /// Ends what came of one endpoint: the connections a listener accepted, or the one that was dialled.
    fn end_pipes(&mut self, entry: &Endpoint, linger: Option<Duration>) {
        if matches!(entry.kind, EndpointKind::InprocBound) {
            // As in libzmq only the name is freed; peers that are connected stay.
            return;
        }
        for pipe in self.table.ids() {
            if self.table.get(pipe).is_some_and(|slot| slot.endpoint == entry.id) {
                self.close_pipe(pipe, linger);
            }
        }
    }
}

/// The path is free when the call returns, whatever the I/O thread is busy with.
fn free(file: Option<&BoundFile>) {
    if let Some(file) = file {
        file.remove();
    }
}

fn inproc_name(endpoint: &str) -> &str {
    endpoint.strip_prefix("inproc://").unwrap_or(endpoint)
}

fn refused(operation: &'static str, text: &str, error: &EndpointError) -> Error {
    Error::new(error.code, operation, text.to_owned()).because(error.reason)
}
