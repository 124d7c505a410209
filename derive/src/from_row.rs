//! `#[derive(FromRow)]`.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{DeriveInput, Error, GenericParam, Result};

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
        let argument = made_static(field.dtype.to_token_stream());
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

/// The argument that a field is, named by its type for the longest of lifetimes: `&'r str` as `&'static str`.
fn made_static(tokens: TokenStream) -> TokenStream {
    let mut made = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                tokens.next();
                made.extend(quote!('static));
            }
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                made.extend(quote!(&));
                let named = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'');
                if !named {
                    made.extend(quote!('static));
                }
            }
            TokenTree::Group(group) => {
                made.extend([TokenTree::Group(Group::new(group.delimiter(), made_static(group.stream())))]);
            }
            token => made.extend([token]),
        }
    }
    made
}
