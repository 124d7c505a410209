//! The digits of a column out of rows that are alike, some rows at a time, with instructions that the newest processors have.

use crate::widest::SideBySide;

/// How many bytes are looked at in one go.
const BLOCK: usize = 64;

/// Where the digits of a column stand in rows that are alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) row_bytes: usize,
    pub(super) offset: usize,
    pub(super) n_digits: usize,
}

/// What a number becomes.
pub(super) trait Lane: Copy + Default {
    /// The number with one more digit behind it.
    fn then(self, digit: u8) -> Self;

    /// Puts the numbers of the first rows into `numbers`, one for each row, and says of how many rows.
    ///
    /// # Safety
    /// The processor must have what [`SideBySide`] tells of.
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    unsafe fn take(rows: &[u8], place: Place, numbers: &mut [Self]) -> usize;
}

/// Puts the numbers of the first rows into `numbers`, one for each row, and says of how many rows.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
pub(super) fn take_at_once<T: Lane>(rows: &[u8], place: Place, numbers: &mut [T], _has: SideBySide) -> usize {
    // SAFETY: whoever has a `SideBySide` runs on a processor with these instructions.
    unsafe { T::take(rows, place, numbers) }
}

/// Nobody has a `SideBySide` for other processors.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn take_at_once<T: Lane>(_rows: &[u8], _: Place, _numbers: &mut [T], _has: SideBySide) -> usize {
    0
}

impl Place {
    /// A bit for each place of the first digit in the first `n_rows` rows, which are within a block.
    fn firsts(&self, n_rows: usize) -> u64 {
        (0..n_rows).fold(0, |bits: u64, row| bits | 1 << (row * self.row_bytes)) << self.offset
    }
}

impl Lane for i64 {
    #[inline(always)]
    fn then(self, digit: u8) -> Self {
        self * 10 + Self::from(digit)
    }

    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
    unsafe fn take(rows: &[u8], place: Place, numbers: &mut [Self]) -> usize {
        use std::arch::x86_64::{
            __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_castsi512_si128, _mm512_cvtepu8_epi64,
            _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_set1_epi8, _mm512_setzero_si512,
            _mm512_slli_epi64, _mm512_storeu_si512,
        };
        const LANES: usize = 8;
        let n_step = (BLOCK / place.row_bytes).min(LANES);
        if n_step == 0 {
            return 0;
        }
        let first = place.firsts(n_step);
        let mut n_taken = 0;
        while let Some(block) =
            rows.get(n_taken * place.row_bytes..).and_then(|rows| rows.first_chunk::<BLOCK>())
            && let Some(lanes) = numbers.get_mut(n_taken..).and_then(|rest| rest.first_chunk_mut::<LANES>())
        {
            // SAFETY: there are 64 bytes, to be loaded from wherever they lie.
            let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast::<__m512i>()) };
            let values = _mm512_and_si512(bytes, _mm512_set1_epi8(0xf));
            let mut number = _mm512_setzero_si512();
            for digit in 0..place.n_digits {
                let digits = _mm512_maskz_compress_epi8(first << digit, values);
                let digits = _mm512_cvtepu8_epi64(_mm512_castsi512_si128(digits));
                let tens = _mm512_add_epi64(_mm512_slli_epi64::<3>(number), _mm512_slli_epi64::<1>(number));
                number = _mm512_add_epi64(tens, digits);
            }
            // SAFETY: there is room for as many numbers, wherever it lies.
            unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast::<__m512i>(), number) };
            n_taken += n_step;
        }
        n_taken
    }
}

impl Lane for i8 {
    #[inline(always)]
    fn then(self, digit: u8) -> Self {
        self * 10 + digit as Self
    }

    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
    unsafe fn take(rows: &[u8], place: Place, numbers: &mut [Self]) -> usize {
        use std::arch::x86_64::{
            __m128i, __m512i, _mm_add_epi8, _mm_setzero_si128, _mm_storeu_si128, _mm512_and_si512,
            _mm512_castsi512_si128, _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_set1_epi8,
        };
        const LANES: usize = 16;
        let n_step = (BLOCK / place.row_bytes).min(LANES);
        if n_step == 0 {
            return 0;
        }
        let first = place.firsts(n_step);
        let mut n_taken = 0;
        while let Some(block) =
            rows.get(n_taken * place.row_bytes..).and_then(|rows| rows.first_chunk::<BLOCK>())
            && let Some(lanes) = numbers.get_mut(n_taken..).and_then(|rest| rest.first_chunk_mut::<LANES>())
        {
            // SAFETY: there are 64 bytes, to be loaded from wherever they lie.
            let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast::<__m512i>()) };
            let values = _mm512_and_si512(bytes, _mm512_set1_epi8(0xf));
            let mut number = _mm_setzero_si128();
            for digit in 0..place.n_digits {
                let digits = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(first << digit, values));
                let two = _mm_add_epi8(number, number);
                let four = _mm_add_epi8(two, two);
                number = _mm_add_epi8(_mm_add_epi8(_mm_add_epi8(four, four), two), digits);
            }
            // SAFETY: there is room for as many numbers, wherever it lies.
            unsafe { _mm_storeu_si128(lanes.as_mut_ptr().cast::<__m128i>(), number) };
            n_taken += n_step;
        }
        n_taken
    }
}
