//! Python: the constants under pyzmq's names, one exception class per error code, and options as typed properties.

use ohmq_spec::{
    ALL_EVENTS, ContextOption, DeviceType, ErrorCode, ErrorRow, Flag, Mechanism, MessageProperty,
    MonitorEvent, NamedValueRow, NormMode, OptionRow, PollEvent, PropertyKey, ProtocolErrorCode,
    ReconnectStop, RouterNotify, SocketOption, SocketType, ValueKind, ZMQ_ERRNO_BASE,
};

use super::NOTICE;
use super::page::{Doc, Page};
use super::words::{self, option_doc};

pub fn files() -> Vec<(&'static str, String)> {
    vec![
        ("bindings-python/python/ohmq/_constants.py", constants()),
        ("bindings-python/python/ohmq/_errors.py", errors()),
        ("bindings-python/python/ohmq/_options.py", options()),
    ]
}

/// One enum of the constants module.
struct Enum {
    name: &'static str,
    base: &'static str,
    doc: &'static str,
    /// Written before the members.
    prelude: &'static str,
    members: Vec<Member>,
}

/// One member: its name in the enum and as a module attribute, its value, and its sentence (none for an alias).
struct Member {
    name: String,
    flat: String,
    value: String,
    doc: String,
}

fn member(name: &str, value: impl ToString, doc: &str) -> Member {
    Member { name: name.to_owned(), flat: name.to_owned(), value: value.to_string(), doc: doc.to_owned() }
}

fn constants() -> String {
    let mut page = Page::new();
    page.line(format!("# {NOTICE}"));
    page.doc(
        Doc::Docstring,
        "The numbers of ZeroMQ, as enums and as module attributes, under pyzmq's names.",
    );
    page.lines("\nfrom __future__ import annotations\n\nfrom enum import Enum, IntEnum, IntFlag\n\n");
    let enums = enums();
    page.block("class _OptType(Enum):", "", |page| {
        page.doc(Doc::Docstring, "The type of an option's value, in pyzmq's terms.");
        page.lines("\nint = \"int\"\nint64 = \"int64\"\nbytes = \"bytes\"\nfd = \"fd\"");
    });
    enums.iter().for_each(|each| put_enum(&mut page, each));
    let mut names: Vec<String> = Vec::new();
    page.lines("\n");
    for each in &enums {
        names.push(each.name.to_owned());
        for Member { name, flat, .. } in &each.members {
            // Numbers that name a context option and a socket option belong to the socket option, as in pyzmq.
            if !names.contains(flat) {
                page.line(format!("{flat}: {0} = {0}.{name}", each.name));
                names.push(flat.clone());
            }
        }
    }
    page.blank();
    page.block("__all__ = [", "]", |page| names.iter().for_each(|name| page.line(format!("\"{name}\","))));
    page.into_text()
}

fn put_enum(page: &mut Page, each: &Enum) {
    page.lines("\n");
    page.block(format!("class {}({}):", each.name, each.base), "", |page| {
        page.doc(Doc::Docstring, each.doc);
        page.blank();
        if !each.prelude.is_empty() {
            page.lines(each.prelude);
            page.blank();
        }
        for Member { name, value, doc, .. } in &each.members {
            if !doc.is_empty() {
                page.doc(Doc::HashColon, doc);
            }
            page.line(format!("{name} = {value}"));
        }
    });
}

fn enums() -> Vec<Enum> {
    let plain = |name, doc, members| Enum { name, base: "IntEnum", doc, prelude: "", members };
    vec![
        plain("SocketType", "The kinds of socket.", socket_types()),
        socket_options(),
        plain("ContextOption", "What can be set or read on a context.", context_options()),
        plain("MessageOption", "What can be read from a message, by number.", message_options()),
        Enum {
            base: "IntFlag",
            ..plain("Flag", "Flags of send and receive.", named(Flag::ALL, Flag::row, ""))
        },
        Enum {
            base: "IntFlag",
            ..plain("PollEvent", "What to poll for.", named(PollEvent::ALL, PollEvent::row, ""))
        },
        events(),
        plain("SecurityMechanism", "How connections are secured.", mechanisms()),
        plain(
            "RouterNotify",
            "Values of ROUTER_NOTIFY.",
            named(RouterNotify::ALL, RouterNotify::row, "NOTIFY_"),
        ),
        plain(
            "ReconnectStop",
            "Values of RECONNECT_STOP.",
            named(ReconnectStop::ALL, ReconnectStop::row, "RECONNECT_STOP_"),
        ),
        plain("NormMode", "Values of NORM_MODE.", named(NormMode::ALL, NormMode::row, "NORM_")),
        plain("DeviceType", "The kinds of device.", named(DeviceType::ALL, DeviceType::row, "")),
        plain("Errno", "The numbers of the errors.", error_numbers()),
    ]
}

fn socket_types() -> Vec<Member> {
    let mut members = Vec::new();
    for row in SocketType::ALL.iter().map(|each| each.row()) {
        members.push(member(row.name, row.id, row.doc));
        members.extend(row.aliases.iter().map(|alias| member(alias, row.name, "")));
    }
    members
}

