//! Where some bytes stand among 64, all of them compared at once, with instructions that the newest processors have.

use crate::widest::SideBySide;

/// For each of some bytes, a bit for each place where it stands.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
pub(super) fn masks_of<const N: usize>(block: &[u8; 64], wanted: [u8; N], _has: SideBySide) -> [u64; N] {
    // SAFETY: whoever has a `SideBySide` runs on a processor with these instructions.
    unsafe { compare(block, wanted) }
}

/// The same on processors that nobody has a `SideBySide` for.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn masks_of<const N: usize>(block: &[u8; 64], wanted: [u8; N], _has: SideBySide) -> [u64; N] {
    wanted.map(|wanted| block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(*byte == wanted)))
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn compare<const N: usize>(block: &[u8; 64], wanted: [u8; N]) -> [u64; N] {
    use std::arch::x86_64::{__m512i, _mm512_cmpeq_epi8_mask, _mm512_loadu_si512, _mm512_set1_epi8};
    // SAFETY: there are 64 bytes, to be loaded from wherever they lie.
    #[allow(unsafe_code)]
    let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast::<__m512i>()) };
    let mut masks = [0; N];
    for (mask, wanted) in masks.iter_mut().zip(wanted) {
        *mask = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(wanted as i8));
    }
    masks
}
