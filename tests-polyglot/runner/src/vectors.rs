//! vectors/hostile.txt, and random garbage by seed.

use anyhow::{Context as _, Result, bail};

use crate::part::unhex;

/// One hostile input.
#[derive(Debug, Clone)]
pub(crate) struct Hostile {
    /// Its name in the list.
    pub(crate) name: String,
    /// Whether an honest handshake comes first.
    pub(crate) after_handshake: bool,
    /// What must happen.
    pub(crate) expected: Expected,
    /// What is sent.
    pub(crate) bytes: Vec<u8>,
}

/// What a line promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The connection is closed at once.
    Closes,
    /// Nothing is wrong yet; before the handshake its deadline ends it.
    Waits,
    /// The connection stays, and so many messages are delivered.
    Lives(u64),
    /// Random bytes: anything that harms nobody.
    Anything,
}

/// Reads the list.
pub(crate) fn parse(text: &str) -> Result<Vec<Hostile>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| parse_line(line).with_context(|| format!("hostile input `{line}`"))).collect()
}

fn parse_line(line: &str) -> Result<Hostile> {
    let fields: Vec<_> = line.split('|').map(str::trim).collect();
    let [name, when, expected, bytes] = fields[..] else { bail!("four fields expected") };
    let after_handshake = match when {
        "before" => false,
        "after" => true,
        _ => bail!("`{when}` is neither before nor after"),
    };
    let expected = match expected.split_once(' ') {
        None if expected == "closes" => Expected::Closes,
        None if expected == "waits" => Expected::Waits,
        Some(("lives", count)) => Expected::Lives(count.trim().parse()?),
        _ => bail!("`{expected}` is no expectation"),
    };
    Ok(Hostile { name: name.to_owned(), after_handshake, expected, bytes: parse_bytes(bytes)? })
}

fn parse_bytes(tokens: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for token in tokens.split_whitespace().filter(|token| *token != "-") {
        let (hex, times) = token.split_once('*').unwrap_or((token, "1"));
        let piece = unhex(hex).with_context(|| format!("`{hex}` is not hex"))?;
        bytes.extend(piece.repeat(times.parse()?));
    }
    Ok(bytes)
}

/// Random blobs, before and after the handshake in turn.
pub(crate) fn garbage(seed: u64, count: usize) -> Vec<Hostile> {
    let mut state = seed.max(1);
    let mut random = move || {
        // xorshift64: any spread will do, it only has to be the same for the same seed.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count)
        .map(|number| Hostile {
            name: format!("garbage-{number}"),
            after_handshake: number % 2 == 1,
            expected: Expected::Anything,
            bytes: (0..random() % 3000 + 1).map(|_| random().to_le_bytes()[3]).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_well_formed_and_long_enough() {
        let list = parse(include_str!("../../vectors/hostile.txt")).unwrap();
        assert!(list.len() >= 60, "{} inputs", list.len());
        for expected in [Expected::Closes, Expected::Waits] {
            assert!(list.iter().any(|input| input.expected == expected));
        }
    }

    #[test]
    fn tokens_repeat() {
        assert_eq!(parse_bytes("ff00*2 - 7f").unwrap(), [255, 0, 255, 0, 127]);
        assert!(parse_bytes("f").is_err());
    }

    #[test]
    fn garbage_repeats_with_its_seed() {
        assert_eq!(garbage(7, 4)[3].bytes, garbage(7, 4)[3].bytes);
        assert_ne!(garbage(7, 1)[0].bytes, garbage(8, 1)[0].bytes);
    }
}
