//! Bytes one way, in large pieces. What is counted is bytes.

use anyhow::{Context, Result};
use bench_kit::Control;
use bench_kit::protocol::Job;

use crate::sockets::{accept, connect, wait_for_go};

/// "256K/64K": the bytes of a write and of a read.
pub fn sizes(variant: &str) -> Result<(usize, usize)> {
    let (write, read) = variant.split_once('/').with_context(|| format!("no sizes in {variant:?}"))?;
    Ok((size(write)?, size(read)?))
}

fn size(text: &str) -> Result<usize> {
    let (number, unit) = match (text.strip_suffix('K'), text.strip_suffix('M')) {
        (Some(number), _) => (number, 1 << 10),
        (_, Some(number)) => (number, 1 << 20),
        _ => (text, 1),
    };
    Ok(number.parse::<usize>().with_context(|| format!("{text:?} is no size"))? * unit)
}

pub fn send(job: &Job, control: &Control, write: usize) -> Result<()> {
    let mut stream = connect(job)?;
    control.ready();
    let lane = control.lane();
    let bytes = vec![0x5a; write];
    wait_for_go(control);
    while !control.is_stopped() {
        stream.write_all(&bytes)?;
        lane.add(write as u64);
    }
    Ok(())
}

pub fn receive(job: &Job, control: &Control, read: usize) -> Result<()> {
    let mut stream = accept(job, control)?;
    let lane = control.lane();
    let mut bytes = vec![0; read];
    loop {
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            count => lane.add(count as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(sizes("256K/64K").unwrap(), (262_144, 65_536));
        assert_eq!(sizes("1M/512").unwrap(), (1_048_576, 512));
        assert!(sizes("64K").is_err() && sizes("a/b").is_err());
    }
}
