//! A function over the rows of each group.

use polars::prelude::{Column, DataFrame, GroupsType, IdxCa, IdxSize, NewChunkedArray, PlSmallStr};

use super::applied::Applied;
use super::frame::ConfiguredFrame;
use super::items::run_items;
use super::run::Mode;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::OnError;
use crate::row::{IntoRow, resolve};

pub(super) fn apply<R: IntoRow>(
    this: &ConfiguredFrame<'_>,
    mode: Mode,
    keys: &[PlSmallStr],
    function: &(impl Fn(&DataFrame) -> R + Sync),
) -> Result<Applied<DataFrame>> {
    resolve(keys, this.frame.schema())?;
    if let Some(field) = R::fields().into_iter().find(|field| keys.contains(field.name())) {
        return Err(Error::new(ErrorKind::DuplicateColumn { name: field.name().to_string() }));
    }
    if let Some(twice) = keys.iter().enumerate().find(|(index, key)| keys[..*index].contains(key)) {
        return Err(Error::new(ErrorKind::DuplicateColumn { name: twice.1.to_string() }));
    }
    let groups = Groups::new(this.frame, keys)?;
    let call = |group: usize| function(&groups.rows(this.frame, group));
    let applied = run_items::<R>(groups.len(), mode, this.options, &call)?;
    let mut first_rows = groups.first_rows();
    if this.options.on_error() == OnError::Skip {
        let mut failed = applied.ledger.faults().iter().map(|fault| fault.row).peekable();
        let mut group = 0;
        first_rows.retain(|_| {
            group += 1;
            failed.next_if_eq(&(group - 1)).is_none()
        });
    }
    let first_rows = IdxCa::from_vec("".into(), first_rows);
    applied.try_map(|results| {
        let mut columns = Vec::with_capacity(keys.len() + results.len());
        for key in keys {
            let column = this.frame.column(key).map_err(Error::engine)?;
            columns.push(column.take(&first_rows).map_err(Error::engine)?);
        }
        columns.extend(results.into_iter().map(Column::from));
        DataFrame::new(first_rows.len(), columns).map_err(Error::engine)
    })
}

/// The rows of each group, in the order of their first rows.
struct Groups(GroupsType);

impl Groups {
    fn new(frame: &DataFrame, keys: &[PlSmallStr]) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::shape("a group needs at least one key column"));
        }
        if frame.height() == 0 {
            return Ok(Self(GroupsType::default()));
        }
        let groups = frame.group_by_stable(keys).map_err(Error::engine)?;
        Ok(Self(groups.get_groups().as_ref().clone()))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn first_rows(&self) -> Vec<IdxSize> {
        match &self.0 {
            GroupsType::Idx(groups) => groups.first().to_vec(),
            GroupsType::Slice { groups, .. } => groups.iter().map(|[first, _]| *first).collect(),
        }
    }

    fn rows(&self, frame: &DataFrame, group: usize) -> DataFrame {
        match &self.0 {
            GroupsType::Idx(groups) => {
                let rows = IdxCa::from_slice("".into(), &groups.all()[group]);
                frame.take(&rows).expect("the rows of a group are rows of the frame")
            }
            GroupsType::Slice { groups, .. } => {
                let [first, n_rows] = groups[group];
                frame.slice(i64::from(first), n_rows as usize)
            }
        }
    }
}