fn socket_options() -> Enum {
    let mut members =
        vec![member("HWM", 1, "Both high-water marks at once; understood by `Socket.set` only.")];
    for row in SocketOption::ALL.iter().map(|each| each.row()) {
        let name = python_name(row);
        let value = match opt_type(row.kind) {
            "int" => row.id.to_string(),
            other => format!("{}, _OptType.{other}", row.id),
        };
        members.push(member(&name, &value, &option_doc(row)));
        // By value: an alias by assignment would lose the type that goes with the number.
        members.extend(row.aliases.iter().map(|alias| member(alias, &value, "")));
    }
    Enum {
        name: "SocketOption",
        base: "IntEnum",
        doc: "What can be set or read on a socket.",
        prelude: "_opt_type: _OptType\n\n\
                  def __new__(cls, value: int, opt_type: _OptType = _OptType.int) -> SocketOption:\n    \
                  member = int.__new__(cls, value)\n    \
                  member._value_ = value\n    \
                  member._opt_type = opt_type\n    \
                  return member",
        members,
    }
}

fn context_options() -> Vec<Member> {
    let rows = ContextOption::ALL.iter().map(|each| each.row());
    rows.map(|row| member(&python_name(row), row.id, &option_doc(row))).collect()
}

fn message_options() -> Vec<Member> {
    let mut members = Vec::new();
    for row in MessageProperty::ALL.iter().map(|each| each.row()) {
        if let PropertyKey::Number(id) = row.key {
            members.push(member(row.zmq_name.trim_start_matches("ZMQ_"), id, row.doc));
        }
    }
    members
}

fn named<T: Copy>(all: &[T], row: impl Fn(T) -> &'static NamedValueRow, flat_prefix: &str) -> Vec<Member> {
    let mut members = Vec::new();
    for row in all.iter().map(|each| row(*each)) {
        let flat = |member: Member| Member { flat: format!("{flat_prefix}{}", member.name), ..member };
        members.push(flat(member(row.name, row.value, row.doc)));
        members.extend(row.aliases.iter().map(|alias| flat(member(alias, row.name, ""))));
    }
    members
}

/// The protocol errors stand before the events, whose numbers they contain as bits.
fn events() -> Enum {
    let mut members = Vec::new();
    for row in ProtocolErrorCode::ALL.iter().map(|each| each.row()) {
        members.push(member(row.zmq_name.trim_start_matches("ZMQ_"), format!("{:#x}", row.value), row.doc));
    }
    let mut event = |name: &str, value: String, doc: &str| {
        members.push(Member { flat: format!("EVENT_{name}"), ..member(name, value, doc) });
    };
    for row in MonitorEvent::ALL.iter().map(|each| each.row()) {
        event(row.name, format!("{:#06x}", row.id), row.doc);
    }
    event("ALL_V1", format!("{ALL_EVENTS:#06x}"), "All events of a monitor.");
    event("ALL", "ALL_V1".to_owned(), "");
    event("ALL_V2", "ALL_V1 | PIPES_STATS".to_owned(), "All events of a monitor, and the lengths of queues.");
    let doc = "What a socket monitor reports, and the protocol errors that come with a failed handshake.";
    Enum { name: "Event", base: "IntFlag", doc, prelude: "", members }
}

fn mechanisms() -> Vec<Member> {
    Mechanism::ALL.iter().map(|each| member(each.name(), each.id(), each.row().doc)).collect()
}

fn error_numbers() -> Vec<Member> {
    let number = |row: &ErrorRow| match row.errno {
        own if own > ZMQ_ERRNO_BASE => format!("{ZMQ_ERRNO_BASE} + {}", own - ZMQ_ERRNO_BASE),
        posix => posix.to_string(),
    };
    let rows = ErrorCode::ALL.iter().map(|each| each.row());
    rows.map(|row| member(row.name, number(row), row.doc)).collect()
}

fn python_name(row: &OptionRow) -> String {
    row.name.to_uppercase()
}

fn opt_type(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Bool | ValueKind::Int => "int",
        ValueKind::Int64 | ValueKind::Uint64 => "int64",
        ValueKind::Bytes | ValueKind::Text => "bytes",
        ValueKind::Fd => "fd",
    }
}

const ERRORS_HEAD: &str = r#"
from __future__ import annotations

from typing import ClassVar


class ZMQBaseError(Exception):
    """The base of every exception of this package."""


class ZMQError(ZMQBaseError):
    """An operation failed.

    `errno` is the error's number and `name` its POSIX or ZeroMQ name, `strerror` says what went wrong, `operation` what
    was tried, and `subject` on what.
    """

    #: The number of a class that stands for one error; 0 for this one.
    code: ClassVar[int] = 0

    errno: int | None = None
    strerror: str = ""
    operation: str = ""
    subject: str = ""

    def __init__(
        self,
        errno: int | str | None = None,
        msg: str | None = None,
        operation: str = "",
        subject: str = "",
    ) -> None:
        if self.code:
            # As in pyzmq, a class that stands for one error does not care which number it is given.
            self.errno = self.code
        elif isinstance(errno, int):
            self.errno = errno
        elif msg is None and errno is not None:
            msg = errno
        self.strerror = strerror(self.errno or 0) if msg is None else msg
        self.operation = operation
        self.subject = subject

    @property
    def name(self) -> str:
        """The POSIX or ZeroMQ name of the error, for instance "EAGAIN"; empty for a number without one."""
        return _NAMES.get(self.errno or 0, "")

    def __str__(self) -> str:
        return self.strerror

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"
"#;

