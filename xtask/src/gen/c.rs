//! C: the `ZMQ_*` constants of `zmq.h`.

use ohmq_spec::{
    ALL_EVENTS, ContextOption, DefaultValue, DeviceType, ErrorCode, Flag, GROUP_MAX_LENGTH, GssapiNameType,
    Mechanism, MessageProperty, MonitorEvent, NamedValueRow, NormMode, OptionRow, PollEvent, PropertyKey,
    ProtocolErrorCode, ReconnectStop, RouterNotify, SocketOption, SocketType, ZMQ_ERRNO_BASE,
};

use super::NOTICE;
use super::page::{Doc, Page};

pub fn files() -> Vec<(&'static str, String)> {
    vec![("bindings-c/include/ohmq_constants.h", header())]
}

/// One `#define`: name, value, sentence. Draft ones stand apart, as in `zmq.h`.
struct Define {
    name: String,
    value: String,
    doc: &'static str,
    stable: bool,
}

fn header() -> String {
    let mut page = Page::new();
    page.line(format!("/* {NOTICE} */"));
    page.lines("#ifndef OHMQ_CONSTANTS_H\n#define OHMQ_CONSTANTS_H\n\n#include <errno.h>");
    errors(&mut page);
    section(&mut page, "Context options", context_options());
    section(&mut page, "Socket types", socket_types());
    section(&mut page, "Socket options", options(SocketOption::ALL.iter().map(|each| each.row())));
    section(&mut page, "Message properties", message_properties());
    section(&mut page, "Send and receive flags", named(Flag::ALL.iter().map(|each| each.row())));
    section(&mut page, "Poll events", named(PollEvent::ALL.iter().map(|each| each.row())));
    section(&mut page, "Security mechanisms", mechanisms());
    section(&mut page, "Monitor events", events());
    section(&mut page, "Protocol errors", named(ProtocolErrorCode::ALL.iter().map(|each| each.row())));
    section(&mut page, "Values of ZMQ_ROUTER_NOTIFY", named(RouterNotify::ALL.iter().map(|each| each.row())));
    section(
        &mut page,
        "Values of ZMQ_RECONNECT_STOP",
        named(ReconnectStop::ALL.iter().map(|each| each.row())),
    );
    section(&mut page, "Values of ZMQ_NORM_MODE", named(NormMode::ALL.iter().map(|each| each.row())));
    let name_types = named(GssapiNameType::ALL.iter().map(|each| each.row()));
    section(&mut page, "Values of ZMQ_GSSAPI_PRINCIPAL_NAMETYPE", name_types);
    section(&mut page, "Devices", named(DeviceType::ALL.iter().map(|each| each.row())));
    page.blank();
    page.line("#endif /* OHMQ_CONSTANTS_H */");
    page.into_text()
}

fn errors(page: &mut Page) {
    page.blank();
    page.line("/* Errors. POSIX names come from the system where it has them. */");
    page.line(format!("#define ZMQ_HAUSNUMERO {ZMQ_ERRNO_BASE}"));
    let mut rows: Vec<_> = ErrorCode::ALL.iter().map(|each| each.row()).collect();
    rows.retain(|row| row.zmq_offset.is_some());
    rows.sort_by_key(|row| row.zmq_offset);
    for row in rows {
        let define =
            format!("#define {} (ZMQ_HAUSNUMERO + {})", row.name, row.zmq_offset.unwrap_or_default());
        page.line(format!("#ifndef {}\n{define} /* {} */\n#endif", row.name, row.doc));
    }
}

fn section(page: &mut Page, title: &str, defines: Vec<Define>) {
    page.blank();
    page.line(format!("/* {title} */"));
    let (stable, draft): (Vec<_>, Vec<_>) = defines.into_iter().partition(|define| define.stable);
    stable.iter().for_each(|define| put(page, define));
    if !draft.is_empty() {
        page.line("#ifdef ZMQ_BUILD_DRAFT_API");
        draft.iter().for_each(|define| put(page, define));
        page.line("#endif");
    }
}

fn put(page: &mut Page, define: &Define) {
    if !define.doc.is_empty() {
        page.doc(Doc::Block, define.doc);
    }
    page.line(format!("#define {} {}", define.name, define.value));
}

fn options(rows: impl Iterator<Item = &'static OptionRow>) -> Vec<Define> {
    let mut defines = Vec::new();
    for row in rows {
        let define = |name, value, doc| Define { name, value, doc, stable: row.stable };
        defines.push(define(row.zmq_name.to_owned(), row.id.to_string(), row.doc));
        for alias in row.aliases {
            defines.push(define(format!("ZMQ_{alias}"), row.zmq_name.to_owned(), ""));
        }
    }
    defines
}

