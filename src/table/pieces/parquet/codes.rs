//! Columns of numbers that are written by a dictionary: the codes of a page, and then their values in one loop.
//!
//! The engine looks up 32 codes at a time, each time with room made and codes checked anew, which is half of what such a column
//! costs. Codes of a byte and less stay bytes here. What is not as usual, nulls, other encodings and other types, is left to the
//! engine, errors included.

use polars::prelude::*;
use polars_arrow::array::{Array, PrimitiveArray};
use polars_arrow::types::NativeType;
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::encoding::hybrid_rle::{HybridRleChunk, HybridRleDecoder};
use polars_parquet::parquet::page::{DataPage, DictPage, split_buffer};
use polars_parquet::parquet::read::PageReader;
use polars_parquet::parquet::schema::types::PhysicalType;

use super::super::integers::Integers;
use super::unpacked::Unpacked;
use crate::widest::{Loop, run_widest};

/// The values of a column of so many rows, all of them; `None` where anything about it is unusual.
pub(super) fn decode(
    pages: PageReader,
    physical: PhysicalType,
    field: &ArrowField,
    n_rows: usize,
    integers: Integers,
) -> Option<Box<dyn Array>> {
    let of = Wanted { n_rows, integers };
    match (physical, &field.dtype) {
        (PhysicalType::Int64, ArrowDataType::Int64) => values::<i64, 8>(pages, of, i64::from_le_bytes),
        (PhysicalType::Int64, ArrowDataType::UInt64) => values::<u64, 8>(pages, of, u64::from_le_bytes),
        (PhysicalType::Double, ArrowDataType::Float64) => values::<f64, 8>(pages, of, f64::from_le_bytes),
        (PhysicalType::Int32, ArrowDataType::Int32) => values::<i32, 4>(pages, of, i32::from_le_bytes),
        (PhysicalType::Int32, ArrowDataType::UInt32) => values::<u32, 4>(pages, of, u32::from_le_bytes),
        (PhysicalType::Float, ArrowDataType::Float32) => values::<f32, 4>(pages, of, f32::from_le_bytes),
        _ => None,
    }
}

/// How many values are wanted, and how wide.
struct Wanted {
    n_rows: usize,
    integers: Integers,
}

fn values<T: Native, const N: usize>(
    pages: PageReader,
    Wanted { n_rows, integers }: Wanted,
    value: fn([u8; N]) -> T,
) -> Option<Box<dyn Array>> {
    let mut pages = Unpacked::of(pages);
    let dictionary = table(&pages.dictionary()?, value)?;
    let narrow = || dictionary.iter().map(|value| value.narrow()).collect::<Option<Vec<i8>>>();
    match integers {
        Integers::MayBeNarrow if let Some(dictionary) = narrow() => looked_up(pages, n_rows, &dictionary),
        _ => looked_up(pages, n_rows, &dictionary),
    }
}

/// The values of the codes of all pages.
fn looked_up<T: Native>(mut pages: Unpacked, n_rows: usize, dictionary: &[T]) -> Option<Box<dyn Array>> {
    let mut values = Vec::with_capacity(n_rows);
    let (mut bytes, mut codes) = (Vec::new(), Vec::new());
    while values.len() < n_rows {
        let page = pages.next_page()?;
        let n_values = page.num_values();
        if values.len() + n_values > n_rows {
            return None;
        }
        bytes.clear();
        codes.clear();
        let (n_bits, packed) = packed_codes(&page, &mut codes)?;
        let mut is_whole = false;
        match n_bits {
            ..=8 => {
                read_bytes(packed, n_bits, n_values, &mut bytes)?;
                run_widest(LookUpBytes {
                    codes: &bytes,
                    dictionary,
                    values: &mut values,
                    is_whole: &mut is_whole,
                });
            }
            _ => {
                read_codes(packed, n_bits, n_values, &mut codes)?;
                run_widest(LookUp {
                    codes: &codes,
                    dictionary,
                    values: &mut values,
                    is_whole: &mut is_whole,
                });
            }
        }
        if !is_whole || bytes.len() + codes.len() != n_values {
            return None;
        }
        pages.use_again(page);
    }
    Some(PrimitiveArray::from_vec(values).boxed())
}

/// A number that columns are made of.
trait Native: NativeType {
    /// The number so many steps further on, where numbers have steps.
    fn up(self, n_steps: u8) -> Option<Self>;

    /// The same integer as an `i8`, where it is one.
    fn narrow(self) -> Option<i8>;
}

macro_rules! native {
    ($($native:ty, |$least:ident, $n_steps:ident| $up:expr, |$value:ident| $narrow:expr;)*) => {$(
        impl Native for $native {
            #[inline(always)]
            fn up(self, $n_steps: u8) -> Option<Self> {
                let $least = self;
                $up
            }

            fn narrow(self) -> Option<i8> {
                let $value = self;
                $narrow
            }
        }
    )*};
}

