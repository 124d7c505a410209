//! Row functions that return a struct: what `#[derive(IntoRow)]` builds on.

use std::marker::PhantomData;
use std::slice::IterMut;

use polars::prelude::{Field, PlSmallStr, Series};

use super::argument::{Cons, Nil};
use super::into_row::{IntoRow, RowWriter, single_dtype};
use super::output::Slot;

/// A struct as the list of its fields: implemented by `#[derive(IntoRow)]`.
#[doc(hidden)]
pub trait StructRow: Sized {
    type Parts: RowParts;
    const NAMES: &'static [&'static str];

    fn into_parts(self) -> Self::Parts;

    fn struct_fields() -> Vec<Field> {
        let mut fields = Vec::with_capacity(Self::NAMES.len());
        Self::Parts::push_fields(Self::NAMES, &mut fields);
        fields
    }

    fn struct_writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> StructWriter<'o, Self> {
        StructWriter { parts: Self::Parts::writer(slots, n_rows), of: PhantomData }
    }
}

/// Values that make a column each.
#[doc(hidden)]
pub trait RowParts {
    type Writer<'o>: PartsWriter<Self>;

    fn push_fields(names: &[&'static str], fields: &mut Vec<Field>);
    fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> Self::Writer<'o>;
}

#[doc(hidden)]
pub trait PartsWriter<P: ?Sized> {
    fn write(&mut self, row: usize, parts: P) -> Option<String>;
    fn write_null(&mut self, row: usize);
    fn capacity(&self) -> usize;
    fn finish(self, slots: &mut IterMut<'_, Slot<'_>>);
}

impl RowParts for Nil {
    type Writer<'o> = Nil;

    fn push_fields(_names: &[&'static str], _fields: &mut Vec<Field>) {}

    fn writer<'o>(_slots: &mut IterMut<'_, Slot<'o>>, _n_rows: usize) -> Nil {
        Nil
    }
}

impl PartsWriter<Nil> for Nil {
    #[inline]
    fn write(&mut self, _row: usize, _parts: Nil) -> Option<String> {
        None
    }

    #[inline]
    fn write_null(&mut self, _row: usize) {}

    #[inline]
    fn capacity(&self) -> usize {
        usize::MAX
    }

    fn finish(self, _slots: &mut IterMut<'_, Slot<'_>>) {}
}

impl<A: IntoRow<Table = Series>, B: RowParts> RowParts for Cons<A, B> {
    type Writer<'o> = Cons<A::Writer<'o>, B::Writer<'o>>;

    fn push_fields(names: &[&'static str], fields: &mut Vec<Field>) {
        fields.push(Field::new(PlSmallStr::from_static(names[0]), single_dtype::<A>()));
        B::push_fields(&names[1..], fields);
    }

    fn writer<'o>(slots: &mut IterMut<'_, Slot<'o>>, n_rows: usize) -> Self::Writer<'o> {
        Cons(A::writer(slots, n_rows), B::writer(slots, n_rows))
    }
}

impl<A, B, WA: RowWriter<A>, WB: PartsWriter<B>> PartsWriter<Cons<A, B>> for Cons<WA, WB> {
    #[inline]
    fn write(&mut self, row: usize, parts: Cons<A, B>) -> Option<String> {
        let fault = self.0.write(row, parts.0);
        // The rest is written whatever became of this one, so that all columns stay in step.
        let later = self.1.write(row, parts.1);
        fault.or(later)
    }

    #[inline]
    fn write_null(&mut self, row: usize) {
        self.0.write_null(row);
        self.1.write_null(row);
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.0.capacity().min(self.1.capacity())
    }

    fn finish(self, slots: &mut IterMut<'_, Slot<'_>>) {
        self.0.finish(slots);
        self.1.finish(slots);
    }
}

/// Writes structs.
#[doc(hidden)]
pub struct StructWriter<'o, S: StructRow> {
    parts: <S::Parts as RowParts>::Writer<'o>,
    of: PhantomData<fn(S)>,
}

impl<S: StructRow> RowWriter<S> for StructWriter<'_, S> {
    #[inline]
    fn write(&mut self, row: usize, value: S) -> Option<String> {
        self.parts.write(row, value.into_parts())
    }

    #[inline]
    fn write_null(&mut self, row: usize) {
        self.parts.write_null(row);
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.parts.capacity()
    }

    fn finish(self, slots: &mut IterMut<'_, Slot<'_>>) {
        self.parts.finish(slots);
    }
}
