//! Where cells end, 64 bytes at a time.

use std::ops::Range;

use super::super::super::pieces::PADDING;
use super::super::masks::masks_of;
use crate::widest::SideBySide;

/// How many bytes are looked at at a time.
const BLOCK: usize = 64;

const _: () = assert!(BLOCK <= PADDING);

/// Where the cells of some rows start and end.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    /// Where the first cell starts, and then, cell by cell, what is behind the byte that ends it.
    places: Vec<u32>,
    n_rows: usize,
}

impl Bounds {
    /// Where the first cell starts, and behind each cell of all rows.
    pub(super) fn places(&self, n_columns: usize) -> &[u32] {
        &self.places[..self.n_rows * n_columns + 1]
    }

    /// How many rows there are.
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Finds the cells of up to `most_rows` rows `within` bytes, behind which there are others. `None` where a row has not
    /// `n_columns` cells.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        bytes: &[u8],
        within: Range<usize>,
        delimiter: u8,
        n_columns: usize,
        most_rows: usize,
        has: Option<SideBySide>,
    ) -> Option<()> {
        let wanted = most_rows * n_columns;
        let Range { start, end: len } = within;
        let Self { places, n_rows } = self;
        places.resize(wanted + 1 + 2 * BLOCK, 0);
        places[0] = start as u32;
        let mut n_found = 0;
        let mut n_newlines = 0;
        let mut base = start;
        while base < len && n_found < wanted {
            let block: &[u8; BLOCK] = bytes.get(base..base + BLOCK)?.try_into().ok()?;
            let (mut separators, mut newlines) = match has {
                Some(has) => {
                    let [newlines, delimiters] = masks_of(block, [b'\n', delimiter], has);
                    (newlines | delimiters, newlines)
                }
                None => separators(block, delimiter),
            };
            if len - base < BLOCK {
                let within = (1 << (len - base)) - 1;
                separators &= within;
                newlines &= within;
            }
            let room: &mut [u32; BLOCK] =
                places.get_mut(n_found + 1..n_found + 1 + BLOCK)?.try_into().ok()?;
            let n = separators.count_ones() as usize;
            match has {
                Some(has) => put_side_by_side(separators, n, base as u32 + 1, room, has),
                None => put_places(separators, n, base as u32 + 1, room),
            }
            n_found += n;
            n_newlines += newlines.count_ones() as usize;
            base += BLOCK;
        }
        if base >= len && len > start && bytes[len - 1] != b'\n' {
            // The end of the file ends a row, too.
            n_found += 1;
            *places.get_mut(n_found)? = len as u32 + 1;
            n_newlines += 1;
        }
        *n_rows = n_found / n_columns;
        let n_whole = *n_rows * n_columns;
        let is_newline = |place: &u32| matches!(bytes[..len].get(*place as usize - 1), Some(b'\n') | None);
        let behind = &places[n_whole + 1..n_found + 1];
        let n_behind = behind.iter().filter(|place| is_newline(place)).count();
        let ends = places[1..n_whole + 1].chunks_exact(n_columns).all(|row| is_newline(&row[n_columns - 1]));
        // A line end behind every row, and nowhere else.
        (*n_rows > 0 && ends && n_newlines - n_behind == *n_rows).then_some(())
    }
}

/// Writes where each of the `n` set bits stands, `first` being the place of the lowest bit. Eight are written at a time,
/// whether they are there or not, so that no branch hangs on how many there are.
#[inline(always)]
fn put_places(mut bits: u64, n: usize, first: u32, places: &mut [u32; BLOCK]) {
    for eight in places.chunks_exact_mut(8).take(n.div_ceil(8)) {
        for place in eight {
            *place = first.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
    }
}

/// The same, all places of a block at once.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn put_side_by_side(bits: u64, n: usize, first: u32, places: &mut [u32; BLOCK], _has: SideBySide) {
    // SAFETY: whoever has a `SideBySide` runs on a processor with these instructions.
    unsafe { compress(bits, n, first, places) }
}

#[cfg(not(target_arch = "x86_64"))]
fn put_side_by_side(bits: u64, n: usize, first: u32, places: &mut [u32; BLOCK], _has: SideBySide) {
    put_places(bits, n, first, places);
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi2")]
fn compress(bits: u64, n: usize, first: u32, places: &mut [u32; BLOCK]) {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi32, _mm512_castsi512_si128, _mm512_cvtepu8_epi32, _mm512_extracti32x4_epi32,
        _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_set1_epi32, _mm512_storeu_si512,
    };
    const INDEXES: [u8; BLOCK] = {
        let mut indexes = [0; BLOCK];
        let mut index = 0;
        while index < BLOCK {
            indexes[index] = index as u8;
            index += 1;
        }
        indexes
    };
    let mut put = |part: usize, sixteen| {
        let found = _mm512_add_epi32(_mm512_cvtepu8_epi32(sixteen), _mm512_set1_epi32(first as i32));
        let place: &mut [u32] = &mut places[16 * part..16 * (part + 1)];
        // SAFETY: there is room for sixteen places, to be written wherever they lie.
        #[allow(unsafe_code)]
        unsafe {
            _mm512_storeu_si512(place.as_mut_ptr().cast::<__m512i>(), found);
        }
    };
    // SAFETY: there are 64 bytes, to be loaded from wherever they lie.
    #[allow(unsafe_code)]
    let indexes = unsafe { _mm512_loadu_si512(INDEXES.as_ptr().cast::<__m512i>()) };
    let side_by_side = _mm512_maskz_compress_epi8(bits, indexes);
    put(0, _mm512_castsi512_si128(side_by_side));
    if n > 16 {
        put(1, _mm512_extracti32x4_epi32::<1>(side_by_side));
    }
    if n > 32 {
        put(2, _mm512_extracti32x4_epi32::<2>(side_by_side));
        put(3, _mm512_extracti32x4_epi32::<3>(side_by_side));
    }
}

