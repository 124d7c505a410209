//! What happens to rows on which the row function fails: [`OnError`] says it, the [`Ledger`] keeps them.

mod ledger;
mod policy;

pub use ledger::{Fault, Ledger};
pub use policy::OnError;
