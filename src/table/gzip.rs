//! Files of gzip: members one behind the other, and zeros behind the last one.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

/// What a member begins with.
const MARK: [u8; 2] = [0x1f, 0x8b];

/// How many packed bytes are read at a time.
const PACKED_BYTES: usize = 64 * 1024;

/// Unpacks the members of a file, one after the other.
///
/// As `gzip` does, it passes over zeros behind the last one, which fill up a block of a tape. Anything else there is an error.
pub(super) struct GzipMembers<R: Read> {
    /// `None` only while a member is begun.
    member: Option<GzDecoder<BufReader<R>>>,
    is_over: bool,
}

impl<R: Read> GzipMembers<R> {
    pub(super) fn new(packed: R) -> Self {
        let packed = BufReader::with_capacity(PACKED_BYTES, packed);
        Self { member: Some(GzDecoder::new(packed)), is_over: false }
    }

    /// Begins the next member, if there is one.
    fn next_member(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else { return Ok(()) };
        let mut packed = member.into_inner();
        let mut has_zeros = false;
        loop {
            let bytes = packed.fill_buf()?;
            let n_zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let Some(first) = bytes.get(n_zeros).copied() else {
                let is_at_end = bytes.is_empty();
                has_zeros |= n_zeros > 0;
                packed.consume(n_zeros);
                if is_at_end {
                    self.is_over = true;
                    return Ok(());
                }
                continue;
            };
            // The second byte of the mark may not be there yet: the member itself says so if it is another.
            let may_be_one =
                first == MARK[0] && bytes.get(n_zeros + 1).is_none_or(|second| *second == MARK[1]);
            if has_zeros || n_zeros > 0 || !may_be_one {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "behind its end follows something that is not gzip; cut that off",
                ));
            }
            self.member = Some(GzDecoder::new(packed));
            return Ok(());
        }
    }
}

impl<R: Read> Read for GzipMembers<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.is_over && !into.is_empty() {
            let Some(member) = &mut self.member else { break };
            match member.read(into)? {
                0 => self.next_member()?,
                n_read => return Ok(n_read),
            }
        }
        Ok(0)
    }
}

/// Why bytes cannot be unpacked any further.
pub(super) fn why_not_unpacked(error: &io::Error, n_unpacked: u64) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            format!("it ends too early, after {n_unpacked} unpacked bytes; it was cut off")
        }
        _ => format!("{error} (after {n_unpacked} unpacked bytes)"),
    }
}
