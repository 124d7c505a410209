//! The derive macros of parrow: `#[derive(FromRow)]` and `#[derive(IntoRow)]`.
//!
//! Use them through the `parrow` crate, which documents the traits that they implement.

mod fields;
mod from_row;
mod into_row;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct from the cells of a row: implements `parrow::FromRow`.
///
/// A field reads the column of its name, or the one that `#[parrow(rename = "…")]` names.
#[proc_macro_derive(FromRow, attributes(parrow))]
pub fn from_row(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    from_row::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct a row of a result: implements `parrow::IntoRow`.
///
/// A field gives the column of its name, or the one that `#[parrow(rename = "…")]` names.
#[proc_macro_derive(IntoRow, attributes(parrow))]
pub fn into_row(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    into_row::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
