//! `#[derive(IntoRow)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Result};

use crate::fields::fields;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "#[derive(IntoRow)] takes a struct without generics",
        ));
    }
    let fields = fields(input, "IntoRow")?;
    let columns = fields.iter().map(|field| &field.column);
    let (mut types, mut parts) = (quote!(::parrow::row::Nil), quote!(::parrow::row::Nil));
    for field in fields.iter().rev() {
        let (ident, dtype) = (field.ident, field.dtype);
        types = quote!(::parrow::row::Cons<#dtype, #types>);
        parts = quote!(::parrow::row::Cons(#ident, #parts));
    }
    let idents = fields.iter().map(|field| field.ident);
    Ok(quote! {
        impl ::parrow::row::StructRow for #name {
            type Parts = #types;
            const NAMES: &'static [&'static str] = &[#(#columns),*];

            #[inline(always)]
            fn into_parts(self) -> Self::Parts {
                let #name { #(#idents),* } = self;
                #parts
            }
        }

        impl ::parrow::row::IntoRow for #name {
            type Table = ::parrow::polars::prelude::DataFrame;
            type Writer<'o> = ::parrow::row::StructWriter<'o, Self>;

            fn fields() -> ::std::vec::Vec<::parrow::polars::prelude::Field> {
                <Self as ::parrow::row::StructRow>::struct_fields()
            }

            fn writer<'o>(
                slots: &mut ::std::slice::IterMut<'_, ::parrow::row::Slot<'o>>,
                n_rows: usize,
            ) -> Self::Writer<'o> {
                <Self as ::parrow::row::StructRow>::struct_writer(slots, n_rows)
            }
        }
    })
}
