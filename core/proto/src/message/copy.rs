//! Copies of bodies that their owner may just have begun to change, nearly always with a number in front. The processor would
//! hold up a load that reaches from there to older bytes until all that was written before is in its cache: so the first
//! bytes go by themselves.

use super::INLINE;

/// What is written at the front of a body at once.
const NUMBER: usize = size_of::<u64>();

/// What is copied at once.
const PIECE: usize = 2 * NUMBER;

/// Copies a body. Both are as long.
#[inline(always)]
pub(crate) fn copy_fresh(place: &mut [u8], body: &[u8]) {
    if body.len() < NUMBER || place.len() < NUMBER {
        return place.copy_from_slice(body);
    }
    place[..NUMBER].copy_from_slice(&body[..NUMBER]);
    place[NUMBER..].copy_from_slice(&body[NUMBER..]);
}

/// The same for at most [`INLINE`] bytes, without a call: in pieces, the last of which overlaps. `None` if they
/// are more.
#[inline(always)]
pub(crate) fn copy_short(place: &mut [u8; INLINE], body: &[u8]) -> Option<()> {
    let place = place.get_mut(..body.len())?;
    if let Some(first) = body.first_chunk::<NUMBER>() {
        *place.first_chunk_mut()? = *first;
        let mut at = NUMBER;
        while at + PIECE <= body.len() {
            *place.get_mut(at..)?.first_chunk_mut::<PIECE>()? = *body.get(at..)?.first_chunk()?;
            at += PIECE;
        }
        match body.len() - at {
            0 => {}
            NUMBER.. => *place.last_chunk_mut::<PIECE>()? = *body.last_chunk()?,
            _ => *place.last_chunk_mut::<NUMBER>()? = *body.last_chunk()?,
        }
    } else if let Some(first) = body.first_chunk::<4>() {
        *place.first_chunk_mut()? = *first;
        *place.last_chunk_mut::<4>()? = *body.last_chunk()?;
    } else if let (Some(first), Some(last)) = (body.first(), body.last()) {
        *place.get_mut(body.len() / 2)? = *body.get(body.len() / 2)?;
        *place.first_mut()? = *first;
        *place.last_mut()? = *last;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_length_is_copied_and_no_longer_one() {
        let body: Vec<_> = (1..=INLINE as u8 + 1).collect();
        for length in 0..=INLINE {
            let mut place = [0; INLINE];
            assert_eq!(copy_short(&mut place, &body[..length]), Some(()));
            assert_eq!(
                (&place[..length], &place[length..]),
                (&body[..length], &[0; INLINE][length..]),
                "{length}"
            );
        }
        assert_eq!(copy_short(&mut [0; INLINE], &body), None);
    }
}
