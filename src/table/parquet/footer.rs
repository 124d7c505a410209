//! The end of a Parquet file, written row group by row group: of thousands of columns it is too large to be there at once.

use std::io::{self, BufWriter, Write};

use polars_parquet::write::ThriftFileMetadata;
use polars_parquet_format::RowGroup;
use polars_parquet_format::thrift::protocol::{
    TCompactOutputProtocol, TFieldIdentifier, TListIdentifier, TOutputProtocol, TType,
};

use crate::error::{Error, Result};

use super::group_file::MARK;

/// Writes what a file says of itself, with so many row groups, its length, and the mark behind it.
pub(super) fn write_footer<W: Write>(
    sink: &mut W,
    metadata: &ThriftFileMetadata,
    n_groups: usize,
    groups: impl Iterator<Item = Result<RowGroup>>,
) -> Result<()> {
    let mut counted = Counted { sink: BufWriter::new(sink), n_bytes: 0 };
    fields(&mut counted, metadata, n_groups, groups)?;
    let length = u32::try_from(counted.n_bytes).map_err(|_| {
        Error::shape("what a Parquet file says of its row groups may have 4 GB at most; write Arrow")
    })?;
    let mut write = |bytes: &[u8]| counted.sink.write_all(bytes);
    let written = write(&length.to_le_bytes()).and_then(|()| write(MARK)).and_then(|()| counted.sink.flush());
    written.map_err(|error| Error::io("write", error))
}

/// The fields of `FileMetaData` in the order of their numbers, as parquet.thrift has them.
fn fields(
    sink: &mut Counted<'_, impl Write>,
    metadata: &ThriftFileMetadata,
    n_groups: usize,
    groups: impl Iterator<Item = Result<RowGroup>>,
) -> Result<()> {
    let mut out = TCompactOutputProtocol::new(sink);
    let list = |n: usize| {
        let n = u32::try_from(n).map_err(|_| Error::engine("a list of too many values"))?;
        Ok::<_, Error>(TListIdentifier::new(TType::Struct, n))
    };
    let begin = |out: &mut TCompactOutputProtocol<_>, name: &'static str, of_type, number| {
        out.write_field_begin(&TFieldIdentifier::new(name, of_type, number)).map_err(failed)
    };
    begin(&mut out, "version", TType::I32, 1)?;
    out.write_i32(metadata.version).map_err(failed)?;
    begin(&mut out, "schema", TType::List, 2)?;
    out.write_list_begin(&list(metadata.schema.len())?).map_err(failed)?;
    for element in &metadata.schema {
        element.write_to_out_protocol(&mut out).map_err(failed)?;
    }
    begin(&mut out, "num_rows", TType::I64, 3)?;
    out.write_i64(metadata.num_rows).map_err(failed)?;
    begin(&mut out, "row_groups", TType::List, 4)?;
    out.write_list_begin(&list(n_groups)?).map_err(failed)?;
    for group in groups {
        group?.write_to_out_protocol(&mut out).map_err(failed)?;
    }
    if let Some(pairs) = &metadata.key_value_metadata {
        begin(&mut out, "key_value_metadata", TType::List, 5)?;
        out.write_list_begin(&list(pairs.len())?).map_err(failed)?;
        for pair in pairs {
            pair.write_to_out_protocol(&mut out).map_err(failed)?;
        }
    }
    if let Some(name) = &metadata.created_by {
        begin(&mut out, "created_by", TType::String, 6)?;
        out.write_string(name).map_err(failed)?;
    }
    if let Some(orders) = &metadata.column_orders {
        begin(&mut out, "column_orders", TType::List, 7)?;
        out.write_list_begin(&list(orders.len())?).map_err(failed)?;
        for order in orders {
            order.write_to_out_protocol(&mut out).map_err(failed)?;
        }
    }
    out.write_field_stop().map_err(failed)?;
    Ok(())
}

struct Counted<'s, W: Write> {
    sink: BufWriter<&'s mut W>,
    n_bytes: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_bytes = self.sink.write(bytes)?;
        self.n_bytes += n_bytes as u64;
        Ok(n_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// What the system said is kept by who writes: here it has become a text.
fn failed(error: impl std::fmt::Display) -> Error {
    Error::engine(error)
}
