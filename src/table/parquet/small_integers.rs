//! Columns of integers that lie close together, as counts and codes do: a dictionary and codes of a byte.
//!
//! The engine's encoder looks at these one by one: whether a value has been seen, which code it has, whether it is that of the
//! value before. Here they go through loops over bytes, whole registers at a time. What is written is what the engine would
//! write, byte by byte. Columns with nulls and any others are left to the engine.

use polars::prelude::*;
use polars_arrow::array::{Array, PrimitiveArray};
use polars_arrow::datatypes::PhysicalType;
use polars_arrow::types::{NativeType, PrimitiveType};
use polars_parquet::parquet::CowBuffer;
use polars_parquet::parquet::page::{DataPage, DataPageHeader, Page};
use polars_parquet::parquet::schema::Repetition;
use polars_parquet::write::{Encoding, ParquetType, WriteOptions, array_to_columns, write_def_levels};

use crate::widest::{Loop, run_widest};

/// As many values as a run of packed codes has at most.
const MOST_PACKED: usize = 8192;

/// From so many equal values on, they may be written as one.
const REPEATED: usize = 8;

/// The pages of a column, or `None` where it is none for here.
pub(super) fn pages(
    array: &dyn Array,
    of_type: &ParquetType,
    encoding: &[Encoding],
    options: WriteOptions,
) -> Option<PolarsResult<Vec<Page>>> {
    let ParquetType::PrimitiveType(_) = of_type else { return None };
    if encoding != [Encoding::RleDictionary] || array.is_empty() || array.null_count() > 0 {
        return None;
    }
    match array.dtype().to_physical_type() {
        PhysicalType::Primitive(PrimitiveType::Int32) => pages_of::<i32>(array, of_type, options),
        PhysicalType::Primitive(PrimitiveType::Int64) => pages_of::<i64>(array, of_type, options),
        PhysicalType::Primitive(PrimitiveType::UInt32) => pages_of::<u32>(array, of_type, options),
        PhysicalType::Primitive(PrimitiveType::UInt64) => pages_of::<u64>(array, of_type, options),
        _ => None,
    }
}

fn pages_of<T: Close>(
    array: &dyn Array,
    of_type: &ParquetType,
    options: WriteOptions,
) -> Option<PolarsResult<Vec<Page>>> {
    let array = array.as_any().downcast_ref::<PrimitiveArray<T>>()?;
    let (dictionary, codes) = codes(array.values())?;
    // The engine makes the dictionary's page, and says what is the least and the greatest of its values.
    let dictionary = PrimitiveArray::new(array.dtype().clone(), dictionary.into(), None);
    Some(pages_like(dictionary.boxed(), &codes, of_type, options))
}

/// The dictionary's page, and pages of codes that look like the engine's page of codes for the dictionary itself.
fn pages_like(
    dictionary: Box<dyn Array>,
    codes: &[u8],
    of_type: &ParquetType,
    options: WriteOptions,
) -> PolarsResult<Vec<Page>> {
    let of_dictionary = array_to_columns(dictionary, of_type.clone(), options, &[Encoding::RleDictionary])?;
    let mut pages = Vec::new();
    for page in of_dictionary.into_iter().flatten() {
        match page? {
            Page::Dict(page) => pages.push(Page::Dict(page)),
            Page::Data(model) => {
                let codes_of_pages = codes.chunks(rows_of_page(options));
                for codes in codes_of_pages {
                    pages.push(Page::Data(page_of(&model, codes, of_type, options)?));
                }
                break;
            }
        }
    }
    Ok(pages)
}

/// How many rows the engine puts into a page of codes, which are of four bytes to it.
fn rows_of_page(options: WriteOptions) -> usize {
    const USUAL: usize = 1 << 20;
    const MOST: usize = (1 << 31) - (1 << 25);
    let n_bytes = options.data_page_size.unwrap_or(USUAL).min(MOST);
    (n_bytes / (size_of::<u32>() + 1)).max(1)
}