native! {
    i8, |least, n_steps| Some(least.wrapping_add_unsigned(n_steps)), |value| Some(value);
    i32, |least, n_steps| Some(least.wrapping_add(Self::from(n_steps))), |value| i8::try_from(value).ok();
    i64, |least, n_steps| Some(least.wrapping_add(Self::from(n_steps))), |value| i8::try_from(value).ok();
    u32, |least, n_steps| Some(least.wrapping_add(Self::from(n_steps))), |value| i8::try_from(value).ok();
    u64, |least, n_steps| Some(least.wrapping_add(Self::from(n_steps))), |value| i8::try_from(value).ok();
    f32, |_least, _n_steps| None, |_value| None;
    f64, |_least, _n_steps| None, |_value| None;
}

/// The values of a dictionary.
fn table<T, const N: usize>(page: &DictPage, value: fn([u8; N]) -> T) -> Option<Vec<T>> {
    let (values, rest) = page.buffer.as_chunks::<N>();
    let is_whole = rest.is_empty() && values.len() == page.num_values && !values.is_empty();
    is_whole.then(|| values.iter().map(|bytes| value(*bytes)).collect())
}

/// The codes of a page without a null, as they are packed, and how many bits each has. `levels` is room to read in.
fn packed_codes<'p>(page: &'p DataPage, levels: &mut Vec<u32>) -> Option<(u32, &'p [u8])> {
    if !matches!(page.encoding(), Encoding::PlainDictionary | Encoding::RleDictionary)
        || page.descriptor.max_rep_level > 0
        || page.descriptor.max_def_level > 1
    {
        return None;
    }
    let parts = split_buffer(page).ok()?;
    if page.descriptor.max_def_level == 1 {
        let mut n_there = 0;
        for chunk in HybridRleDecoder::new(parts.def, 1, page.num_values()).into_chunk_iter() {
            match chunk.ok()? {
                HybridRleChunk::Rle(1, n_times) => n_there += n_times,
                HybridRleChunk::Rle(_, 0) => {}
                HybridRleChunk::Rle(..) => return None,
                HybridRleChunk::Bitpacked(packed) => {
                    packed.collect_into(levels);
                    n_there += levels.iter().filter(|level| **level == 1).count();
                    levels.clear();
                }
            }
        }
        if n_there != page.num_values() {
            return None;
        }
    }
    let (n_bits, packed) = parts.values.split_first()?;
    (*n_bits <= 32).then_some((u32::from(*n_bits), packed))
}

/// Adds codes.
fn read_codes(packed: &[u8], n_bits: u32, n_values: usize, codes: &mut Vec<u32>) -> Option<()> {
    for chunk in HybridRleDecoder::new(packed, n_bits, n_values).into_chunk_iter() {
        match chunk.ok()? {
            HybridRleChunk::Rle(code, n_times) => codes.resize(codes.len() + n_times, code),
            HybridRleChunk::Bitpacked(packed) => packed.collect_into(codes),
        }
    }
    Some(())
}

/// Adds codes of eight bits at most.
fn read_bytes(packed: &[u8], n_bits: u32, n_values: usize, codes: &mut Vec<u8>) -> Option<()> {
    codes.reserve(n_values);
    for chunk in HybridRleDecoder::new(packed, n_bits, n_values).into_chunk_iter() {
        let chunk = chunk.ok()?;
        let n_values = chunk.len();
        match chunk {
            HybridRleChunk::Rle(code, n_times) => {
                codes.resize(codes.len() + n_times, u8::try_from(code).ok()?);
            }
            HybridRleChunk::Bitpacked(packed) => {
                run_widest(Unpack { packed: packed.as_slice(), n_bits, n_values, codes });
            }
        }
    }
    Some(())
}

/// Adds codes of one to eight bits that lie one behind the other from the lowest bit on.
struct Unpack<'a> {
    packed: &'a [u8],
    n_bits: u32,
    n_values: usize,
    codes: &'a mut Vec<u8>,
}

impl Loop for Unpack<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { packed, n_bits, n_values, codes } = self;
        let start = codes.len();
        codes.resize(start + n_values.next_multiple_of(8), 0);
        let (eights, _) = codes[start..].as_chunks_mut::<8>();
        // With the number of bits known, the compiler makes vectors of what lies within bytes.
        match n_bits {
            1 => unpack_bytes::<1, 8>(packed, eights),
            2 => unpack_bytes::<2, 4>(packed, eights),
            4 => unpack_bytes::<4, 2>(packed, eights),
            n_bits => unpack_words(packed, n_bits, eights),
        }
        codes.truncate(start + n_values);
    }
}

