//! What becomes of the rows of a piece in the new output.

use super::plan::Retried;
use crate::fault::RowFate;

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline::stream) enum Op {
    /// So many rows of the old output are taken over.
    Copy(u64),
    /// So many rows of the old output are passed.
    Pass(u64),
    /// So many rows that were retried are written.
    Insert(u64),
}

/// What is done, in the order of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::pipeline::stream) struct Ops(Vec<Op>);

impl Ops {
    /// What is done with the rows of a piece. `old` are those that a condition holds for, `None` for all; `written` those of the
    /// retried rows that are in the new output. Both are rows of the piece, lowest first.
    pub(in crate::pipeline::stream) fn of_piece(
        first_row: u64,
        n_rows: u64,
        retried: &[Retried],
        old: Option<&[u64]>,
        written: &[u64],
    ) -> Self {
        let mut ops = Self::default();
        let mut written = written.iter().copied().peekable();
        let mut from = 0;
        let n_old = |from: u64, to: u64| match old {
            None => to - from,
            Some(old) => {
                (old.partition_point(|row| *row < to) - old.partition_point(|row| *row < from)) as u64
            }
        };
        for retried in retried {
            let row = retried.row - first_row;
            ops.push(Op::Copy(n_old(from, row)));
            if retried.fate == RowFate::Kept {
                ops.push(Op::Pass(1));
            }
            if written.next_if_eq(&row).is_some() {
                ops.push(Op::Insert(1));
            }
            from = row + 1;
        }
        ops.push(Op::Copy(n_old(from, n_rows)));
        ops
    }

    fn push(&mut self, op: Op) {
        match (self.0.last_mut(), op) {
            (_, Op::Copy(0) | Op::Pass(0) | Op::Insert(0)) => {}
            (Some(Op::Copy(n)), Op::Copy(more)) => *n += more,
            (Some(Op::Pass(n)), Op::Pass(more)) => *n += more,
            (Some(Op::Insert(n)), Op::Insert(more)) => *n += more,
            _ => self.0.push(op),
        }
    }

    pub(in crate::pipeline::stream) fn iter(&self) -> impl Iterator<Item = Op> {
        self.0.iter().copied()
    }

    /// How many rows are in the new output.
    pub(in crate::pipeline::stream) fn n_rows(&self) -> u64 {
        let written = |op: &Op| match op {
            Op::Copy(n) | Op::Insert(n) => *n,
            Op::Pass(_) => 0,
        };
        self.0.iter().map(written).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_copied_replaced_and_put_in() {
        let retried = |row: u64, fate: RowFate| Retried::for_test(10 + row, fate);
        let rows = [retried(1, RowFate::Kept), retried(2, RowFate::LeftOut), retried(4, RowFate::Kept)];
        let ops = Ops::of_piece(10, 6, &rows, None, &[1, 2]);
        let expected = [Op::Copy(1), Op::Pass(1), Op::Insert(2), Op::Copy(1), Op::Pass(1), Op::Copy(1)];
        assert_eq!(ops.iter().collect::<Vec<_>>(), expected);
        assert_eq!(ops.n_rows(), 5);
        let ops = Ops::of_piece(10, 6, &rows, Some(&[0, 5]), &[4]);
        assert_eq!(ops.iter().collect::<Vec<_>>(), [Op::Copy(1), Op::Pass(2), Op::Insert(1), Op::Copy(1)]);
    }
}