/// A page of these codes.
fn page_of(
    model: &DataPage,
    codes: &[u8],
    of_type: &ParquetType,
    options: WriteOptions,
) -> PolarsResult<DataPage> {
    let is_optional = of_type.get_field_info().repetition == Repetition::Optional;
    let mut bytes = Vec::with_capacity(codes.len() + 64);
    write_def_levels(&mut bytes, is_optional, None, codes.len(), options.version)?;
    let n_level_bytes = bytes.len();
    let largest = codes.iter().fold(0, |largest, code| largest.max(*code));
    let n_bits = u8::BITS - largest.leading_zeros();
    bytes.push(n_bits as u8);
    write_codes(codes, n_bits as usize, &mut bytes);
    let mut header = model.header().clone();
    match &mut header {
        DataPageHeader::V1(header) => header.num_values = codes.len() as i32,
        DataPageHeader::V2(header) => {
            header.num_values = codes.len() as i32;
            header.num_rows = codes.len() as i32;
            header.definition_levels_byte_length = n_level_bytes as i32;
        }
    }
    Ok(DataPage::new(header, CowBuffer::Owned(bytes), model.descriptor.clone(), codes.len()))
}

/// An integer of which it is known how far it is from another one.
trait Close: NativeType + Ord {
    /// How many steps this one is above the least of all.
    fn above(self, least: Self) -> u64;

    /// The one so many steps above, which is known to be there.
    fn up(self, n_steps: u8) -> Self;
}

macro_rules! close {
    ($($native:ty, $unsigned:ty;)*) => {$(
        impl Close for $native {
            #[inline(always)]
            fn above(self, least: Self) -> u64 {
                u64::from(self.wrapping_sub(least) as $unsigned)
            }

            fn up(self, n_steps: u8) -> Self {
                self.wrapping_add(Self::from(n_steps))
            }
        }
    )*};
}

close! { i32, u32; i64, u64; u32, u32; u64, u64; }

/// The values that there are, in their order, and for each value which one of these it is. `None` where they are too far apart.
fn codes<T: Close>(values: &[T]) -> Option<(Vec<T>, Vec<u8>)> {
    /// So many values tell of most columns that they are none for here.
    const FIRST: usize = 1024;
    least(&values[..values.len().min(FIRST)])?;
    let least = least(values)?;
    let mut codes = Vec::with_capacity(values.len());
    run_widest(Steps { values, least, codes: &mut codes });
    let mut is_there = [false; 256];
    codes.iter().for_each(|code| is_there[usize::from(*code)] = true);
    let mut code_of = [0; 256];
    let mut dictionary = Vec::new();
    let there = (0..=u8::MAX).filter(|n_steps| is_there[usize::from(*n_steps)]);
    for (code, n_steps) in (0..=u8::MAX).zip(there) {
        code_of[usize::from(n_steps)] = code;
        dictionary.push(least.up(n_steps));
    }
    let is_without_gaps = is_there[..dictionary.len()].iter().all(|is_there| *is_there);
    if !is_without_gaps {
        codes.iter_mut().for_each(|code| *code = code_of[usize::from(*code)]);
    }
    Some((dictionary, codes))
}

/// The least of some values, where no one is more than a byte above it.
fn least<T: Close>(values: &[T]) -> Option<T> {
    let first = *values.first()?;
    let mut ends = (first, first);
    run_widest(Ends { values, ends: &mut ends });
    let (least, greatest) = ends;
    (greatest.above(least) <= u64::from(u8::MAX)).then_some(least)
}

/// Finds the least and the greatest value.
struct Ends<'a, T> {
    values: &'a [T],
    ends: &'a mut (T, T),
}

impl<T: Close> Loop for Ends<'_, T> {
    #[inline(always)]
    fn run(self) {
        let (mut least, mut greatest) = *self.ends;
        for value in self.values {
            (least, greatest) = (least.min(*value), greatest.max(*value));
        }
        *self.ends = (least, greatest);
    }
}

/// Says of each value how far above the least it is.
struct Steps<'a, T> {
    values: &'a [T],
    least: T,
    codes: &'a mut Vec<u8>,
}

impl<T: Close> Loop for Steps<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { values, least, codes } = self;
        codes.extend(values.iter().map(|value| value.above(least) as u8));
    }
}

/// Writes codes as runs: of one code many times over, and of packed codes.
///
/// Packed codes come in eights, so that a run of one code begins at a multiple of eight codes behind the last one, and it is
/// worth it where more than eight are left of it there.
fn write_codes(mut codes: &[u8], n_bits: usize, bytes: &mut Vec<u8>) {
    while !codes.is_empty() {
        let (n_packed, n_times) = next_runs(codes);
        pack(&codes[..n_packed], n_bits, bytes);
        if n_times > 0 {
            put_number(n_times << 1, bytes);
            bytes.extend((n_bits > 0).then_some(codes[n_packed]));
        }
        codes = &codes[n_packed + n_times..];
    }
}

