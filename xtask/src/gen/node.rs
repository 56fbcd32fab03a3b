//! TypeScript: constants, and options as properties under zeromq.js's names.

use ohmq_spec::{
    Applies, ContextOption, Effect, ErrorCode, Mechanism, MonitorEvent, NamedValueRow, OptionRow,
    ProtocolErrorCode, SocketOption, SocketType, ValueKind,
};

use super::NOTICE;
use super::page::{Doc, Page};
use super::words::{self, camel, option_doc};

/// `readable` and `writable`, and `events` is the monitor, in zeromq.js; messages are whole, and descriptors stay inside.
const BY_HAND: [SocketOption; 3] = [SocketOption::Events, SocketOption::Fd, SocketOption::Rcvmore];

pub fn files() -> Vec<(&'static str, String)> {
    let mut page = Page::new();
    page.line(format!("// {NOTICE}"));
    constants(&mut page);
    page.lines(PROPERTIES);
    let groups = groups();
    groups.iter().for_each(|group| put_group(&mut page, group));
    by_type(&mut page, &groups);
    vec![("bindings-node/src-ts/generated.ts", page.into_text())]
}

/// Options that become properties of the same classes.
struct Group {
    /// The interface with their types.
    interface: String,
    /// The constant with their definitions.
    constant: String,
    doc: String,
    rows: Vec<&'static OptionRow>,
}

fn constants(page: &mut Page) {
    let types = SocketType::ALL.iter().map(|each| each.row());
    let types = types.map(|row| (row.class_name.to_owned(), row.id.to_string(), row.doc.to_owned()));
    object(page, "SocketType", "The kinds of socket, by class name.", types);
    let option = |row: &OptionRow| (row.name.to_uppercase(), row.id.to_string(), option_doc(row));
    let sockets = SocketOption::ALL.iter().map(|each| option(each.row()));
    object(page, "SocketOption", "What can be set or read on a socket, under libzmq's names.", sockets);
    let contexts = ContextOption::ALL.iter().map(|each| option(each.row()));
    object(page, "ContextOption", "What can be set or read on a context, under libzmq's names.", contexts);
    let errors = ErrorCode::ALL.iter().map(|each| each.row());
    let errors = errors.map(|row| (row.name.to_owned(), row.errno.to_string(), row.doc.to_owned()));
    object(page, "ErrorCode", "What went wrong: the number of each error.", errors);
    let texts = ErrorCode::ALL
        .iter()
        .map(|each| (each.name().to_owned(), format!("{:?}", each.message()), String::new()));
    object(page, "errorMessages", "The text of each error.", texts);
    let events = MonitorEvent::ALL.iter().map(|each| each.row());
    let events =
        events.map(|row| (format!("{:?}", row.node_name), format!("{:#06x}", row.id), row.doc.to_owned()));
    object(page, "MonitorEvent", "What a socket monitor reports: the number of each event.", events);
    let problem =
        |row: &NamedValueRow| (row.zmq_name.replace("ZMQ_PROTOCOL_ERROR", "ERR"), row.value, row.doc);
    let problems = ProtocolErrorCode::ALL.iter().map(|each| problem(each.row()));
    let problems = problems.map(|(name, value, doc)| (name, format!("{value:#010x}"), doc.to_owned()));
    object(page, "ProtocolErrorCode", "Why a handshake failed: the number of each protocol error.", problems);
}

/// A constant object and the type of its values. `enum` would need a compiler to be used, objects do not.
fn object(page: &mut Page, name: &str, doc: &str, entries: impl Iterator<Item = (String, String, String)>) {
    page.blank();
    page.doc(Doc::Block, doc);
    page.block(format!("export const {name} = {{"), "} as const", |page| {
        for (key, value, doc) in entries {
            if !doc.is_empty() {
                page.doc(Doc::Block, &doc);
            }
            page.line(format!("{key}: {value},"));
        }
    });
    if name.starts_with(char::is_uppercase) {
        page.line(format!("export type {name} = (typeof {name})[keyof typeof {name}]"));
    }
}

