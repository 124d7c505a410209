//! Tests of row functions written as text.
