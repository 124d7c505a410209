//! The digits of a decimal, all of them at once, with instructions that the newest processors have.

use super::cells::{Found, float, from_digits};
use crate::widest::SideBySide;

/// How many bytes are looked at: no decimal that is read here has more.
const LONGEST: usize = 32;

/// A float, or an integer that one holds exactly: as [`float`].
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
pub(super) fn float_at_once(bytes: &[u8], start: usize, end: usize, _has: SideBySide) -> Found<f64> {
    if let Some(text) = bytes.get(start..start + LONGEST)
        && let Ok(text) = text.try_into()
        // SAFETY: whoever has a `SideBySide` runs on a processor with these instructions.
        && let Some(decimal) = unsafe { decimal(text, end - start) }
    {
        let magnitude = from_digits(decimal.digits, decimal.n_fraction);
        return Found::Number(if decimal.is_negative { -magnitude } else { magnitude });
    }
    float_elsewise(bytes, start, end)
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn float_at_once(bytes: &[u8], start: usize, end: usize, _has: SideBySide) -> Found<f64> {
    float(bytes, start, end)
}

/// What is no usual decimal.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn float_elsewise(bytes: &[u8], start: usize, end: usize) -> Found<f64> {
    float(bytes, start, end)
}

/// A number with a point.
#[cfg(target_arch = "x86_64")]
struct Decimal {
    /// All of its digits, as one integer.
    digits: u64,
    /// How many of them stand behind the point.
    n_fraction: usize,
    is_negative: bool,
}

/// The decimal in the first `n_bytes` bytes: digits, a point and digits, 19 of them at most. `None` for all else.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn decimal(text: &[u8; LONGEST], n_bytes: usize) -> Option<Decimal> {
    use std::arch::x86_64::{
        __m256i, _mm_cvtsi128_si64, _mm256_castsi256_si128, _mm256_cmpeq_epi8_mask, _mm256_cmplt_epu8_mask,
        _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
        _mm256_maskz_compress_epi8, _mm256_maskz_expand_epi8, _mm256_packus_epi32, _mm256_set1_epi8,
        _mm256_set1_epi16, _mm256_set1_epi32, _mm256_sub_epi8,
    };
    const MOST_DIGITS: u32 = 19;
    // SAFETY: there are 32 bytes, to be loaded from wherever they lie.
    #[allow(unsafe_code)]
    let bytes = unsafe { _mm256_loadu_si256(text.as_ptr().cast::<__m256i>()) };
    let values = _mm256_sub_epi8(bytes, _mm256_set1_epi8(b'0' as i8));
    let within = ((1u64 << n_bytes.min(LONGEST)) - 1) as u32;
    let are_digits = _mm256_cmplt_epu8_mask(values, _mm256_set1_epi8(10)) & within;
    let are_points = _mm256_cmpeq_epi8_mask(bytes, _mm256_set1_epi8(b'.' as i8)) & within;
    let is_negative = text[0] == b'-';
    let others = within & !are_digits & !u32::from(is_negative);
    let (n_digits, point) = (are_digits.count_ones(), are_points.trailing_zeros());
    let n_whole = point.wrapping_sub(u32::from(is_negative));
    let n_fraction = n_digits.wrapping_sub(n_whole);
    // One point and nothing else among the digits, with digits on both sides of it.
    let is_usual = others == are_points
        && are_points.is_power_of_two()
        && n_whole >= 1
        && n_fraction >= 1
        && n_digits <= MOST_DIGITS
        && n_bytes <= LONGEST;
    if !is_usual {
        return None;
    }
    // Side by side, and then so that the last one is the last byte.
    let digits = _mm256_maskz_compress_epi8(are_digits, values);
    let digits = _mm256_maskz_expand_epi8(u32::MAX << (32 - n_digits), digits);
    let pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010a));
    let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x0001_0064));
    let fours = _mm256_packus_epi32(fours, fours);
    let eights = _mm256_madd_epi16(fours, _mm256_set1_epi32(0x0001_2710));
    let high = _mm_cvtsi128_si64(_mm256_castsi256_si128(eights)) as u64;
    let low = _mm_cvtsi128_si64(_mm256_extracti128_si256::<1>(eights)) as u64;
    // The first eight bytes are none of the 19 digits.
    let digits = ((high >> 32) * 100_000_000 + (low & 0xffff_ffff)) * 100_000_000 + (low >> 32);
    Some(Decimal { digits, n_fraction: n_fraction as usize, is_negative })
}
