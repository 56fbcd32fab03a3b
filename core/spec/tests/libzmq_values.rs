//! The tables against a list of libzmq's names and numbers that was written down apart from them.

use std::collections::BTreeMap;

use ohmq_spec::{
    ALL_EVENTS, ContextOption, DeviceType, ErrorCode, Flag, GROUP_MAX_LENGTH, GssapiNameType, Mechanism,
    MessageProperty, MonitorEvent, NamedValueRow, NormMode, PollEvent, PropertyKey, ProtocolErrorCode,
    ReconnectStop, RouterNotify, SocketOption, SocketType, ZMQ_ERRNO_BASE,
};

/// What the C header declares and no table has: defaults and limits of its own, versions.
const NOT_IN_TABLES: [&str; 6] = [
    "ZMQ_IO_THREADS_DFLT",
    "ZMQ_MAX_SOCKETS_DFLT",
    "ZMQ_POLLITEMS_DFLT",
    "ZMQ_HAS_CAPABILITIES",
    "ZMQ_CURRENT_EVENT_VERSION",
    "ZMQ_CURRENT_EVENT_VERSION_DRAFT",
];

/// What OhMQ has and libzmq has not.
const OUR_OWN: [&str; 1] = ["ZMQ_SPIN"];

#[test]
fn every_name_has_libzmqs_number() {
    let (ours, theirs) = (tables(), list());
    for (name, value) in &theirs {
        if !NOT_IN_TABLES.contains(&name.as_str()) {
            assert_eq!(ours.get(name), Some(value), "{name}");
        }
    }
    for name in ours.keys().filter(|name| !OUR_OWN.contains(&name.as_str())) {
        assert!(theirs.contains_key(name), "{name} is not a name of libzmq");
    }
}

#[test]
fn the_lists_are_as_long_as_libzmqs() {
    assert_eq!(SocketType::ALL.len(), 21);
    assert_eq!(SocketOption::ALL.len(), 112);
    assert_eq!(MonitorEvent::ALL.len(), 16);
    let mut ids: Vec<_> = ContextOption::ALL.iter().map(|each| each.id()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 13);
    assert_eq!(ErrorCode::ALL.iter().filter(|each| each.errno() > ZMQ_ERRNO_BASE).count(), 4);
}

fn list() -> BTreeMap<String, i64> {
    let lines = include_str!("libzmq_values.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').expect("name and value"))
        .map(|(name, value)| (name.to_owned(), number(value)))
        .collect()
}

fn number(text: &str) -> i64 {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).expect("hexadecimal"),
        None => text.parse().expect("decimal"),
    }
}

fn tables() -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    let mut put = |name: &str, value: i64| {
        let before = all.insert(name.to_owned(), value);
        assert!(before.is_none_or(|before| before == value), "{name} is {before:?} and {value}");
    };
    put("ZMQ_HAUSNUMERO", ZMQ_ERRNO_BASE.into());
    put("ZMQ_EVENT_ALL", ALL_EVENTS.into());
    put("ZMQ_GROUP_MAX_LENGTH", GROUP_MAX_LENGTH as i64);
    for each in SocketType::ALL {
        put(&format!("ZMQ_{}", each.name()), each.id().into());
    }
    for row in SocketOption::ALL
        .iter()
        .map(|each| each.row())
        .chain(ContextOption::ALL.iter().map(|each| each.row()))
    {
        put(row.zmq_name, row.id.into());
    }
    for row in MonitorEvent::ALL.iter().map(|each| each.row()) {
        put(row.zmq_name, row.id.into());
    }
    for each in Mechanism::ALL {
        put(&format!("ZMQ_{}", each.name()), each.id().into());
    }
    for each in MessageProperty::ALL {
        if let PropertyKey::Number(id) = each.key() {
            put(each.row().zmq_name, id.into());
        }
    }
    for row in named_values() {
        put(row.zmq_name, row.value.into());
    }
    all
}

fn named_values() -> impl Iterator<Item = &'static NamedValueRow> {
    let flags = Flag::ALL.iter().map(|each| each.row()).chain(PollEvent::ALL.iter().map(|each| each.row()));
    let choices = RouterNotify::ALL.iter().map(|each| each.row());
    let choices = choices.chain(ReconnectStop::ALL.iter().map(|each| each.row()));
    let choices = choices.chain(NormMode::ALL.iter().map(|each| each.row()));
    let choices = choices.chain(DeviceType::ALL.iter().map(|each| each.row()));
    let choices = choices.chain(GssapiNameType::ALL.iter().map(|each| each.row()));
    flags.chain(choices).chain(ProtocolErrorCode::ALL.iter().map(|each| each.row()))
}