/// ZMQ_IPV6 and ZMQ_BLOCKY number socket options too and stand in that list in `zmq.h`; IPV6 is in both tables.
fn context_options() -> Vec<Define> {
    let rows = || ContextOption::ALL.iter().map(|each| each.row());
    let mut defines = options(rows().filter(|row| row.zmq_name != SocketOption::Ipv6.row().zmq_name));
    for row in rows() {
        if let (DefaultValue::Int(value), true) = (row.default, DEFAULTS.contains(&row.zmq_name)) {
            let (name, value) = (format!("{}_DFLT", row.zmq_name), value.to_string());
            defines.push(Define { name, value, doc: "", stable: true });
        }
    }
    defines
}

/// The context options whose default `zmq.h` declares.
const DEFAULTS: [&str; 4] =
    ["ZMQ_IO_THREADS", "ZMQ_MAX_SOCKETS", "ZMQ_THREAD_PRIORITY", "ZMQ_THREAD_SCHED_POLICY"];

fn socket_types() -> Vec<Define> {
    let mut defines = Vec::new();
    for row in SocketType::ALL.iter().map(|each| each.row()) {
        let define =
            |name: &str, value, doc| Define { name: format!("ZMQ_{name}"), value, doc, stable: row.stable };
        defines.push(define(row.name, row.id.to_string(), row.doc));
        for alias in row.aliases {
            defines.push(define(alias, format!("ZMQ_{}", row.name), ""));
        }
    }
    let doc = "Longest name of a RADIO or DISH group, in bytes.";
    let (name, value) = ("ZMQ_GROUP_MAX_LENGTH".to_owned(), GROUP_MAX_LENGTH.to_string());
    defines.push(Define { name, value, doc, stable: true });
    defines
}

fn message_properties() -> Vec<Define> {
    let rows = MessageProperty::ALL.iter().map(|each| each.row()).filter(|row| row.in_header);
    let value = |key| match key {
        PropertyKey::Number(id) => id.to_string(),
        PropertyKey::Text(text) => format!("\"{text}\""),
    };
    let define = |row: &ohmq_spec::MessagePropertyRow| Define {
        name: row.zmq_name.to_owned(),
        value: value(row.key),
        doc: row.doc,
        stable: row.stable,
    };
    rows.map(define).collect()
}

fn mechanisms() -> Vec<Define> {
    let rows = Mechanism::ALL.iter().map(|each| each.row());
    let define = |row: &ohmq_spec::MechanismRow| Define {
        name: format!("ZMQ_{}", row.name),
        value: row.id.to_string(),
        doc: row.doc,
        stable: true,
    };
    rows.map(define).collect()
}

fn events() -> Vec<Define> {
    let mut defines = Vec::new();
    for row in MonitorEvent::ALL.iter().map(|each| each.row()) {
        let (name, value) = (row.zmq_name.to_owned(), format!("{:#06x}", row.id));
        defines.push(Define { name, value, doc: row.doc, stable: row.stable });
    }
    let mut mask = |name: &str, value: String, stable| {
        defines.push(Define { name: name.to_owned(), value, doc: "", stable });
    };
    mask("ZMQ_EVENT_ALL", format!("{ALL_EVENTS:#06x}"), true);
    mask("ZMQ_EVENT_ALL_V1", "ZMQ_EVENT_ALL".to_owned(), false);
    mask("ZMQ_EVENT_ALL_V2", "ZMQ_EVENT_ALL_V1 | ZMQ_EVENT_PIPES_STATS".to_owned(), false);
    defines
}

fn named(rows: impl Iterator<Item = &'static NamedValueRow>) -> Vec<Define> {
    let mut defines = Vec::new();
    for row in rows {
        let value = if row.value > 0xFFFF { format!("{:#x}", row.value) } else { row.value.to_string() };
        defines.push(Define { name: row.zmq_name.to_owned(), value, doc: row.doc, stable: row.stable });
        for alias in row.aliases {
            let (name, value) = (format!("ZMQ_{alias}"), row.zmq_name.to_owned());
            defines.push(Define { name, value, doc: "", stable: row.stable });
        }
    }
    defines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_name_is_defined_once() {
        let header = header();
        let names: Vec<_> =
            header.lines().filter_map(|line| line.strip_prefix("#define ")?.split(' ').next()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in
            ["ZMQ_SNDHWM", "ZMQ_XREQ", "ZMQ_BLOCKY", "ZMQ_IPV6", "ZMQ_EVENT_ALL_V2", "ETERM", "ZMQ_NOBLOCK"]
        {
            assert!(names.contains(&name), "{name}");
        }
    }
}
