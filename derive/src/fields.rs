//! The fields of a struct and the columns that they stand for.

use std::collections::HashSet;

use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Result, Type, ext::IdentExt};

/// A field and the column that it stands for.
pub(crate) struct Field<'i> {
    pub(crate) ident: &'i Ident,
    pub(crate) dtype: &'i Type,
    pub(crate) column: String,
}

/// The named fields of a struct.
pub(crate) fn fields<'i>(input: &'i DeriveInput, derive: &str) -> Result<Vec<Field<'i>>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.span(),
            format!("#[derive({derive})] is for structs with named fields"),
        ));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new(
            input.span(),
            format!("#[derive({derive})] needs named fields: they name the columns"),
        ));
    };
    if named.named.is_empty() {
        return Err(Error::new(input.span(), format!("#[derive({derive})] needs at least one field")));
    }
    let mut seen = HashSet::new();
    let mut fields = Vec::with_capacity(named.named.len());
    for field in &named.named {
        let ident = field.ident.as_ref().expect("a named field has a name");
        let mut column = ident.unraw().to_string();
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("parrow")) {
            attribute.parse_nested_meta(|meta| {
                if !meta.path.is_ident("rename") {
                    return Err(meta.error("the only option of a field is rename = \"column name\""));
                }
                column = meta.value()?.parse::<LitStr>()?.value();
                Ok(())
            })?;
        }
        // The same column may be read twice, but not written twice.
        if derive == "IntoRow" && !seen.insert(column.clone()) {
            return Err(Error::new(field.span(), format!("two fields give the column {column:?}")));
        }
        fields.push(Field { ident, dtype: &field.ty, column });
    }
    Ok(fields)
}
