//! The reference page: every table, for readers.

use ohmq_spec::{
    ContextOption, Effect, ErrorCode, EventValue, Flag, Mechanism, MessageProperty, MonitorEvent,
    NamedValueRow, OptionRow, PollEvent, PropertyKey, ProtocolErrorCode, SocketOption, SocketType, Transport,
    ValueKind,
};

use super::NOTICE;
use super::page::Page;
use super::words::{default_value, range, types};

pub fn files() -> Vec<(&'static str, String)> {
    let mut page = Page::new();
    page.line(format!("<!-- {NOTICE} -->\n"));
    page.lines(HEAD);
    socket_types(&mut page);
    socket_options(&mut page);
    context_options(&mut page);
    errors(&mut page);
    events(&mut page);
    messages(&mut page);
    transports(&mut page);
    vec![("docs/reference.md", page.into_text())]
}

const HEAD: &str = "# Reference

The socket types, options, errors and events of OhMQ, with the numbers and names all languages share. *not yet* marks what is
known by name but not implemented: using it fails with `ENOTSUP` (a transport: `EPROTONOSUPPORT`). *draft* marks what libzmq
declares in its draft section.";

/// A section with a table: a line of text, the heads of the columns, and the rows.
fn table(page: &mut Page, title: &str, text: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    page.lines(&format!("\n## {title}\n\n"));
    if !text.is_empty() {
        page.lines(&format!("{text}\n\n"));
    }
    page.line(format!("| {} |", heads.join(" | ")));
    page.line(format!("|{}", "---|".repeat(heads.len())));
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| if cell.is_empty() { "—" } else { cell }).collect();
        page.line(format!("| {} |", cells.join(" | ")));
    }
}

fn support(implemented: bool, stable: bool) -> String {
    let support = if implemented { "yes" } else { "not yet" };
    if stable { support.to_owned() } else { format!("{support}, draft") }
}

fn socket_types(page: &mut Page) {
    let rows = SocketType::ALL.iter().map(|each| each.row()).map(|row| {
        let peers: Vec<_> = row.peers.iter().map(|peer| peer.name()).collect();
        let direction = match (row.sends, row.receives) {
            (true, true) => "both",
            (true, false) => "sends",
            _ => "receives",
        };
        let id = row.id.to_string();
        let support = support(row.implemented, row.stable);
        vec![
            id,
            format!("`{}`", row.name),
            peers.join(", "),
            direction.to_owned(),
            row.doc.to_owned(),
            support,
        ]
    });
    table(
        page,
        "Socket types",
        "",
        &["Id", "Type", "Talks to", "Direction", "What it does", "Implemented"],
        rows,
    );
}

fn option_cells(row: &OptionRow) -> Vec<String> {
    let kind = match row.kind {
        ValueKind::Bool => "bool",
        ValueKind::Int => "int",
        ValueKind::Int64 => "int64",
        ValueKind::Uint64 => "uint64",
        ValueKind::Bytes => "bytes",
        ValueKind::Text => "text",
        ValueKind::Fd => "descriptor",
    };
    let access = match (row.readable, row.writable) {
        (true, true) => "get, set",
        (true, false) => "get",
        _ => "set",
    };
    let doc = if row.deprecated { format!("{} *Deprecated.*", row.doc) } else { row.doc.to_owned() };
    vec![
        row.id.to_string(),
        format!("`{}`", row.name.to_uppercase()),
        kind.to_owned(),
        access.to_owned(),
        default_value(row).unwrap_or_default(),
        range(row),
        doc,
        support(row.implemented, row.stable),
    ]
}

fn socket_options(page: &mut Page) {
    let text = "*Takes effect*: *at once*, on *later* binds and connects, or at *close*. *For* names the socket types on which the
option makes a difference; those in italics are also the only ones that accept it, all others answer `EINVAL`. A value outside the
range is `EINVAL` too.";
    let heads = [
        "Id",
        "Option",
        "Type",
        "Access",
        "Default",
        "Range",
        "What it does",
        "Implemented",
        "For",
        "Takes effect",
    ];
    let rows = SocketOption::ALL.iter().map(|each| each.row()).map(|row| {
        let mut cells = option_cells(row);
        let meant_for = types(row.meant_for);
        cells.push(if row.applies == ohmq_spec::Applies::All { meant_for } else { format!("*{meant_for}*") });
        let effect = match row.effect {
            Effect::Live => "at once",
            Effect::Next => "later",
            Effect::Close => "close",
            Effect::Never => "",
        };
        cells.push(effect.to_owned());
        cells
    });
    table(page, "Socket options", text, &heads, rows);
}

