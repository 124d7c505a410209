//! Closures with typed arguments: [`TypedFunction`], for every arity up to 12.

use std::marker::PhantomData;

use polars::prelude::{DataType, Field, PlSmallStr, Schema};

use super::argument::{Argument, Arguments, Cons, Nil, RowStates, Windows};
use super::chunk::Chunk;
use super::columns::resolve;
use super::drive::{CallRow, Outcome, drive};
use super::into_row::IntoRow;
use super::kernel::{BoundFunction, Kernel, RowFunction};
use super::output::ChunkOutput;
use crate::error::{Error, Result, counted};

/// A closure or function over the cells of a row: `|a: f64, b: Option<&str>| …`, with 1 to 12 [`Argument`]s and a result
/// that is [`IntoRow`].
///
/// `Marker` tells the arities apart; it is inferred.
///
/// # What is none
/// The compiler refuses an argument that owns its text or list, since a row only lends it (`&str`, `&[f64]`),
/// ```compile_fail,E0277
/// # use parrow::{polars::prelude::*, prelude::*};
/// # let frame = df!("a" => ["x"])?;
/// let lengths = frame.parallel_apply("a", |a: String| a.len() as u64)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
/// more than twelve arguments, for which there are [structs](super::FromRow) and [rows](super::Row),
/// ```compile_fail,E0277
/// # use parrow::{polars::prelude::*, prelude::*};
/// # let frame = df!("a" => [1.0])?;
/// type N = f64;
/// let firsts = frame.parallel_apply(
///     vec!["a"; 13],
///     |a: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N| a,
/// )?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
/// a closure that several threads cannot share,
/// ```compile_fail,E0277
/// # use parrow::{polars::prelude::*, prelude::*};
/// # let frame = df!("a" => [1.0])?;
/// let n_calls = std::cell::Cell::new(0);
/// let same = frame.parallel_apply("a", |a: f64| {
///     n_calls.set(n_calls.get() + 1);
///     a
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
/// and a result that is no value of a column:
/// ```compile_fail,E0277
/// # use parrow::{polars::prelude::*, prelude::*};
/// # let frame = df!("a" => [1.0])?;
/// let times = frame.parallel_apply("a", |_: f64| std::time::Instant::now())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
/// These are row functions:
/// ```
/// # use parrow::{polars::prelude::*, prelude::*};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// let frame = df!("t" => ["x", "yz"], "a" => [1.0, 2.0])?;
/// let lengths = frame.parallel_apply("t", |t: &str| t.len() as u64)?;
/// assert_eq!(lengths.u64()?.to_vec(), [Some(1), Some(2)]);
///
/// type N = f64;
/// let firsts = frame.parallel_apply(
///     vec!["a"; 12],
///     |a: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N, _: N| a,
/// )?;
/// assert_eq!(firsts.f64()?.to_vec(), [Some(1.0), Some(2.0)]);
///
/// let n_calls = AtomicU64::new(0);
/// let same = frame.parallel_apply("a", |a: f64| {
///     n_calls.fetch_add(1, Ordering::Relaxed);
///     a
/// })?;
/// assert_eq!((same.len(), n_calls.into_inner()), (2, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row function",
    note = "a row function is a closure of 1 to 12 typed arguments that can be called from several threads (`Fn + \
            Sync`), such as `|a: f64, b: Option<&str>| …`, and returns a value that makes a row",
    note = "an argument is a number, bool, &str, a date or time of chrono, a slice of these (`&[f64]`), or an Option of \
            one; text and lists are lent, so it is not `String` and not `Vec<f64>`"
)]
pub trait TypedFunction<Marker>: Sync {
    #[doc(hidden)]
    type Arguments: Arguments;

    /// What it returns.
    type Output: IntoRow;

    #[doc(hidden)]
    fn call<'r>(&self, arguments: <Self::Arguments as Arguments>::Item<'r>) -> Self::Output;
}

