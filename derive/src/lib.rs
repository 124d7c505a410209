//! The derive macros of parrow.