/// Which bytes are delimiters or line ends, and which are line ends.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn separators(block: &[u8; BLOCK], delimiter: u8) -> (u64, u64) {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
    };
    let (mut separators, mut newlines) = (0, 0);
    for (index, sixteen) in block.as_chunks::<16>().0.iter().enumerate() {
        // SAFETY: every processor of this kind has SSE2, and sixteen bytes are there to be loaded from any place.
        let (found, lines) = unsafe {
            let bytes = _mm_loadu_si128(sixteen.as_ptr().cast::<__m128i>());
            let lines = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\n' as i8));
            let cells = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(delimiter as i8));
            (_mm_movemask_epi8(_mm_or_si128(lines, cells)), _mm_movemask_epi8(lines))
        };
        separators |= (found as u64) << (16 * index);
        newlines |= (lines as u64) << (16 * index);
    }
    (separators, newlines)
}

/// Which bytes are delimiters or line ends, and which are line ends.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn separators(block: &[u8; BLOCK], delimiter: u8) -> (u64, u64) {
    separators_by_words(block, delimiter)
}

/// The same on any processor, eight bytes at a time.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
fn separators_by_words(block: &[u8; BLOCK], delimiter: u8) -> (u64, u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOWS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    /// Brings the lowest bits of eight bytes together, in their order, in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let equal = |word: u64, byte: u8| {
        let differing = word ^ (ONES * u64::from(byte));
        let is_zero = !(((differing & LOWS) + LOWS) | differing | LOWS);
        (is_zero >> 7).wrapping_mul(GATHER) >> 56
    };
    let (mut separators, mut newlines) = (0, 0);
    for (index, eight) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        let lines = equal(word, b'\n');
        separators |= (equal(word, delimiter) | lines) << (8 * index);
        newlines |= lines << (8 * index);
    }
    (separators, newlines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::widest::SideBySideLoop;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn separators_are_where_they_are(
            cells in proptest::collection::vec(prop::sample::select(b"1,\n;\x0b\x8a\xac\0".to_vec()), BLOCK),
            delimiter in prop::sample::select(b",;\n".to_vec()),
        ) {
            let block: [u8; BLOCK] = cells.try_into().unwrap();
            let bits = |is: &dyn Fn(u8) -> bool| {
                block.iter().rev().fold(0u64, |bits, byte| bits << 1 | u64::from(is(*byte)))
            };
            let expected = (bits(&|byte| byte == delimiter || byte == b'\n'), bits(&|byte| byte == b'\n'));
            prop_assert_eq!(separators(&block, delimiter), expected);
            prop_assert_eq!(separators_by_words(&block, delimiter), expected);
        }
    }

    /// The places of the cells of one column, with and without the newest instructions.
    struct Find<'a>(&'a [u8], [&'a mut Bounds; 2]);

    impl SideBySideLoop for Find<'_> {
        #[inline(always)]
        fn run(self, has: Option<SideBySide>) {
            let Self(bytes, [new, old]) = self;
            let len = bytes.len() - PADDING;
            assert!(new.find(bytes, 0..len, b',', 1, len, has).is_some());
            assert!(old.find(bytes, 0..len, b',', 1, len, None).is_some());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_newest_instructions_find_the_same_places(
            cells in proptest::collection::vec(prop_oneof![0..3_usize, 0..70_usize], 1..200),
        ) {
            let mut bytes: Vec<u8> = cells.iter().flat_map(|n| [vec![b'1'; *n], vec![b'\n']].concat()).collect();
            bytes.resize(bytes.len() + PADDING, b',');
            let (mut new, mut old) = (Bounds::default(), Bounds::default());
            crate::widest::run_side_by_side(Find(&bytes, [&mut new, &mut old]));
            prop_assert_eq!(new.places(1), old.places(1));
            prop_assert_eq!(new.n_rows(), cells.len());
        }
    }

    /// The cells of some rows, or nothing.
    fn cells(text: &str, n_columns: usize, most_rows: usize) -> Option<Vec<&str>> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len() + PADDING, b',');
        let mut bounds = Bounds::default();
        bounds.find(&bytes, 0..text.len(), b',', n_columns, most_rows, None)?;
        let places = bounds.places(n_columns);
        assert_eq!(places.len(), bounds.n_rows() * n_columns + 1);
        Some(places.windows(2).map(|pair| &text[pair[0] as usize..pair[1] as usize - 1]).collect())
    }

    #[test]
    fn cells_end_at_separators() {
        assert_eq!(cells("1,22\n,4\n", 2, 9).unwrap(), ["1", "22", "", "4"]);
        assert_eq!(cells("1,22\n,4", 2, 9).unwrap(), ["1", "22", "", "4"]);
        assert_eq!(cells("1,22\n,", 2, 9).unwrap(), ["1", "22", "", ""]);
        assert_eq!(cells("1\n\n3", 1, 9).unwrap(), ["1", "", "3"]);
        let long = "12345678,123\n".repeat(40);
        let some = cells(&long, 2, 7).unwrap().len();
        assert!((14..60).contains(&some), "{some}");
        assert_eq!(cells(&long, 2, 100).unwrap().len(), 80);
        for ragged in ["1,2\n3\n4,5,6\n", "1\n2\n", "1,2\n\n3,4\n", "1,2,3\n4\n", "3"] {
            assert_eq!(cells(ragged, 2, 9), None, "{ragged:?}");
        }
    }
}
