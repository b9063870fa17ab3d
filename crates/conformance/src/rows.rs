//! What holds for every list: each thing once, each row as wide as its noun, each cell of its kind.

use std::collections::BTreeSet;

use cloudmesh_model::{ColumnKind, Record};

use crate::Outcome;
use crate::outcome::hold;

/// Checks a whole list of `place`.
pub(crate) fn a_whole_list<R: Record>(list: &[R], place: &str) -> Outcome {
    let noun = R::NOUN;
    let mut ids = BTreeSet::new();
    for record in list {
        hold!(ids.insert(record.id().clone()), "{} is listed twice among the {}", record.id(), noun.plural);
        hold!(record.place() == place, "{} is listed at `{}`, not at `{place}`", record.id(), record.place());
        let row = record.row();
        let cells: Vec<&str> = row.cells().collect();
        hold!(
            cells.len() == noun.columns.len(),
            "a row of {} has {} cells for {} columns: {cells:?}",
            noun.plural,
            cells.len(),
            noun.columns.len()
        );
        for (column, cell) in noun.columns.iter().zip(&cells) {
            let fits = cell.is_empty()
                || match column.kind {
                    ColumnKind::Text | ColumnKind::List => true,
                    ColumnKind::Integer => cell.parse::<i128>().is_ok(),
                    ColumnKind::Time => cell.parse::<jiff::Timestamp>().is_ok(),
                    ColumnKind::Flag => matches!(*cell, "true" | "false"),
                };
            hold!(fits, "`{cell}` in the column {} of {} is no {:?}", column.name, noun.plural, column.kind);
        }
    }
    Ok(())
}
