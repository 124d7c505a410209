//! The digits of a column out of rows that are alike, some rows at a time, with instructions that the newest processors have.

use crate::widest::SideBySide;

/// How many bytes are looked at in one go.
const BLOCK: usize = 64;

/// How many numbers are made in one go.
const LANES: usize = 8;

/// Where the digits of a column stand in rows that are alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) row_bytes: usize,
    pub(super) offset: usize,
    pub(super) n_digits: usize,
}

/// Puts the numbers of the first rows into `numbers`, one for each row, and says of how many rows.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
pub(super) fn take_at_once(rows: &[u8], place: Place, numbers: &mut [i64], _has: SideBySide) -> usize {
    // SAFETY: whoever has a `SideBySide` runs on a processor with these instructions.
    unsafe { take(rows, place, numbers) }
}

/// Nobody has a `SideBySide` for other processors.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn take_at_once(_rows: &[u8], _place: Place, _numbers: &mut [i64], _has: SideBySide) -> usize {
    0
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn take(rows: &[u8], Place { row_bytes, offset, n_digits }: Place, numbers: &mut [i64]) -> usize {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_castsi512_si128, _mm512_cvtepu8_epi64,
        _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_set1_epi8, _mm512_setzero_si512,
        _mm512_slli_epi64, _mm512_storeu_si512,
    };
    let n_step = (BLOCK / row_bytes).min(LANES);
    // A bit for each place of the first digit in the rows of a block.
    let first = (0..n_step).fold(0, |bits: u64, row| bits | 1 << (row * row_bytes)) << offset;
    let mut n_taken = 0;
    while n_step > 0
        && let Some(block) = rows.get(n_taken * row_bytes..).and_then(|rows| rows.first_chunk::<BLOCK>())
        && let Some(lanes) = numbers.get_mut(n_taken..).and_then(|numbers| numbers.first_chunk_mut::<LANES>())
    {
        // SAFETY: there are 64 bytes, to be loaded from wherever they lie.
        #[allow(unsafe_code)]
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast::<__m512i>()) };
        let values = _mm512_and_si512(bytes, _mm512_set1_epi8(0xf));
        let mut number = _mm512_setzero_si512();
        for digit in 0..n_digits {
            let digits = _mm512_maskz_compress_epi8(first << digit, values);
            let digits = _mm512_cvtepu8_epi64(_mm512_castsi512_si128(digits));
            let tens = _mm512_add_epi64(_mm512_slli_epi64::<3>(number), _mm512_slli_epi64::<1>(number));
            number = _mm512_add_epi64(tens, digits);
        }
        // SAFETY: there is room for as many numbers, wherever it lies.
        #[allow(unsafe_code)]
        unsafe {
            _mm512_storeu_si512(lanes.as_mut_ptr().cast::<__m512i>(), number);
        }
        n_taken += n_step;
    }
    n_taken
}