fn context_options(page: &mut Page) {
    let heads = ["Id", "Option", "Type", "Access", "Default", "Range", "What it does", "Implemented"];
    let rows = ContextOption::ALL.iter().map(|each| option_cells(each.row()));
    table(page, "Context options", "To be set before the first socket of the context is made.", &heads, rows);
}

fn errors(page: &mut Page) {
    let text = "The numbers are Linux's, or ZeroMQ's own, on every platform. *Class* is the exception class in languages that have
one per code.";
    let rows = ErrorCode::ALL.iter().map(|each| each.row()).map(|row| {
        let name = format!("`{}`", row.name);
        vec![
            name,
            row.errno.to_string(),
            row.class_name.to_owned(),
            row.message.to_owned(),
            row.doc.to_owned(),
        ]
    });
    table(page, "Errors", text, &["Code", "Number", "Class", "Text", "When"], rows);
}

fn events(page: &mut Page) {
    let value = |value| match value {
        EventValue::Nothing => "",
        EventValue::Descriptor => "descriptor",
        EventValue::Errno => "error number",
        EventValue::Milliseconds => "milliseconds",
        EventValue::ProtocolError => "protocol error",
        EventValue::Status => "300, 400 or 500",
        EventValue::QueueLengths => "two queue lengths",
    };
    let rows = MonitorEvent::ALL.iter().map(|each| each.row()).map(|row| {
        let (id, name) = (format!("{:#06x}", row.id), format!("`{}`", row.name));
        vec![id, name, value(row.value).to_owned(), row.doc.to_owned(), support(row.implemented, row.stable)]
    });
    table(page, "Monitor events", "", &["Bit", "Event", "Value", "When", "Implemented"], rows);
    let rows = ProtocolErrorCode::ALL
        .iter()
        .map(|each| each.row())
        .map(|row| vec![format!("{:#010x}", row.value), format!("`{}`", row.name), row.doc.to_owned()]);
    let text = "Why a peer was refused: the value of `HANDSHAKE_FAILED_PROTOCOL`.";
    table(page, "Protocol errors", text, &["Number", "Name", "When"], rows);
}

fn messages(page: &mut Page) {
    let named = |row: &NamedValueRow| {
        let support = support(row.implemented, row.stable);
        vec![row.value.to_string(), format!("`{}`", row.name), row.doc.to_owned(), support]
    };
    let flags = Flag::ALL.iter().map(|each| named(each.row()));
    table(page, "Send and receive flags", "", &["Bit", "Flag", "What it does", "Implemented"], flags);
    let polls = PollEvent::ALL.iter().map(|each| named(each.row()));
    table(page, "Poll events", "", &["Bit", "Event", "When", "Implemented"], polls);
    let rows = MessageProperty::ALL.iter().map(|each| each.row()).map(|row| {
        let key = match row.key {
            PropertyKey::Number(id) => id.to_string(),
            PropertyKey::Text(text) => format!("`{text}`"),
        };
        let name = format!("`{}`", row.zmq_name.trim_start_matches("ZMQ_"));
        vec![key, name, row.doc.to_owned(), support(row.implemented, row.stable)]
    });
    table(page, "Message properties", "", &["Key", "Property", "What it says", "Implemented"], rows);
}

fn transports(page: &mut Page) {
    let rows = Transport::ALL.iter().map(|each| each.row()).map(|row| {
        let sockets = match (row.binds == row.connects, types(row.binds)) {
            (true, names) if names.len() > 40 => "all but DGRAM".to_owned(),
            (true, names) => names,
            (false, names) => format!("bind: {names}; connect: {}", types(row.connects)),
        };
        vec![format!("`{}`", row.scheme), sockets, row.doc.to_owned(), support(row.implemented, row.stable)]
    });
    table(page, "Transports", "", &["Scheme", "Socket types", "What it is", "Implemented"], rows);
    let rows = Mechanism::ALL.iter().map(|each| each.row()).map(|row| {
        vec![
            row.id.to_string(),
            format!("`{}`", row.name),
            row.doc.to_owned(),
            support(row.implemented, true),
        ]
    });
    table(page, "Security mechanisms", "", &["Id", "Mechanism", "What it does", "Implemented"], rows);
}