const PROPERTIES: &str = r#"
/** The name of a class of sockets. */
export type SocketTypeName = keyof typeof SocketType

/** What an option's value is across the boundary. */
export type OptionValue = boolean | number | bigint | string | Uint8Array

/** What the accessors made by {@link defineOptions} call. */
export interface OptionHost {
    _getOption(id: number): OptionValue
    _setOption(id: number, value: OptionValue): void
}

/** An option as a property of a class. */
export interface OptionProperty {
    readonly name: string
    readonly id: number
    readonly kind: "bool" | "int" | "int64" | "uint64" | "bytes" | "text"
    readonly readable: boolean
    readonly writable: boolean
    /** Whether a new value concerns only later binds and connects. */
    readonly next: boolean
    /** The values behind 0, 1, 2 …, where they have names. */
    readonly values?: readonly (string | null)[]
}

/** Adds one accessor per option to the prototype of a class. An accessor that is there already stays. */
export function defineOptions(prototype: object, properties: readonly OptionProperty[]): void {
    for (const property of properties) {
        if (Object.prototype.hasOwnProperty.call(prototype, property.name)) {
            continue
        }
        const descriptor: PropertyDescriptor = {configurable: true, enumerable: true}
        if (property.readable) {
            descriptor.get = function (this: OptionHost) {
                return fromNative(property, this._getOption(property.id))
            }
        }
        if (property.writable) {
            descriptor.set = function (this: OptionHost, value: unknown) {
                this._setOption(property.id, toNative(property, value))
            }
        }
        Object.defineProperty(prototype, property.name, descriptor)
    }
}

/** A value as zeromq.js gives it: numbers, booleans, text; null for no text. */
function fromNative(property: OptionProperty, value: OptionValue): unknown {
    if (property.values) {
        return property.values[Number(value)]
    }
    switch (property.kind) {
        case "bool":
            return Boolean(value)
        case "bytes":
        case "text": {
            const text = typeof value === "string" ? value : Buffer.from(value as Uint8Array).toString()
            return text === "" ? null : text
        }
        default:
            return Number(value)
    }
}

/** A value as the engine takes it. What has the wrong type is passed on for the engine to refuse. */
function toNative(property: OptionProperty, value: unknown): OptionValue {
    if (property.values) {
        return property.values.indexOf(value as string | null)
    }
    switch (property.kind) {
        case "bytes":
            return typeof value === "string" || value === null ? Buffer.from(value ?? "") : (value as Uint8Array)
        case "text":
            return value === null ? "" : (value as string)
        case "int64":
        case "uint64":
            return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : (value as OptionValue)
        default:
            return value as OptionValue
    }
}
"#;

fn groups() -> Vec<Group> {
    let rows = || words::property_rows(&BY_HAND);
    let group = |name: &str, doc: &str, rows: Vec<_>| Group {
        interface: format!("{name}Options"),
        constant: format!("{}Properties", camel_class(name)),
        doc: doc.to_owned(),
        rows,
    };
    let common = |wanted| rows().filter(|row| row.meant_for == Applies::All && side(row) == wanted).collect();
    let mut groups = vec![
        group(
            "Context",
            "The options of a context.",
            ContextOption::ALL.iter().map(|each| each.row()).collect(),
        ),
        group("Socket", "The options of every socket.", common(Side::Both)),
        group("Writable", "The options of sockets that can send.", common(Side::Send)),
        group("Readable", "The options of sockets that can receive.", common(Side::Receive)),
    ];
    for each in SocketType::ALL {
        let own = rows().filter(|row| row.meant_for != Applies::All && row.meant_for.to(*each)).collect();
        let doc = format!("The options of {} sockets alone.", each.name());
        groups.push(group(each.row().class_name, &doc, own));
    }
    groups
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Both,
    Send,
    Receive,
}

fn side(row: &OptionRow) -> Side {
    match row.long_name {
        name if name.starts_with("send_") || name == "multicast_hops" => Side::Send,
        name if name.starts_with("receive_") => Side::Receive,
        _ => Side::Both,
    }
}

