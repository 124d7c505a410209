//! What most programs need: `use parrow::prelude::*;`.

pub use crate::apply::{ApplyOptions, ParallelApply};
pub use crate::fault::OnError;
pub use crate::row::{FromRow, IntoRow, Row};
