//! What the derive macros say of a struct that they cannot take.

use proc_macro2::TokenStream;
use syn::{DeriveInput, Result, parse_quote};

use crate::{from_row, into_row};

type Derive = fn(&DeriveInput) -> Result<TokenStream>;

const BOTH: [(&str, Derive); 2] = [("FromRow", from_row::expand), ("IntoRow", into_row::expand)];

#[track_caller]
fn check(derive: Derive, input: DeriveInput, expected: &str) {
    match derive(&input) {
        Ok(code) => panic!("this was derived:\n{code}"),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

#[test]
fn only_structs_with_named_fields() {
    for (name, derive) in BOTH {
        let named = format!("#[derive({name})] needs named fields: they name the columns");
        check(
            derive,
            parse_quote!(
                struct Point(f64, f64);
            ),
            &named,
        );
        check(
            derive,
            parse_quote!(
                struct Nothing;
            ),
            &named,
        );
        let structs = format!("#[derive({name})] is for structs with named fields");
        check(
            derive,
            parse_quote!(
                enum Either {
                    A(f64),
                    B,
                }
            ),
            &structs,
        );
        check(derive, parse_quote!(union Bits { a: u64, b: f64 }), &structs);
        let one = format!("#[derive({name})] needs at least one field");
        check(
            derive,
            parse_quote!(
                struct Nothing {}
            ),
            &one,
        );
    }
}

#[test]
fn no_generics_but_the_row() {
    let from_row =
        "#[derive(FromRow)] takes a struct without generics, or with one lifetime: that of the row";
    check(
        from_row::expand,
        parse_quote!(
            struct Pair<T> {
                a: T,
            }
        ),
        from_row,
    );
    check(
        from_row::expand,
        parse_quote!(
            struct Array<const N: usize> {
                a: [f64; N],
            }
        ),
        from_row,
    );
    check(
        from_row::expand,
        parse_quote!(
            struct Two<'a, 'b> {
                a: &'a str,
                b: &'b str,
            }
        ),
        from_row,
    );
    let into_row = "#[derive(IntoRow)] takes a struct without generics";
    check(
        into_row::expand,
        parse_quote!(
            struct Pair<T> {
                a: T,
            }
        ),
        into_row,
    );
    check(
        into_row::expand,
        parse_quote!(
            struct Text<'a> {
                a: &'a str,
            }
        ),
        into_row,
    );
    assert!(
        from_row::expand(&parse_quote!(
            struct Text<'r> {
                a: &'r str,
            }
        ))
        .is_ok()
    );
}

#[test]
fn rename_is_the_only_option() {
    for (_, derive) in BOTH {
        let option = "the only option of a field is rename = \"column name\"";
        check(
            derive,
            parse_quote!(
                struct Point {
                    #[parrow(name = "x")]
                    a: f64,
                }
            ),
            option,
        );
        check(
            derive,
            parse_quote!(
                struct Point {
                    #[parrow(skip)]
                    a: f64,
                }
            ),
            option,
        );
        check(
            derive,
            parse_quote!(
                struct Point {
                    #[parrow(rename)]
                    a: f64,
                }
            ),
            "expected `=`",
        );
        check(
            derive,
            parse_quote!(
                struct Point {
                    #[parrow(rename = x)]
                    a: f64,
                }
            ),
            "expected string literal",
        );
        assert!(
            derive(&parse_quote!(
                struct Point {
                    #[parrow(rename = "x")]
                    #[doc = "…"]
                    a: f64,
                }
            ))
            .is_ok()
        );
    }
}

#[test]
fn a_column_is_written_once_and_read_as_often_as_wanted() {
    let twice: DeriveInput = parse_quote!(
        struct Twice {
            a: f64,
            #[parrow(rename = "a")]
            b: i64,
        }
    );
    check(into_row::expand, twice.clone(), "two fields give the column \"a\"");
    assert!(from_row::expand(&twice).is_ok());
}
