//! What a value is, where it lies beside others of any kind: in lists, and among the results of a batch.
//!
//! A number is followed by its eight bytes, a text by its length in four bytes and itself, a list by the count of its
//! items in four bytes and the items. `prelude.luau` has the same.

pub(super) const NUMBER: u8 = 0;
pub(super) const NIL: u8 = 1;
pub(super) const FALSE: u8 = 2;
pub(super) const TRUE: u8 = 3;
pub(super) const TEXT: u8 = 4;
/// Eight bytes of an integer.
pub(super) const INTEGER: u8 = 5;
pub(super) const LIST: u8 = 6;
/// An integer that no number of Luau says exactly.
pub(super) const INEXACT: u8 = 7;