const ERRORS_TAIL: &str = r#"

def error_class(errno: int) -> type[ZMQError]:
    """The class that stands for this number; `ZMQError` itself for a number without one."""
    return _CLASSES.get(errno, ZMQError)


def strerror(errno: int) -> str:
    """The text of this number."""
    return _TEXTS.get(errno) or f"Unknown error {errno}"
"#;

fn errors() -> String {
    let mut page = Page::new();
    page.line(format!("# {NOTICE}"));
    page.doc(Doc::Docstring, "The exceptions: one class for each error code, all of them a ZMQError.");
    page.lines(ERRORS_HEAD);
    let rows: Vec<_> = ErrorCode::ALL.iter().map(|each| each.row()).collect();
    for row in &rows {
        page.lines("\n");
        // A loop that waits for InterruptedError must see ours.
        let bases = if row.name == "EINTR" { "ZMQError, InterruptedError" } else { "ZMQError" };
        page.block(format!("class {}({bases}):", row.class_name), "", |page| {
            page.doc(Doc::Docstring, &format!("{}: {}", row.name, row.doc));
            page.lines(&format!("\ncode = {}", row.errno));
        });
    }
    page.lines("\n");
    let mut table = |head: &str, value: fn(&ErrorRow) -> String| {
        page.block(head, "}", |page| {
            rows.iter().for_each(|row| page.line(format!("{}: {},", row.errno, value(row))));
        });
    };
    table("_CLASSES: dict[int, type[ZMQError]] = {", |row| row.class_name.to_owned());
    table("_NAMES: dict[int, str] = {", |row| format!("\"{}\"", row.name));
    table("_TEXTS: dict[int, str] = {", |row| format!("\"{}\"", row.message));
    page.lines(ERRORS_TAIL);
    page.lines("\n");
    page.block("__all__ = [", "]", |page| {
        let own = ["ZMQBaseError", "ZMQError", "error_class", "strerror"].into_iter();
        own.chain(rows.iter().map(|row| row.class_name)).for_each(|name| page.line(format!("\"{name}\",")));
    });
    page.into_text()
}

const OPTIONS_HEAD: &str = r#"
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class _Options(ABC):
    """What the properties below are made of: one way to read an option and one to set it, by number."""

    @abstractmethod
    def get(self, option: int) -> Any:
        """Reads the option of this number."""

    @abstractmethod
    def set(self, option: int, value: Any) -> None:
        """Sets the option of this number."""
"#;

fn options() -> String {
    let mut page = Page::new();
    page.line(format!("# {NOTICE}"));
    page.doc(
        Doc::Docstring,
        "Options as typed properties, in lower case: `socket.linger`, `context.io_threads`.",
    );
    page.lines(OPTIONS_HEAD);
    let sockets = words::property_rows(&[]).collect::<Vec<_>>();
    mixin(&mut page, "SocketOptions", "The options of a socket as properties.", &sockets);
    let contexts = ContextOption::ALL.iter().map(|each| each.row()).collect::<Vec<_>>();
    mixin(&mut page, "ContextOptions", "The options of a context as properties.", &contexts);
    page.into_text()
}

fn mixin(page: &mut Page, name: &str, doc: &str, rows: &[&OptionRow]) {
    page.lines("\n");
    page.block(format!("class {name}(_Options):"), "", |page| {
        page.doc(Doc::Docstring, doc);
        for row in rows {
            property(page, row);
            row.aliases
                .iter()
                .for_each(|alias| page.line(format!("{} = {}", alias.to_lowercase(), row.name)));
        }
    });
}

fn property(page: &mut Page, row: &OptionRow) {
    let (name, id, kind) = (row.name, row.id, type_name(row.kind));
    let (get, set) = (format!("return self.get({id})"), format!("self.set({id}, value)"));
    let doc = option_doc(row);
    page.blank();
    if !row.readable {
        page.block(format!("def _set_{name}(self, value: {kind}) -> None:"), "", |page| page.line(&set));
        page.blank();
        page.line(format!("{name} = property(None, _set_{name}, None, {doc:?})"));
        return;
    }
    page.line("@property");
    page.block(format!("def {name}(self) -> {kind}:"), "", |page| {
        page.doc(Doc::Docstring, &doc);
        page.line(&get);
    });
    if row.writable {
        page.blank();
        page.line(format!("@{name}.setter"));
        page.block(format!("def {name}(self, value: {kind}) -> None:"), "", |page| page.line(&set));
    }
}

fn type_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Bool => "bool",
        ValueKind::Int | ValueKind::Int64 | ValueKind::Uint64 | ValueKind::Fd => "int",
        ValueKind::Bytes | ValueKind::Text => "bytes",
    }
}
