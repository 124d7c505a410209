//! Reading, writing and exchanging tables.

mod csv_errors;
mod csv_values;
mod support;