/// How many codes to pack, and how often the one behind them comes, where it is written once.
fn next_runs(codes: &[u8]) -> (usize, usize) {
    /// Of so many codes it is found out at one go whether any of them begins such a run.
    const AT_ONCE: usize = 256;
    let most = codes.len().min(MOST_PACKED);
    let mut at = 0;
    while at < most {
        let end = most.min(at + AT_ONCE);
        let mut may_repeat = false;
        run_widest(Repeats {
            codes: &codes[at..codes.len().min(end + REPEATED - 1)],
            found: &mut may_repeat,
        });
        if !may_repeat {
            at = end;
            continue;
        }
        while at < end {
            let code = codes[at];
            let n_times = codes[at..].iter().position(|other| *other != code).unwrap_or(codes.len() - at);
            let from = at.next_multiple_of(8);
            if n_times >= REPEATED && from < MOST_PACKED && at + n_times > from + REPEATED {
                return (from, at + n_times - from);
            }
            at += n_times;
        }
    }
    (most, 0)
}

/// Finds out whether any code comes so often one behind the other that it might be written once.
struct Repeats<'a> {
    codes: &'a [u8],
    found: &'a mut bool,
}

impl Loop for Repeats<'_> {
    #[inline(always)]
    fn run(self) {
        let Some(n_places) = (self.codes.len() + 1).checked_sub(REPEATED) else { return };
        let behind: [&[u8]; REPEATED] = std::array::from_fn(|n| &self.codes[n..n + n_places]);
        let mut found = 0;
        for place in 0..n_places {
            let first = behind[0][place];
            found |= behind[1..].iter().fold(1, |same, codes| same & u8::from(codes[place] == first));
        }
        *self.found = found != 0;
    }
}

/// Writes a run of packed codes; nothing where there are none.
fn pack(codes: &[u8], n_bits: usize, bytes: &mut Vec<u8>) {
    /// The engine packs so many at a time, into memory where those before still lie.
    const AT_ONCE: usize = 32;
    if codes.is_empty() {
        return;
    }
    let n_eights = codes.len().div_ceil(8);
    put_number(n_eights << 1 | 1, bytes);
    let start = bytes.len();
    bytes.resize(start + n_eights * n_bits + 8, 0);
    let (eights, rest) = codes.as_chunks::<8>();
    let mut places = start..;
    let mut put = |eight: &[u8; 8]| {
        let place = places.start;
        places.start += n_bits;
        bytes[place..place + 8].copy_from_slice(&packed(eight, n_bits as u32).to_le_bytes());
    };
    eights.iter().for_each(&mut put);
    if !rest.is_empty() {
        let from = eights.len() * 8;
        let filled = std::array::from_fn(|index| match rest.get(index) {
            Some(code) => *code,
            None => (from + index).checked_sub(AT_ONCE).map_or(0, |before| codes[before]),
        });
        put(&filled);
    }
    bytes.truncate(start + n_eights * n_bits);
}

/// Eight codes, one behind the other from the lowest bit on.
#[inline(always)]
fn packed(codes: &[u8; 8], n_bits: u32) -> u64 {
    const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
    const PAIRS: u64 = 0x0000_ffff_0000_ffff;
    const FOURS: u64 = 0x0000_0000_ffff_ffff;
    let codes = u64::from_le_bytes(*codes);
    let pairs = codes & BYTES | (codes >> 8 & BYTES) << n_bits;
    let fours = pairs & PAIRS | (pairs >> 16 & PAIRS) << (2 * n_bits);
    fours & FOURS | (fours >> 32) << (4 * n_bits)
}

