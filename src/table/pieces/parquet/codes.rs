//! Columns of numbers that are written by a dictionary: the codes of a page, and then their values in one loop.
//!
//! The engine looks up 32 codes at a time, each time with room made and codes checked anew, which is half of what such a column
//! costs. What is not as usual, nulls, other encodings and other types, is left to the engine, errors included.

use polars::prelude::*;
use polars_arrow::array::{Array, PrimitiveArray};
use polars_arrow::types::NativeType;
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::encoding::hybrid_rle::{HybridRleChunk, HybridRleDecoder};
use polars_parquet::parquet::page::{DataPage, DictPage, split_buffer};
use polars_parquet::parquet::schema::types::PhysicalType;
use polars_parquet::read::BasicDecompressor;

use crate::widest::{Loop, run_widest};

/// The values of a column of so many rows, all of them; `None` where anything about it is unusual.
pub(super) fn decode(
    pages: BasicDecompressor,
    physical: PhysicalType,
    field: &ArrowField,
    n_rows: usize,
) -> Option<Box<dyn Array>> {
    match (physical, &field.dtype) {
        (PhysicalType::Int64, ArrowDataType::Int64) => values::<i64, 8>(pages, n_rows, i64::from_le_bytes),
        (PhysicalType::Int64, ArrowDataType::UInt64) => values::<u64, 8>(pages, n_rows, u64::from_le_bytes),
        (PhysicalType::Double, ArrowDataType::Float64) => values::<f64, 8>(pages, n_rows, f64::from_le_bytes),
        (PhysicalType::Int32, ArrowDataType::Int32) => values::<i32, 4>(pages, n_rows, i32::from_le_bytes),
        (PhysicalType::Int32, ArrowDataType::UInt32) => values::<u32, 4>(pages, n_rows, u32::from_le_bytes),
        (PhysicalType::Float, ArrowDataType::Float32) => values::<f32, 4>(pages, n_rows, f32::from_le_bytes),
        _ => None,
    }
}

fn values<T: NativeType, const N: usize>(
    mut pages: BasicDecompressor,
    n_rows: usize,
    value: fn([u8; N]) -> T,
) -> Option<Box<dyn Array>> {
    let dictionary = table(&pages.read_dict_page().ok()??, value)?;
    let (mut values, mut codes) = (Vec::with_capacity(n_rows), Vec::new());
    while values.len() < n_rows {
        let page = pages.next()?.ok()?.decompress(&mut pages).ok()?;
        codes.clear();
        read_codes(&page, &mut codes)?;
        if codes.len() != page.num_values() || values.len() + codes.len() > n_rows {
            return None;
        }
        pages.reuse_page_buffer(page);
        let mut is_whole = false;
        run_widest(LookUp {
            codes: &codes,
            dictionary: &dictionary,
            values: &mut values,
            is_whole: &mut is_whole,
        });
        if !is_whole {
            return None;
        }
    }
    Some(PrimitiveArray::from_vec(values).boxed())
}

/// The values of a dictionary.
fn table<T, const N: usize>(page: &DictPage, value: fn([u8; N]) -> T) -> Option<Vec<T>> {
    let (values, rest) = page.buffer.as_chunks::<N>();
    let is_whole = rest.is_empty() && values.len() == page.num_values && !values.is_empty();
    is_whole.then(|| values.iter().map(|bytes| value(*bytes)).collect())
}

/// The codes of a page without a null.
fn read_codes(page: &DataPage, codes: &mut Vec<u32>) -> Option<()> {
    if !matches!(page.encoding(), Encoding::PlainDictionary | Encoding::RleDictionary)
        || page.descriptor.max_rep_level > 0
        || page.descriptor.max_def_level > 1
    {
        return None;
    }
    let parts = split_buffer(page).ok()?;
    if page.descriptor.max_def_level == 1 {
        let levels = HybridRleDecoder::new(parts.def, 1, page.num_values());
        let mut n_there = 0;
        for chunk in levels.into_chunk_iter() {
            match chunk.ok()? {
                HybridRleChunk::Rle(1, n_times) => n_there += n_times,
                HybridRleChunk::Rle(_, 0) => {}
                HybridRleChunk::Rle(..) => return None,
                HybridRleChunk::Bitpacked(packed) => {
                    packed.collect_into(codes);
                    n_there += codes.iter().filter(|level| **level == 1).count();
                    codes.clear();
                }
            }
        }
        if n_there != page.num_values() {
            return None;
        }
    }
    let (n_bits, packed) = parts.values.split_first()?;
    if *n_bits > 32 {
        return None;
    }
    for chunk in HybridRleDecoder::new(packed, u32::from(*n_bits), page.num_values()).into_chunk_iter() {
        match chunk.ok()? {
            HybridRleChunk::Rle(code, n_times) => codes.resize(codes.len() + n_times, code),
            HybridRleChunk::Bitpacked(packed) => packed.collect_into(codes),
        }
    }
    Some(())
}

/// Adds the values of codes, where the dictionary has all of them.
struct LookUp<'a, T> {
    codes: &'a [u32],
    dictionary: &'a [T],
    values: &'a mut Vec<T>,
    is_whole: &'a mut bool,
}

impl<T: Copy> Loop for LookUp<'_, T> {
    #[inline(always)]
    fn run(self) {
        let largest = self.codes.iter().fold(0, |largest, code| largest.max(*code)) as usize;
        *self.is_whole = largest < self.dictionary.len();
        if !*self.is_whole {
            return;
        }
        match self.dictionary.len() {
            // As large as what a byte can tell, so that no code must be checked once more.
            n @ 1..=256 => {
                let mut table = [self.dictionary[0]; 256];
                table[..n].copy_from_slice(self.dictionary);
                self.values.extend(self.codes.iter().map(|code| table[(*code & 255) as usize]));
            }
            _ => self.values.extend(self.codes.iter().map(|code| self.dictionary[*code as usize])),
        }
    }
}
