//! Names and sentences on their way from the tables into a language.

use ohmq_spec::{Applies, DefaultValue, Effect, OptionRow, Range, SocketOption, Unit, ValueKind};

/// The rows of the socket options that become properties: all but subscriptions, which are methods everywhere, and those that
/// a language writes `by_hand`.
pub fn property_rows(by_hand: &[SocketOption]) -> impl Iterator<Item = &'static OptionRow> {
    let methods = [SocketOption::Subscribe, SocketOption::Unsubscribe];
    let wanted = move |each: &&SocketOption| !methods.contains(each) && !by_hand.contains(each);
    SocketOption::ALL.iter().filter(wanted).map(|each| each.row())
}

/// `send_high_water_mark` or `SEND_HIGH_WATER_MARK` as `sendHighWaterMark`.
pub fn camel(name: &str) -> String {
    let upper = upper_camel(name);
    let mut letters = upper.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// `send_high_water_mark` or `SEND_HIGH_WATER_MARK` as `SendHighWaterMark`.
pub fn upper_camel(name: &str) -> String {
    name.split('_').map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect()
}

/// A row's sentence, followed by what a reader has to know before using it.
pub fn option_doc(row: &OptionRow) -> String {
    let mut doc = row.doc.to_owned();
    if let Some(default) = default_value(row) {
        doc.push_str(&format!(" Default {default}."));
    }
    if row.effect == Effect::Next {
        doc.push_str(" Concerns later binds and connects.");
    }
    if !row.implemented {
        doc.push_str(" Not supported yet.");
    }
    doc
}

/// The default and its unit, for people; `None` where there is nothing to tell.
pub fn default_value(row: &OptionRow) -> Option<String> {
    let number = match row.default {
        DefaultValue::None => return None,
        _ if !row.writable => return None,
        DefaultValue::Bool(value) => return Some(if value { "on" } else { "off" }.to_owned()),
        DefaultValue::Bytes(b"") | DefaultValue::Text("") if row.readable => return Some("empty".to_owned()),
        DefaultValue::Bytes(_) | DefaultValue::Text(_) => return None,
        DefaultValue::Int(value) => i64::from(value).to_string(),
        DefaultValue::Int64(value) => value.to_string(),
        DefaultValue::Uint64(value) => value.to_string(),
    };
    let with_unit = row.unit != Unit::None && !number.starts_with('-');
    let number = number.replace('-', "−");
    Some(if with_unit { format!("{number} {}", row.unit.symbol()) } else { number })
}

/// The values an option may be set to, for people.
pub fn range(row: &OptionRow) -> String {
    let highest = |last: i64| if last == i64::from(i32::MAX) { String::new() } else { last.to_string() };
    match (row.kind, row.range) {
        _ if !row.writable => String::new(),
        (ValueKind::Bool, Range::Int(0, 1)) => "0, 1".to_owned(),
        (ValueKind::Bool, Range::Int(0, _)) => "0, 1 and up".to_owned(),
        (ValueKind::Bool, _) => "any number".to_owned(),
        (_, Range::Any) => "any".to_owned(),
        (_, Range::Int(first, _)) if first == i64::from(i32::MIN) => "any".to_owned(),
        (_, Range::Int(first, last)) => format!("{first}…{}", highest(last)).replace('-', "−"),
        (_, Range::Length(first, last)) => format!("{first}…{last} bytes"),
        (_, Range::Lengths(lengths)) => {
            let all: Vec<_> = lengths.iter().map(usize::to_string).collect();
            format!("{} bytes", all.join(", "))
        }
    }
}

/// A set of socket types, for people.
pub fn types(applies: Applies) -> String {
    match applies {
        Applies::All => "all".to_owned(),
        Applies::Only(types) => types.iter().map(|each| each.name()).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_converted() {
        assert_eq!(camel("send_high_water_mark"), "sendHighWaterMark");
        assert_eq!(camel("XPUB"), "xpub");
        assert_eq!(upper_camel("MONITOR_STOPPED"), "MonitorStopped");
        assert_eq!(camel("ipv6"), "ipv6");
    }

    #[test]
    fn rows_read_well() {
        assert_eq!(default_value(SocketOption::Linger.row()).as_deref(), Some("−1"));
        assert_eq!(default_value(SocketOption::ReconnectIvl.row()).as_deref(), Some("100 ms"));
        assert_eq!(range(SocketOption::Linger.row()), "−1…");
        assert_eq!(range(SocketOption::RoutingId.row()), "1…255 bytes");
        assert_eq!(range(SocketOption::Affinity.row()), "any");
    }
}