/// A number, seven bits a byte.
fn put_number(mut number: usize, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use polars::prelude::{ArrowDataType, ArrowField};
    use polars_parquet::write::{CompressionOptions, StatisticsOptions, Version, to_parquet_type};
    use proptest::prelude::*;

    use super::*;

    /// What this column has here, and in the engine.
    fn both<T: Close>(values: Vec<T>, is_nullable: bool, options: WriteOptions) -> (Option<String>, String) {
        let array = PrimitiveArray::from_vec(values).boxed();
        let field = ArrowField::new("a".into(), array.dtype().clone(), is_nullable);
        let of_type = to_parquet_type(&field).unwrap();
        let encoding = [Encoding::RleDictionary];
        let here =
            pages(array.as_ref(), &of_type, &encoding, options).map(|pages| format!("{:?}", pages.unwrap()));
        let there = array_to_columns(array, of_type, options, &encoding).unwrap().pop().unwrap();
        (here, format!("{:?}", there.collect::<PolarsResult<Vec<Page>>>().unwrap()))
    }

    fn options(version: Version, data_page_size: Option<usize>) -> WriteOptions {
        let statistics = StatisticsOptions::default();
        WriteOptions { statistics, version, compression: CompressionOptions::Uncompressed, data_page_size }
    }

    /// Runs of equal values and values that change, with or without gaps between them.
    fn steps() -> impl Strategy<Value = Vec<u8>> {
        let run = prop_oneof![
            4 => (0..6_u8).prop_map(|step| vec![step]),
            2 => (0..6_u8, 1..30_usize).prop_map(|(step, n)| vec![step; n]),
            1 => (0..3_u8, 1..20_000_usize).prop_map(|(step, n)| vec![step; n]),
            1 => (1..=255_u8, 1..20_000_usize).prop_map(|(most, n)| (0..n).map(|at| (at % usize::from(most)) as u8).collect()),
            1 => (any::<u64>(), 1..20_000_usize).prop_map(|(seed, n)| {
                let mut random = seed | 1;
                (0..n).map(|_| { random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); (random >> 61) as u8 }).collect()
            }),
        ];
        proptest::collection::vec(run, 1..40).prop_map(|runs| runs.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_bytes_are_those_of_the_engine(
            steps in steps(),
            factor in 1..4_u8,
            page_bytes in prop_oneof![Just(None), (20..200_000_usize).prop_map(Some)],
            is_nullable in any::<bool>(),
            is_second in any::<bool>(),
            from in prop_oneof![Just(i64::MIN), Just(-3), Just(0), Just(i64::from(i32::MAX) - 800), Just(i64::MAX - 800)],
        ) {
            let options = options(if is_second { Version::V2 } else { Version::V1 }, page_bytes);
            let up = |step: &u8| i64::from(step.wrapping_mul(factor));
            let (here, there) = both(steps.iter().map(|step| from.wrapping_add(up(step))).collect::<Vec<i64>>(), is_nullable, options);
            prop_assert_eq!(here, Some(there));
            let (here, there) = both(steps.iter().map(|step| from as u64 / 2 + up(step) as u64).collect::<Vec<u64>>(), is_nullable, options);
            prop_assert_eq!(here, Some(there));
            let (here, there) = both(steps.iter().map(|step| (from as i32).wrapping_add(up(step) as i32) / 2).collect::<Vec<i32>>(), is_nullable, options);
            prop_assert!(here.is_none_or(|here| here == there));
            let (here, there) = both(steps.iter().map(|step| from as u32 / 2 + up(step) as u32).collect::<Vec<u32>>(), is_nullable, options);
            prop_assert_eq!(here, Some(there));
        }
    }

    #[test]
    fn other_columns_are_left_to_the_engine() {
        let encoding = [Encoding::RleDictionary];
        let of_type = |dtype| to_parquet_type(&ArrowField::new("a".into(), dtype, true)).unwrap();
        let options = options(Version::V1, None);
        let is_here = |array: Box<dyn Array>| {
            pages(array.as_ref(), &of_type(array.dtype().clone()), &encoding, options).is_some()
        };
        assert!(is_here(PrimitiveArray::from_vec(vec![0_i64, 255]).boxed()));
        assert!(!is_here(PrimitiveArray::from_vec(vec![0_i64, 256]).boxed()), "too far apart");
        assert!(!is_here(PrimitiveArray::from_vec(vec![i64::MIN, i64::MAX]).boxed()), "as far as can be");
        assert!(!is_here(PrimitiveArray::<i64>::from_vec(Vec::new()).boxed()), "no value");
        assert!(!is_here(PrimitiveArray::<i64>::from(vec![Some(1), None]).boxed()), "a null");
        assert!(!is_here(PrimitiveArray::from_vec(vec![0.0, 1.0]).boxed()), "floats");
        let days = PrimitiveArray::from_vec(vec![19_000_i32, 19_001]).to(ArrowDataType::Date32);
        assert!(is_here(days.boxed()));
    }
}
