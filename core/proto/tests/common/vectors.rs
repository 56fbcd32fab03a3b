//! The data files of `tests-polyglot/vectors`.

use std::path::Path;

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