macro_rules! typed_function {
    ($($argument:ident $value:ident),*) => {
        impl<Function, Output, $($argument),*> TypedFunction<fn($($argument),*) -> Output> for Function
        where
            $($argument: Argument,)*
            Output: IntoRow,
            Function: Fn($($argument),*) -> Output + for<'r> Fn($($argument::Item<'r>),*) -> Output + Sync,
        {
            type Arguments = cons!($($argument),*);
            type Output = Output;

            #[inline(always)]
            fn call<'r>(&self, arguments: <Self::Arguments as Arguments>::Item<'r>) -> Output {
                // The closure is `Fn` in two ways; this picks the one that is meant.
                #[allow(clippy::too_many_arguments)]
                #[inline(always)]
                fn call<Output, $($argument),*>(
                    function: &impl Fn($($argument),*) -> Output,
                    $($value: $argument),*
                ) -> Output {
                    // Not as a reference, which is callable, too: that call the compiler may leave as one.
                    (*function)($($value),*)
                }
                let cons_pattern!($($value),*) = arguments;
                call(self, $($value),*)
            }
        }
    };
}

macro_rules! cons {
    () => { Nil };
    ($first:ident $(, $rest:ident)*) => { Cons<$first, cons!($($rest),*)> };
}

macro_rules! cons_pattern {
    () => { Nil };
    ($first:ident $(, $rest:ident)*) => { Cons($first, cons_pattern!($($rest),*)) };
}

typed_function!(A a);
typed_function!(A a, B b);
typed_function!(A a, B b, C c);
typed_function!(A a, B b, C c, D d);
typed_function!(A a, B b, C c, D d, E e);
typed_function!(A a, B b, C c, D d, E e, F f);
typed_function!(A a, B b, C c, D d, E e, F f, G g);
typed_function!(A a, B b, C c, D d, E e, F f, G g, H h);
typed_function!(A a, B b, C c, D d, E e, F f, G g, H h, I i);
typed_function!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j);
typed_function!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k);
typed_function!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l);

/// A typed closure with the columns that it reads: a [`RowFunction`].
///
/// # Example
/// ```
/// use parrow::row::{RowFunction, Typed};
/// use parrow::polars::prelude::*;
///
/// let hypot = Typed::new(("a", "b"), |a: f64, b: f64| a.hypot(b));
/// let frame = df!("a" => [3.0], "b" => [4.0])?;
/// let bound = hypot.bind(frame.schema())?;
/// assert_eq!(bound.kernel.fields()[0].dtype(), &DataType::Float64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct Typed<F, Marker> {
    columns: Vec<PlSmallStr>,
    function: F,
    marker: PhantomData<fn() -> Marker>,
}

impl<Marker, F: TypedFunction<Marker>> Typed<F, Marker> {
    /// `function`, called with the cells of `columns`.
    pub fn new(columns: impl super::columns::ColumnNames, function: F) -> Self {
        Self { columns: columns.into_names(), function, marker: PhantomData }
    }
}

impl<Marker, F> RowFunction for Typed<F, Marker>
where
    F: TypedFunction<Marker> + Send,
{
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        bind_typed::<F::Arguments, F::Output>(&self.columns, schema, |arguments| {
            self.function.call(arguments)
        })
    }
}

/// Ties a function over `A` to columns.
pub(crate) fn bind_typed<'f, A: Arguments + 'f, R: IntoRow + 'f>(
    columns: &[PlSmallStr],
    schema: &Schema,
    call: impl for<'r> Fn(A::Item<'r>) -> R + Sync + Send + 'f,
) -> Result<BoundFunction<'f>> {
    let dtypes = resolve(columns, schema)?;
    if columns.len() != A::LEN {
        return Err(Error::shape(format!(
            "the function takes {}, and {} {} named",
            counted(A::LEN, "argument"),
            counted(columns.len(), "column"),
            if columns.len() == 1 { "is" } else { "are" }
        )));
    }
    A::check(columns.iter().map(PlSmallStr::as_str).zip(dtypes))?;
    let kernel =
        TypedKernel::<A, R, _> { call, names: columns.to_vec(), fields: R::fields(), marker: PhantomData };
    Ok(BoundFunction { inputs: columns.to_vec(), kernel: Box::new(kernel) })
}

struct TypedKernel<A, R, C> {
    call: C,
    names: Vec<PlSmallStr>,
    fields: Vec<Field>,
    marker: PhantomData<fn() -> (A, R)>,
}

