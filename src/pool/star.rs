//! Functions of several arguments, called with a tuple of them.

/// A function that takes the elements of the tuple `A` as its arguments: `Fn(A1, A2, …) -> Output`, up to eight.
///
/// Every such closure and function is one. The types of a closure's arguments must be written: `|a: i64, b: i64| a + b`.
///
/// # Example
/// ```
/// let pool = parrow::Pool::new(2)?;
/// let powers = pool.starmap([(2_i32, 10_u32), (3, 4)], i32::pow)?;
/// assert_eq!(powers, [1024, 81]);
/// # Ok::<(), parrow::Error>(())
/// ```
pub trait StarFunction<A> {
    /// What it returns.
    type Output;

    /// Calls it.
    fn call_star(&self, arguments: A) -> Self::Output;
}

macro_rules! star_function {
    ($($argument:ident)+) => {
        impl<F, R, $($argument),+> StarFunction<($($argument,)+)> for F
        where
            F: Fn($($argument),+) -> R,
        {
            type Output = R;

            #[inline]
            #[allow(non_snake_case, reason = "an argument is named as its type")]
            fn call_star(&self, ($($argument,)+): ($($argument,)+)) -> R {
                self($($argument),+)
            }
        }
    };
}

star_function!(A1);
star_function!(A1 A2);
star_function!(A1 A2 A3);
star_function!(A1 A2 A3 A4);
star_function!(A1 A2 A3 A4 A5);
star_function!(A1 A2 A3 A4 A5 A6);
star_function!(A1 A2 A3 A4 A5 A6 A7);
star_function!(A1 A2 A3 A4 A5 A6 A7 A8);
