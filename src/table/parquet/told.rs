//! A row group as it is noted for a run that goes on behind it: what the end of the file will say of it.

use polars_parquet_format::thrift::protocol::{TCompactInputProtocol, TCompactOutputProtocol};
use polars_parquet_format::{OffsetIndex, RowGroup};

use crate::error::{Error, Result};

use super::NAME;

/// A row group, and the page indexes of each of its columns.
pub(super) struct ToldGroup {
    pub(super) group: RowGroup,
    pub(super) indexes: Vec<PageIndexes>,
}

/// The page indexes of a column of a row group.
#[derive(Default)]
pub(super) struct PageIndexes {
    pub(super) of_values: Option<Vec<u8>>,
    pub(super) of_offsets: Option<OffsetIndex>,
}

/// The page indexes of a column as they are written; empty where there is none.
#[derive(Clone, Copy)]
pub(super) struct ToldIndexes<'t> {
    pub(super) of_values: &'t [u8],
    pub(super) of_offsets: &'t [u8],
}

impl ToldGroup {
    /// Parts with the length of each before it: the group, and for each column its two indexes, empty where there is none.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let Self { group, indexes } = self;
        let mut bytes = Vec::new();
        let mut push = |part: &[u8]| {
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(part);
        };
        let mut part = Vec::new();
        group.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut part)).map_err(Error::engine)?;
        push(&part);
        for PageIndexes { of_values, of_offsets } in indexes {
            push(of_values.as_deref().unwrap_or_default());
            part.clear();
            if let Some(index) = of_offsets {
                index
                    .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut part))
                    .map_err(Error::engine)?;
            }
            push(&part);
        }
        Ok(bytes)
    }

    /// The same from such parts.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (group, of_columns) = parts(bytes)?;
        let group = read(group, RowGroup::read_from_in_protocol)?;
        if of_columns.len() != group.columns.len() {
            return Err(torn());
        }
        let indexes = of_columns.iter().map(|ToldIndexes { of_values, of_offsets }| {
            let of_offsets = (!of_offsets.is_empty())
                .then(|| read(of_offsets, OffsetIndex::read_from_in_protocol))
                .transpose()?;
            Ok(PageIndexes { of_values: (!of_values.is_empty()).then(|| of_values.to_vec()), of_offsets })
        });
        Ok(Self { group, indexes: indexes.collect::<Result<_>>()? })
    }

    /// The page indexes of each column as they are written.
    pub(super) fn indexes_of(bytes: &[u8]) -> Result<Vec<ToldIndexes<'_>>> {
        parts(bytes).map(|(_, of_columns)| of_columns)
    }
}

/// The parts of a row group, and of each of its columns.
fn parts(mut bytes: &[u8]) -> Result<(&[u8], Vec<ToldIndexes<'_>>)> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let (part, rest) = rest.split_at_checked(length).ok_or_else(torn)?;
        parts.push(part);
        bytes = rest;
    }
    let (group, of_columns) = parts.split_first().ok_or_else(torn)?;
    let (of_columns, &[]) = of_columns.as_chunks::<2>() else { return Err(torn()) };
    let of_columns = of_columns.iter().map(|&[of_values, of_offsets]| ToldIndexes { of_values, of_offsets });
    Ok((group, of_columns.collect()))
}

/// Reads thrift, in no more memory than a few times its length.
fn read<'b, T, E: std::fmt::Display>(
    bytes: &'b [u8],
    read: impl FnOnce(&mut TCompactInputProtocol<&'b [u8]>) -> std::result::Result<T, E>,
) -> Result<T> {
    let most = bytes.len().saturating_mul(64).max(1 << 20);
    read(&mut TCompactInputProtocol::new(bytes, most))
        .map_err(|error| Error::malformed(NAME, error.to_string()))
}

fn torn() -> Error {
    Error::malformed(NAME, "what is known of a row group is torn")
}
