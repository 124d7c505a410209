//! How far an output is written so that another run can go on behind it.

/// A place in an output behind which another run can go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Border {
    /// How much of the output is before it: bytes of text, unpacked; rows, where no text is written.
    pub(crate) n_units: u64,
    /// How many bytes of the file are before it.
    pub(crate) n_bytes: u64,
    /// What the end of the file says of each block that is before it, where that is not in the file itself.
    pub(crate) blocks: Vec<Vec<u8>>,
}