fn put_group(page: &mut Page, group: &Group) {
    page.blank();
    page.doc(Doc::Block, &group.doc);
    page.block(format!("export interface {} {{", group.interface), "}", |page| {
        for row in &group.rows {
            page.doc(
                Doc::Block,
                &if row.readable { option_doc(row) } else { format!("{} Write only.", option_doc(row)) },
            );
            let readonly = if row.writable { "" } else { "readonly " };
            page.line(format!("{readonly}{}: {}", name(row), value_type(row)));
        }
    });
    page.blank();
    page.block(format!("export const {}: readonly OptionProperty[] = [", group.constant), "]", |page| {
        group.rows.iter().for_each(|row| page.line(format!("{},", property(row))));
    });
}

fn property(row: &OptionRow) -> String {
    let kind = match row.kind {
        ValueKind::Bool => "bool",
        ValueKind::Int | ValueKind::Fd => "int",
        ValueKind::Int64 => "int64",
        ValueKind::Uint64 => "uint64",
        ValueKind::Bytes => "bytes",
        ValueKind::Text => "text",
    };
    let access = format!(
        "readable: {}, writable: {}, next: {}",
        row.readable,
        row.writable,
        row.effect == Effect::Next
    );
    let values = if has_named_values(row) {
        format!(", values: [{}]", mechanisms().join(", "))
    } else {
        String::new()
    };
    format!("{{name: \"{}\", id: {}, kind: \"{kind}\", {access}{values}}}", name(row), row.id)
}

fn value_type(row: &OptionRow) -> String {
    match row.kind {
        _ if has_named_values(row) => mechanisms().join(" | "),
        ValueKind::Bool => "boolean".to_owned(),
        ValueKind::Int | ValueKind::Int64 | ValueKind::Uint64 | ValueKind::Fd => "number".to_owned(),
        ValueKind::Bytes | ValueKind::Text => "string | null".to_owned(),
    }
}

fn has_named_values(row: &OptionRow) -> bool {
    std::ptr::eq(row, SocketOption::Mechanism.row())
}

/// The names of the mechanisms as zeromq.js has them: none for NULL.
fn mechanisms() -> Vec<String> {
    let name = |each: &Mechanism| match each {
        Mechanism::Null => "null".to_owned(),
        other => format!("\"{}\"", other.name().to_lowercase()),
    };
    Mechanism::ALL.iter().map(name).collect()
}

fn name(row: &OptionRow) -> String {
    row.node_name.map_or_else(|| camel(row.long_name), str::to_owned)
}

/// `XPublisher` as `xPublisher`.
fn camel_class(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// Which groups each class has.
fn by_type(page: &mut Page, groups: &[Group]) {
    page.blank();
    page.doc(Doc::Block, "Every option of each class of sockets.");
    page.block("export interface OptionsByType {", "}", |page| {
        parts(groups).for_each(|(class, parts)| {
            let names: Vec<_> = parts.iter().map(|group| group.interface.as_str()).collect();
            page.line(format!("{class}: {}", names.join(" & ")));
        });
    });
    page.blank();
    page.doc(Doc::Block, "Every option of each class of sockets, as properties.");
    page.block(
        "export const propertiesByType: Readonly<Record<SocketTypeName, readonly OptionProperty[]>> = {",
        "}",
        |page| {
            parts(groups).for_each(|(class, parts)| {
                let names: Vec<_> = parts.iter().map(|group| format!("...{}", group.constant)).collect();
                page.line(format!("{class}: [{}],", names.join(", ")));
            });
        },
    );
}

fn parts(groups: &[Group]) -> impl Iterator<Item = (&'static str, Vec<&Group>)> {
    SocketType::ALL.iter().map(|each| {
        let class = each.row().class_name;
        let mut interfaces = vec!["SocketOptions".to_owned()];
        interfaces.extend(each.sends().then(|| "WritableOptions".to_owned()));
        interfaces.extend(each.receives().then(|| "ReadableOptions".to_owned()));
        interfaces.push(format!("{class}Options"));
        let find =
            |name: &String| groups.iter().find(|group| group.interface == *name && !group.rows.is_empty());
        (class, interfaces.iter().filter_map(find).collect())
    })
}
