//! Swift: enums of types, options and errors, and typed option properties on `Socket`.

use ohmq_spec::{ContextOption, ErrorCode, OptionRow, SocketOption, SocketType, Unit, ValueKind};

use super::NOTICE;
use super::page::{Doc, Page};
use super::words::{self, camel, option_doc, upper_camel};

/// What `events()` and the types of the socket and its messages tell better.
const BY_HAND: [SocketOption; 3] = [SocketOption::Events, SocketOption::Type, SocketOption::Rcvmore];

pub fn files() -> Vec<(&'static str, String)> {
    let mut page = Page::new();
    page.line(format!("// {NOTICE}"));
    socket_types(&mut page);
    let sockets: Vec<_> = SocketOption::ALL.iter().map(|each| each.row()).collect();
    options(&mut page, "SocketOption", "What can be set or read on a socket.", &sockets);
    let contexts: Vec<_> = ContextOption::ALL.iter().map(|each| each.row()).collect();
    options(&mut page, "ContextOption", "What can be set or read on a context.", &contexts);
    errors(&mut page);
    properties(&mut page);
    vec![("bindings-swift/Sources/OhMQ/Generated.swift", page.into_text())]
}

fn socket_types(page: &mut Page) {
    let rows = || SocketType::ALL.iter().map(|each| each.row());
    page.blank();
    page.doc(Doc::Slashes, "The kinds of socket.");
    page.block("public enum SocketType: Int32, Sendable, Hashable, CaseIterable {", "}", |page| {
        for row in rows() {
            page.doc(Doc::Slashes, row.doc);
            page.line(format!("case {} = {}", row.name.to_lowercase(), row.id));
        }
        page.blank();
        page.doc(Doc::Slashes, "The name on the wire, such as `XPUB`.");
        switch(page, "name: String", rows().map(|row| (row.name.to_lowercase(), format!("{:?}", row.name))));
        flag(page, "Whether an application may send on it.", "canSend", rows().filter(|row| !row.sends));
        flag(
            page,
            "Whether an application may receive on it.",
            "canReceive",
            rows().filter(|row| !row.receives),
        );
        let missing = rows().filter(|row| !row.implemented);
        flag(page, "Whether the engine implements it.", "isImplemented", missing);
    });
}

/// A computed property that is true but for the named rows.
fn flag<'a>(page: &mut Page, doc: &str, name: &str, but: impl Iterator<Item = &'a ohmq_spec::SocketTypeRow>) {
    let names: Vec<_> = but.map(|row| format!(".{}", row.name.to_lowercase())).collect();
    page.blank();
    page.doc(Doc::Slashes, doc);
    page.block(format!("public var {name}: Bool {{"), "}", |page| {
        page.block("switch self {", "}", |page| {
            page.line(format!("case {}: false", names.join(", ")));
            page.line("default: true");
        });
    });
}

/// A computed property with one value per case.
fn switch(page: &mut Page, head: &str, cases: impl Iterator<Item = (String, String)>) {
    page.block(format!("public var {head} {{"), "}", |page| {
        page.block("switch self {", "}", |page| {
            cases.for_each(|(case, value)| page.line(format!("case .{case}: {value}")));
        });
    });
}

fn options(page: &mut Page, name: &str, doc: &str, rows: &[&'static OptionRow]) {
    page.blank();
    page.doc(Doc::Slashes, doc);
    page.block(format!("public enum {name}: Int32, Sendable, Hashable, CaseIterable {{"), "}", |page| {
        let mut seen: Vec<&OptionRow> = Vec::new();
        for row in rows {
            page.doc(Doc::Slashes, &option_doc(row));
            let case = camel(row.long_name);
            // Swift allows one case per number; the second name becomes another way to write the first.
            match seen.iter().find(|before| before.id == row.id) {
                Some(before) => {
                    page.line(format!("public static let {case} = {name}.{}", camel(before.long_name)));
                }
                None => page.line(format!("case {case} = {}", row.id)),
            }
            seen.push(row);
        }
    });
}

fn errors(page: &mut Page) {
    let rows = || ErrorCode::ALL.iter().map(|each| each.row());
    page.blank();
    page.doc(
        Doc::Slashes,
        "What went wrong. The number is POSIX's (Linux's) where there is one, else ZeroMQ's own.",
    );
    page.block("public enum ErrorCode: Int32, Sendable, Hashable, CaseIterable {", "}", |page| {
        for row in rows() {
            page.doc(Doc::Slashes, row.doc);
            page.line(format!("case {} = {}", row.name.to_lowercase(), row.errno));
        }
        page.blank();
        page.doc(Doc::Slashes, "The POSIX or ZeroMQ name, such as `EAGAIN`.");
        switch(page, "name: String", rows().map(|row| (row.name.to_lowercase(), format!("{:?}", row.name))));
        page.blank();
        page.doc(Doc::Slashes, "The text shown to people.");
        switch(
            page,
            "message: String",
            rows().map(|row| (row.name.to_lowercase(), format!("{:?}", row.message))),
        );
    });
}

fn properties(page: &mut Page) {
    page.blank();
    page.lines(
        "// Properties can throw when they are read but not when they are set, so setting is a method.",
    );
    page.block("extension Socket {", "}", |page| {
        for (at, row) in words::property_rows(&BY_HAND).enumerate() {
            if at > 0 {
                page.blank();
            }
            property(page, row);
        }
    });
}

fn property(page: &mut Page, row: &OptionRow) {
    let (name, doc, kind) = (camel(row.long_name), option_doc(row), value_type(row));
    if row.readable {
        page.doc(Doc::Slashes, &doc);
        page.block(format!("public var {name}: {kind} {{"), "}", |page| {
            page.line(format!("get throws(OhMQError) {{ try get(.{name}) }}"));
        });
    }
    if row.readable && row.writable {
        page.blank();
    }
    if row.writable {
        page.doc(Doc::Slashes, &doc);
        page.block(
            format!("public func set{}(_ value: {kind}) throws(OhMQError) {{", upper_camel(row.long_name)),
            "}",
            |page| page.line(format!("try set(.{name}, to: value)")),
        );
    }
}

fn value_type(row: &OptionRow) -> &'static str {
    match row.kind {
        ValueKind::Bool => "Bool",
        ValueKind::Int if row.unit == Unit::Milliseconds => "Duration",
        ValueKind::Int => "Int",
        ValueKind::Int64 => "Int64",
        ValueKind::Uint64 => "UInt64",
        ValueKind::Bytes => "[UInt8]",
        ValueKind::Text => "String",
        ValueKind::Fd => "Int32",
    }
}
