//! Reading, writing and exchanging tables.

mod arrow_exchange;
mod corrupt;
mod csv_errors;
mod csv_values;
mod habits;
mod inputs;
mod matrix;
mod outputs;
mod parquet_dictionary;
mod parquet_nesting;
mod round_trip;
mod stream_end;
mod support;

pub(crate) use corrupt::quietly;
