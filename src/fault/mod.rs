//! What happens to rows that fail: [`OnError`] says it, the [`Ledger`] keeps them, [`FaultCounts`] counts them.

mod columns;
mod counts;
mod ledger;
mod policy;

pub(crate) use columns::{ledger_rows, ledger_schema};
pub use counts::FaultCounts;
pub use ledger::{Fault, Ledger, RowFate};
pub use policy::OnError;