/// Unpacks codes of which each byte has so many.
#[inline(always)]
fn unpack_bytes<const N_BITS: usize, const A_BYTE: usize>(packed: &[u8], eights: &mut [[u8; 8]]) {
    let (codes, _) = eights.as_flattened_mut().as_chunks_mut::<A_BYTE>();
    for (byte, codes) in packed.iter().zip(codes) {
        for (index, code) in codes.iter_mut().enumerate() {
            *code = byte >> (index * N_BITS) & ((1 << N_BITS) - 1);
        }
    }
}

#[inline(always)]
fn unpack_words(packed: &[u8], n_bits: u32, eights: &mut [[u8; 8]]) {
    for (index, eight) in eights.iter_mut().enumerate() {
        let bytes = packed.get(index * n_bits as usize..).unwrap_or_default();
        let word = match bytes.first_chunk::<8>() {
            Some(word) => *word,
            None => std::array::from_fn(|index| bytes.get(index).copied().unwrap_or_default()),
        };
        *eight = spread(u64::from_le_bytes(word), n_bits).to_le_bytes();
    }
}

/// The eight lowest codes of a word, a byte each.
#[inline(always)]
fn spread(word: u64, n_bits: u32) -> u64 {
    let four = (1 << (4 * n_bits)) - 1;
    let two = ((1 << (2 * n_bits)) - 1) * 0x0000_0001_0000_0001;
    let one = ((1 << n_bits) - 1) * 0x0001_0001_0001_0001;
    let fours = word & four | (word >> (4 * n_bits) & four) << 32;
    let twos = fours & two | (fours >> (2 * n_bits) & two) << 16;
    twos & one | (twos >> n_bits & one) << 8
}

/// Adds the values of codes of a byte, where the dictionary has all of them.
struct LookUpBytes<'a, T> {
    codes: &'a [u8],
    dictionary: &'a [T],
    values: &'a mut Vec<T>,
    is_whole: &'a mut bool,
}

impl<T: Native> Loop for LookUpBytes<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { codes, dictionary, values, is_whole } = self;
        let largest = codes.iter().fold(0, |largest: u8, code| largest.max(*code));
        *is_whole = usize::from(largest) < dictionary.len();
        let (true, Some(least)) = (*is_whole, dictionary.first()) else { return };
        // Whoever writes a dictionary in order has no gaps in it where numbers are small.
        let of_step = |(n_steps, value): (u8, &T)| least.up(n_steps).is_some_and(|up| up == *value);
        if dictionary.len() <= 256 && (0..=u8::MAX).zip(dictionary).all(of_step) {
            values.extend(codes.iter().map(|code| least.up(*code).unwrap_or_default()));
            return;
        }
        // As large as what a byte can tell, so that no code must be checked once more.
        let mut table = [*least; 256];
        let n_values = dictionary.len().min(256);
        table[..n_values].copy_from_slice(&dictionary[..n_values]);
        values.extend(codes.iter().map(|code| table[usize::from(*code)]));
    }
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
        let Self { codes, dictionary, values, is_whole } = self;
        let largest = codes.iter().fold(0, |largest, code| largest.max(*code)) as usize;
        *is_whole = largest < dictionary.len();
        if *is_whole {
            values.extend(codes.iter().map(|code| dictionary[*code as usize]));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn codes_of_a_byte_are_those_of_the_engine(
            n_bits in 0..=8_u32,
            runs in proptest::collection::vec((any::<u8>(), 1..300_usize, any::<bool>()), 1..20),
            n_lost in 0..3_usize,
        ) {
            let most = ((1_u32 << n_bits) - 1) as u8;
            let codes: Vec<u32> = runs
                .iter()
                .flat_map(|(code, n, is_one)| (0..*n).map(move |at| if *is_one { *code } else { code.wrapping_add((at as u8).wrapping_mul(7)) }))
                .map(|code| u32::from(code & most))
                .collect();
            let mut packed = Vec::new();
            polars_parquet::parquet::encoding::hybrid_rle::encode(&mut packed, codes.iter().copied(), n_bits).unwrap();
            packed.truncate(packed.len() - n_lost.min(packed.len()));
            let (mut here, mut there) = (Vec::new(), Vec::new());
            let outcomes = (read_bytes(&packed, n_bits, codes.len(), &mut here), read_codes(&packed, n_bits, codes.len(), &mut there));
            prop_assert_eq!(outcomes.0, outcomes.1);
            prop_assert_eq!(here.iter().map(|code| u32::from(*code)).collect::<Vec<_>>(), there);
            if n_lost == 0 {
                prop_assert_eq!(here.len(), codes.len());
            }
        }
    }
}