impl<A, R, C> Kernel for TypedKernel<A, R, C>
where
    A: Arguments,
    R: IntoRow,
    C: for<'r> Fn(A::Item<'r>) -> R + Sync + Send,
{
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn heeds_pace(&self) -> bool {
        true
    }

    fn run(&self, chunk: &Chunk, output: &mut ChunkOutput<'_>) -> Result<()> {
        run_prepared::<A, R>(A::prepare(chunk, 0)?, chunk.n_rows(), &self.names, output, &self.call);
        Ok(())
    }
}

/// Ties a typed function to columns.
pub(crate) fn bind_typed_function<'f, Marker, F: TypedFunction<Marker>>(
    columns: &[PlSmallStr],
    schema: &Schema,
    function: &'f F,
) -> Result<BoundFunction<'f>>
where
    F::Arguments: 'f,
    F::Output: 'f,
{
    bind_typed::<F::Arguments, F::Output>(columns, schema, |arguments| function.call(arguments))
}

/// How many arguments a typed function takes.
pub(crate) fn n_arguments<Marker, F: TypedFunction<Marker>>() -> usize {
    F::Arguments::LEN
}

/// Checks that a typed function takes columns of these names and dtypes.
pub(crate) fn check_arguments<'c, Marker, F: TypedFunction<Marker>>(
    mut columns: impl Iterator<Item = (&'c str, &'c DataType)>,
) -> Result<()> {
    F::Arguments::check(&mut columns)
}

/// Runs a typed function over the columns of a chunk from `first_column` on.
pub(crate) fn run_typed<Marker, F: TypedFunction<Marker>>(
    function: &F,
    chunk: &Chunk,
    first_column: usize,
    names: &[&str],
    output: &mut ChunkOutput<'_>,
) -> Result<()> {
    let prepared = F::Arguments::prepare(chunk, first_column)?;
    let call = |arguments: <F::Arguments as Arguments>::Item<'_>| function.call(arguments);
    run_prepared::<F::Arguments, F::Output>(prepared, chunk.n_rows(), names, output, &call);
    Ok(())
}

/// Runs a typed function over the windows of `window_rows` rows that end at each row of a chunk after the first `lead`.
pub(crate) fn run_windows<Marker, F: TypedFunction<Marker>>(
    function: &F,
    chunk: &Chunk,
    lead: usize,
    window_rows: usize,
    names: &[&str],
    output: &mut ChunkOutput<'_>,
) -> Result<()> {
    let windows = Windows { lead, n_rows: window_rows };
    let prepared = F::Arguments::prepare_windows(chunk, 0, windows)?;
    let call = |arguments: <F::Arguments as Arguments>::Item<'_>| function.call(arguments);
    run_prepared::<F::Arguments, F::Output>(prepared, chunk.n_rows() - lead, names, output, &call);
    Ok(())
}

fn run_prepared<A: Arguments, R: IntoRow>(
    prepared: A::Prepared,
    n_rows: usize,
    names: &[impl AsRef<str>],
    output: &mut ChunkOutput<'_>,
    call: &impl for<'r> Fn(A::Item<'r>) -> R,
) {
    let mut states = RowStates::default();
    A::add_states(&prepared, names, &mut states);
    let reader = A::reader(&prepared);
    assert!(A::n_rows(&reader) >= n_rows, "an argument holds every row of its chunk");
    drive::<R>(n_rows, states, output, CallTyped::<A, _> { reader, call }, |_| None);
}

/// A function with the arguments of a chunk.
struct CallTyped<'p, A: Arguments, C> {
    reader: A::Reader<'p>,
    call: &'p C,
}

impl<A: Arguments, R, C: for<'r> Fn(A::Item<'r>) -> R> CallRow<R> for CallTyped<'_, A, C> {
    #[inline(always)]
    fn capacity(&self) -> usize {
        A::n_rows(&self.reader)
    }

    #[inline(always)]
    fn call(&self, row: usize) -> Outcome<R> {
        Outcome::Value((self.call)(A::get(&self.reader, row)))
    }
}
