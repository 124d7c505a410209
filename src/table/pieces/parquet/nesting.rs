//! How the values of nested columns lie within each other.
//!
//! The engine takes lists that are written in one of the older ways for others than they are, or for such that may be null, and
//! would read other values out of them. What it takes a column for is held against the levels that its leaves have in the file;
//! where these are others, the column is what the rules of the format make of it.

use polars::prelude::{ArrowDataType, ArrowField, ArrowSchema};
use polars_parquet::parquet::metadata::ColumnDescriptor;
use polars_parquet::parquet::schema::Repetition;
use polars_parquet::parquet::schema::types::{GroupConvertedType, GroupLogicalType, ParquetType};
use polars_parquet::read::FileMetadata;

use crate::error::{Error, Result};

use super::super::super::parquet::NAME;

/// The columns of a file, as the engine takes them where that is what they are.
pub(super) fn fitted(metadata: &FileMetadata, mut arrow: ArrowSchema) -> Result<ArrowSchema> {
    for parquet in metadata.schema().fields() {
        let Some(field) = arrow.get_mut(parquet.name()) else { continue };
        let of_column = |leaf: &&ColumnDescriptor| {
            leaf.path_in_schema.first().is_some_and(|root| root.as_str() == parquet.name())
        };
        let leaves = metadata.schema().columns().iter().filter(of_column);
        let levels: Vec<Levels> = leaves
            .map(|leaf| Levels { def: leaf.descriptor.max_def_level, rep: leaf.descriptor.max_rep_level })
            .collect();
        let is_flat = !field.dtype.is_nested() && levels.iter().all(|levels| levels.rep == 0);
        if is_flat || levels_of(field) == levels {
            continue;
        }
        match by_the_rules(parquet, field).filter(|field| levels_of(field) == levels) {
            Some(fitting) => *field = fitting,
            None => {
                let message = "the way in which its values are nested is not supported";
                return Err(Error::malformed(NAME, message).in_column(parquet.name()));
            }
        }
    }
    Ok(arrow)
}

/// The largest definition and repetition level of a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Levels {
    def: i16,
    rep: i16,
}

/// The levels of the leaves of a field, as the engine takes them.
fn levels_of(field: &ArrowField) -> Vec<Levels> {
    let mut levels = Vec::new();
    add_levels(field, Levels::default(), &mut levels);
    levels
}

fn add_levels(field: &ArrowField, around: Levels, levels: &mut Vec<Levels>) {
    let own = Levels { def: around.def + i16::from(field.is_nullable), ..around };
    match &field.dtype {
        ArrowDataType::List(inner)
        | ArrowDataType::LargeList(inner)
        | ArrowDataType::FixedSizeList(inner, _)
        | ArrowDataType::Map(inner, _) => {
            add_levels(inner, Levels { def: own.def + 1, rep: own.rep + 1 }, levels);
        }
        ArrowDataType::Struct(fields) if !fields.is_empty() => {
            fields.iter().for_each(|field| add_levels(field, own, levels));
        }
        _ => levels.push(own),
    }
}

/// The field that a column is by the rules of the format, with the leaves that the engine found.
fn by_the_rules(parquet: &ParquetType, field: &ArrowField) -> Option<ArrowField> {
    let mut leaves = Vec::new();
    add_leaves(&field.dtype, &mut leaves);
    let mut leaves = leaves.into_iter();
    let ruled = field_of(parquet, &mut leaves)?;
    leaves.next().is_none().then(|| ArrowField { metadata: field.metadata.clone(), ..ruled })
}

fn add_leaves(dtype: &ArrowDataType, leaves: &mut Vec<ArrowDataType>) {
    match dtype {
        ArrowDataType::List(inner)
        | ArrowDataType::LargeList(inner)
        | ArrowDataType::FixedSizeList(inner, _)
        | ArrowDataType::Map(inner, _) => add_leaves(&inner.dtype, leaves),
        ArrowDataType::Struct(fields) if !fields.is_empty() => {
            fields.iter().for_each(|field| add_leaves(&field.dtype, leaves));
        }
        leaf => leaves.push(leaf.clone()),
    }
}

type Leaves<'l> = dyn Iterator<Item = ArrowDataType> + 'l;

fn field_of(parquet: &ParquetType, leaves: &mut Leaves<'_>) -> Option<ArrowField> {
    let info = parquet.get_field_info();
    let dtype = match info.repetition {
        // Without anything around it that says so, it is a list all the same.
        Repetition::Repeated => list_of(item_of(parquet, leaves)?),
        _ => dtype_of(parquet, leaves)?,
    };
    Some(ArrowField::new(info.name.clone(), dtype, info.repetition == Repetition::Optional))
}

fn dtype_of(parquet: &ParquetType, leaves: &mut Leaves<'_>) -> Option<ArrowDataType> {
    let ParquetType::GroupType { fields, .. } = parquet else { return leaves.next() };
    if is_list(parquet) {
        return Some(list_of(items_of(fields.first()?, parquet.name(), leaves)?));
    }
    let fields = fields.iter().map(|field| field_of(field, leaves));
    Some(ArrowDataType::Struct(fields.collect::<Option<_>>()?))
}

/// The items of a list, by what is repeated in it: they are what is repeated, or the one field within it.
fn items_of(repeated: &ParquetType, list: &str, leaves: &mut Leaves<'_>) -> Option<ArrowField> {
    let ParquetType::GroupType { fields, .. } = repeated else { return item_of(repeated, leaves) };
    let is_item = repeated.name() == "array" || repeated.name().strip_suffix("_tuple") == Some(list);
    match fields.as_slice() {
        [item] if !is_item && !is_list(repeated) => match item.get_field_info().repetition {
            Repetition::Repeated => item_of(repeated, leaves),
            _ => field_of(item, leaves),
        },
        _ => item_of(repeated, leaves),
    }
}

/// What is repeated as an item, which is there as often as it is repeated.
fn item_of(repeated: &ParquetType, leaves: &mut Leaves<'_>) -> Option<ArrowField> {
    Some(ArrowField::new(repeated.get_field_info().name.clone(), dtype_of(repeated, leaves)?, false))
}

/// Whether a group says that it is a list, or a map, which is a list of pairs.
fn is_list(parquet: &ParquetType) -> bool {
    let ParquetType::GroupType { logical_type, converted_type, .. } = parquet else { return false };
    match (logical_type, converted_type) {
        (Some(GroupLogicalType::List | GroupLogicalType::Map), _) => true,
        (None, Some(converted)) => matches!(
            converted,
            GroupConvertedType::List | GroupConvertedType::Map | GroupConvertedType::MapKeyValue
        ),
        _ => false,
    }
}

fn list_of(item: ArrowField) -> ArrowDataType {
    ArrowDataType::LargeList(Box::new(item))
}
