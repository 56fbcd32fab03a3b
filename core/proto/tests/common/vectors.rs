//! The data files of `tests-polyglot/vectors`.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::path::Path;

use bytes::Bytes;
use ohmq_proto::{Message, Version};
use ohmq_spec::SocketType;

/// One line of `hostile.txt`; the file's header says what the fields mean.
pub(crate) struct Hostile {
    pub(crate) name: String,
    pub(crate) after_handshake: bool,
    pub(crate) expected: Expected,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Closes,
    Waits,
    Lives(usize),
}

pub(crate) fn hostile() -> Vec<Hostile> {
    let text = read("hostile.txt");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| parse_hostile(line).unwrap_or_else(|| panic!("not a hostile input: {line:.60}")))
        .collect()
}

/// Text of a file in `tests-polyglot/vectors`.
pub(crate) fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests-polyglot/vectors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn parse_hostile(line: &str) -> Option<Hostile> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [name, when, expected, bytes] = fields[..] else { return None };
    let after_handshake = match when {
        "before" => false,
        "after" => true,
        _ => return None,
    };
    let expected = match expected.split_once(' ') {
        None if expected == "closes" => Expected::Closes,
        None if expected == "waits" => Expected::Waits,
        Some(("lives", count)) => Expected::Lives(count.parse().ok()?),
        _ => return None,
    };
    let tokens = bytes.split(' ').filter(|token| *token != "-");
    let runs: Option<Vec<Vec<u8>>> = tokens
        .map(|token| {
            let (hex, count) = token.split_once('*').unwrap_or((token, "1"));
            Some(unhex(hex)?.repeat(count.parse().ok()?))
        })
        .collect();
    Some(Hostile { name: name.to_owned(), after_handshake, expected, bytes: runs?.concat() })
}

/// One `.hex` file; the README beside them says what the fields mean.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) peer: SocketType,
    pub(crate) identity: Bytes,
    pub(crate) recorder: SocketType,
    pub(crate) recorder_identity: Bytes,
    pub(crate) session: Version,
    pub(crate) decode: bool,
    pub(crate) encode: bool,
    pub(crate) turns: Vec<Turn>,
}

pub(crate) enum Turn {
    Peer(Vec<u8>),
    Recorder(Vec<u8>),
    Message(Message),
    Subscribe(Bytes),
    Cancel(Bytes),
}

impl Recording {
    /// All the peer sent.
    pub(crate) fn received(&self) -> Vec<u8> {
        let turns = self.turns.iter().filter_map(|turn| match turn {
            Turn::Peer(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        turns.collect::<Vec<_>>().concat()
    }
}

pub(crate) fn recordings() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests-polyglot/vectors");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".hex"))
        .collect();
    names.sort();
    names
        .iter()
        .map(|name| parse_recording(name).unwrap_or_else(|| panic!("{name} is not a recording")))
        .collect()
}

fn parse_recording(name: &str) -> Option<Recording> {
    let text = read(name);
    let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    let hex = |text: &str| if text == "-" { Some(vec![]) } else { unhex(text) };
    let turn = |line: &str| {
        let (mark, rest) = line.split_once(' ')?;
        Some(match (mark, rest.split_once(' ')) {
            ("<", None) => Turn::Peer(hex(rest)?),
            (">", None) => Turn::Recorder(hex(rest)?),
            ("!", Some(("message", frames))) => {
                Turn::Message(Message::from(frames.split(' ').map(hex).collect::<Option<Vec<_>>>()?))
            }
            ("!", Some(("subscribe", topic))) => Turn::Subscribe(hex(topic)?.into()),
            ("!", Some(("cancel", topic))) => Turn::Cancel(hex(topic)?.into()),
            _ => return None,
        })
    };
    Some(Recording {
        name: name.to_owned(),
        peer: SocketType::from_name(field("peer")?.as_bytes())?,
        identity: hex(field("identity")?)?.into(),
        recorder: SocketType::from_name(field("recorder")?.as_bytes())?,
        recorder_identity: hex(field("recorder-identity")?)?.into(),
        session: match field("session")? {
            "1.0" => Version::V1_0,
            "2.0" => Version::V2_0,
            "3.0" => Version::V3_0,
            "3.1" => Version::V3_1,
            _ => return None,
        },
        decode: field("replay")?.contains("decode"),
        encode: field("replay")?.contains("encode"),
        turns: text
            .lines()
            .filter(|line| line.starts_with(['<', '>', '!']))
            .map(turn)
            .collect::<Option<_>>()?,
    })
}
