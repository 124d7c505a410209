//! The columns that a caller names, and their place in a schema.

use polars::prelude::{DataType, PlSmallStr, Schema};

use crate::error::{Error, Result};

/// Names of columns: `"a"`, `("a", "b")`, `["a", "b"]`, a slice or a `Vec` of strings. A name may come twice.
pub trait ColumnNames {
    /// The names, in order.
    fn into_names(self) -> Vec<PlSmallStr>;
}

impl ColumnNames for &str {
    fn into_names(self) -> Vec<PlSmallStr> {
        vec![self.into()]
    }
}

impl<S: AsRef<str>, const N: usize> ColumnNames for [S; N] {
    fn into_names(self) -> Vec<PlSmallStr> {
        self.iter().map(|name| name.as_ref().into()).collect()
    }
}

impl<S: AsRef<str>> ColumnNames for &[S] {
    fn into_names(self) -> Vec<PlSmallStr> {
        self.iter().map(|name| name.as_ref().into()).collect()
    }
}

impl<S: AsRef<str>> ColumnNames for Vec<S> {
    fn into_names(self) -> Vec<PlSmallStr> {
        self.as_slice().into_names()
    }
}

impl<S: AsRef<str>> ColumnNames for &Vec<S> {
    fn into_names(self) -> Vec<PlSmallStr> {
        self.as_slice().into_names()
    }
}

macro_rules! tuple_of_names {
    ($($name:ident $index:tt),*) => {
        impl<$($name: AsRef<str>),*> ColumnNames for ($($name,)*) {
            fn into_names(self) -> Vec<PlSmallStr> {
                vec![$(self.$index.as_ref().into()),*]
            }
        }
    };
}

tuple_of_names!(A 0);
tuple_of_names!(A 0, B 1);
tuple_of_names!(A 0, B 1, C 2);
tuple_of_names!(A 0, B 1, C 2, D 3);
tuple_of_names!(A 0, B 1, C 2, D 3, E 4);
tuple_of_names!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_of_names!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_of_names!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple_of_names!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple_of_names!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple_of_names!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuple_of_names!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

/// The dtypes of these columns.
///
/// # Errors
/// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound) for the first that `schema` lacks.
pub(crate) fn resolve<'s>(names: &[PlSmallStr], schema: &'s Schema) -> Result<Vec<&'s DataType>> {
    names
        .iter()
        .map(|name| {
            schema.get(name).ok_or_else(|| {
                Error::column_not_found(name.as_str(), schema.iter_names().map(|name| name.as_str()))
            })
        })
        .collect()
}
