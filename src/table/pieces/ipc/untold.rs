//! Messages that the end of a file does not tell of.
//!
//! The end of a file says where each of its batches lies, and nothing else says how many there are. What lies between those that it
//! tells of is looked through, so that a batch that has been lost there is no table with fewer rows.

use std::ops::Range;

use crate::error::{Error, Result};

use super::super::super::ipc::FILE;
use super::super::bytes::ByteSource;
use super::message::{Message, MessageKind};

/// What a file begins with, filled up to the first message.
const BEFORE: u64 = 8;

/// What stands behind what the end of a file says: its length, and the mark.
const BEHIND: u64 = 10;

/// Messages begin at multiples of so many bytes.
const ALIGNED: u64 = 8;

/// Says that a batch is not told of, where there is one beside those that are.
pub(super) fn check_all_told(source: &ByteSource, mut told: Vec<Range<u64>>) -> Result<()> {
    let Some(end) = end_of_messages(source)? else { return Ok(()) };
    told.sort_by_key(|message| message.start);
    let mut from = BEFORE;
    for message in told {
        look_through(source, from..message.start)?;
        from = from.max(message.end);
    }
    look_through(source, from..end)
}

/// Where what the end says begins.
fn end_of_messages(source: &ByteSource) -> Result<Option<u64>> {
    let Some(len) = source.len().filter(|len| *len >= BEFORE + BEHIND) else { return Ok(None) };
    let length = source.range(len - BEHIND..len - BEHIND + 4)?;
    let length = <[u8; 4]>::try_from(length.as_slice()).map_or(0, u32::from_le_bytes);
    Ok((len - BEHIND).checked_sub(u64::from(length)))
}

fn look_through(source: &ByteSource, gap: Range<u64>) -> Result<()> {
    /// How many words of filling are passed over.
    const MOST_FILLING: usize = 1 << 12;
    let mut at = gap.start;
    let mut n_filling = 0;
    while at + ALIGNED <= gap.end && n_filling < MOST_FILLING {
        let begin = at;
        let message = Message::read(FILE, &mut |n_bytes| {
            let bytes = source.range(at..at.saturating_add(n_bytes as u64).min(gap.end))?;
            at += bytes.len() as u64;
            Ok(bytes)
        });
        match message {
            Ok(Some(message)) => {
                let Some(end) = at.checked_add(message.body_len).filter(|end| *end <= gap.end) else { break };
                if matches!(message.kind, MessageKind::Batch | MessageKind::Dictionary) {
                    let what = if message.kind == MessageKind::Batch { "record batch" } else { "dictionary" };
                    let message = format!("the end of the file does not tell of the {what} at byte {begin}");
                    return Err(Error::malformed(FILE, message));
                }
                at = end.next_multiple_of(ALIGNED);
            }
            // Filling, or the mark that ends a stream.
            Ok(None) => {
                n_filling += 1;
                at = (begin + ALIGNED).max(at).next_multiple_of(ALIGNED);
            }
            // It is no message, and what may be behind it cannot be told.
            Err(_) => break,
        }
    }
    Ok(())
}
