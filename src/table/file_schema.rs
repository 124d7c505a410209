//! The schema that a file of a binary format says it has, as far as there can be such columns.

use polars::prelude::*;

use crate::error::{Error, Result};

use super::contain::contain;

/// The schema of a file from the one that its metadata has.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) for a dtype that no column can have: the engine takes it as it stands, and panics
/// where it meets it later.
pub(super) fn file_schema(format: &'static str, arrow: &ArrowSchema) -> Result<Schema> {
    let schema = contain(format, || Ok(Schema::from_arrow_schema(arrow)))?;
    for (name, dtype) in schema.iter() {
        check(dtype).map_err(|message| Error::malformed(format, message).in_column(name.as_str()))?;
    }
    Ok(schema)
}

fn check(dtype: &DataType) -> std::result::Result<(), String> {
    match dtype {
        // Digits that fit into 128 bits.
        DataType::Decimal(precision, scale) if !(1..=38).contains(precision) || scale > precision => {
            Err(format!(
                "it says that its decimals have {precision} digits, {scale} of them behind the point; 38 are the most"
            ))
        }
        DataType::List(inner) | DataType::Array(inner, _) => check(inner),
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check(field.dtype())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_as_many_digits_as_there_can_be() {
        let of = |precision, scale| {
            let dtype = ArrowDataType::Decimal(precision, scale);
            let field = ArrowField::new("item".into(), dtype, true);
            let nested = ArrowDataType::List(Box::new(field));
            let fields = [ArrowField::new("a".into(), nested, true)];
            file_schema("Arrow", &fields.into_iter().map(|field| (field.name.clone(), field)).collect())
        };
        assert!(of(38, 38).is_ok() && of(1, 0).is_ok());
        for (precision, scale) in [(0, 0), (39, 2), (44, 0), (5, 6)] {
            let message = of(precision, scale).unwrap_err().to_string();
            assert!(message.contains("decimals") && message.contains("\"a\""), "{message}");
        }
    }
}
