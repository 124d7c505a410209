//! Tests of the library's public face.

mod table;
