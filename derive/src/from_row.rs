//! `#[derive(FromRow)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{DeriveInput, Error, GenericParam, Lifetime, Result, Type};

use crate::fields::fields;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let n_lifetimes = input.generics.lifetimes().count();
    if input.generics.params.iter().any(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
        || n_lifetimes > 1
    {
        return Err(Error::new_spanned(
            &input.generics,
            "#[derive(FromRow)] takes a struct without generics, or with one lifetime: that of the row",
        ));
    }
    let fields = fields(input, "FromRow")?;
    let columns = fields.iter().map(|field| &field.column);
    let (mut types, mut pattern) = (quote!(::parrow::row::Nil), quote!(::parrow::row::Nil));
    for field in fields.iter().rev() {
        let mut argument: Type = field.dtype.clone();
        MakeStatic.visit_type_mut(&mut argument);
        let ident = field.ident;
        types = quote!(::parrow::row::Cons<#argument, #types>);
        pattern = quote!(::parrow::row::Cons(#ident, #pattern));
    }
    let idents = fields.iter().map(|field| field.ident);
    let (for_any, row) = match n_lifetimes {
        0 => (quote!(#name), quote!(#name)),
        _ => (quote!(#name<'_>), quote!(#name<'r>)),
    };
    Ok(quote! {
        impl ::parrow::row::FromRow for #for_any {
            type Row<'r> = #row;
            type Fields = #types;
            const COLUMNS: &'static [&'static str] = &[#(#columns),*];

            #[inline(always)]
            fn from_fields<'r>(fields: <Self::Fields as ::parrow::row::Arguments>::Item<'r>) -> Self::Row<'r> {
                let #pattern = fields;
                #name { #(#idents),* }
            }
        }
    })
}

/// Names the argument that a field is by its type for the longest of lifetimes.
struct MakeStatic;

impl VisitMut for MakeStatic {
    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        reference.lifetime = Some(Lifetime::new("'static", proc_macro2::Span::call_site()));
        syn::visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        *lifetime = Lifetime::new("'static", lifetime.span());
    }
}
