//! Which columns of a noun are written, in which order, and how rows are sorted.

use std::cmp::Ordering;

use cloudmesh_client::Layout;
use cloudmesh_model::{Column, ColumnKind, Error, Noun, Result, Row, Shown};

use crate::{Format, age};

/// A column that is written: its position in the row, and what it is.
pub(crate) type Chosen = (usize, &'static Column);

/// Refuses columns that `noun` does not have, naming those that it has. For before the run.
///
/// # Errors
/// When a column is unknown or named twice.
pub fn check_columns(noun: &'static Noun, columns: &[String]) -> Result<()> {
    for (number, name) in columns.iter().enumerate() {
        position(noun, name)?;
        if columns[..number].contains(name) {
            return Err(Error::bad_input(format!("column {name} is named twice")).hint("name it once"));
        }
    }
    Ok(())
}

/// Refuses a sort key that is no column of `noun`; a leading `-` means descending. For before the run.
///
/// # Errors
/// When the column is unknown.
pub fn check_sort(noun: &'static Noun, sort: &str) -> Result<()> {
    position(noun, sort.strip_prefix('-').unwrap_or(sort)).map(|_| ())
}

fn position(noun: &'static Noun, name: &str) -> Result<usize> {
    noun.position(name).ok_or_else(|| {
        let known: Vec<&str> = noun.columns.iter().map(|column| column.name).collect();
        Error::bad_input(format!("{} have no column `{name}`", noun.plural))
            .hint(format!("their columns are {}", known.join(", ")))
    })
}

/// The columns to write: those that were named; else all, or in a table's list those meant for it.
pub(crate) fn choose(
    noun: &'static Noun,
    named: &[String],
    format: Format,
    layout: Layout,
) -> Result<Vec<Chosen>> {
    check_columns(noun, named)?;
    if !named.is_empty() {
        return named
            .iter()
            .map(|name| position(noun, name).map(|position| (position, &noun.columns[position])))
            .collect();
    }
    let all = format != Format::Table || layout == Layout::Detail;
    let chosen = noun.columns.iter().enumerate();
    Ok(chosen.filter(|(_, column)| all || column.shown == Shown::List).collect())
}

/// Sorts rows by a column of the noun; empty values come last whatever the direction.
///
/// # Errors
/// When `noun` has no such column.
pub fn sort(noun: &'static Noun, key: &str, rows: &mut Vec<Row>) -> Result<()> {
    let (name, descending) = key.strip_prefix('-').map_or((key, false), |name| (name, true));
    let position = position(noun, name)?;
    let directed = |ordering: Ordering| if descending { ordering.reverse() } else { ordering };
    let number: Option<fn(&str) -> Option<i64>> = match noun.columns[position].kind {
        ColumnKind::Integer => Some(|cell| cell.parse().ok()),
        ColumnKind::Time => Some(age::seconds),
        ColumnKind::Text | ColumnKind::Flag | ColumnKind::List => None,
    };
    if let Some(number) = number {
        let mut keyed: Vec<(Option<i64>, Row)> =
            std::mem::take(rows).into_iter().map(|row| (number(row.cell(position)), row)).collect();
        keyed.sort_by(|(left, _), (right, _)| {
            left.is_none().cmp(&right.is_none()).then_with(|| directed(left.cmp(right)))
        });
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    } else {
        rows.sort_by(|left, right| {
            let (left, right) = (left.cell(position), right.cell(position));
            left.is_empty().cmp(&right.is_empty()).then_with(|| directed(natural(left, right)))
        });
    }
    Ok(())
}

/// Compares texts so that numbers within them count as numbers: `albert-2` before `albert-10`.
pub(crate) fn natural(left: &str, right: &str) -> Ordering {
    let (mut one, mut other) = (left.as_bytes(), right.as_bytes());
    while let (Some(first), Some(second)) = (one.first(), other.first()) {
        let ordering = if first.is_ascii_digit() && second.is_ascii_digit() {
            let ((a, rest_a), (b, rest_b)) = (digits(one), digits(other));
            (one, other) = (rest_a, rest_b);
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            (one, other) = (&one[1..], &other[1..]);
            first.cmp(second)
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    one.len().cmp(&other.len()).then_with(|| left.cmp(right))
}

/// The digits at the beginning without leading zeros, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let zeros = text[..end].iter().take_while(|byte| **byte == b'0').count();
    (&text[zeros..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloudmesh_model::compute::SERVER;

    #[test]
    fn an_unknown_column_is_refused_with_the_known_ones() {
        let error = check_columns(&SERVER, &["name".into(), "colour".into()]).unwrap_err();
        assert_eq!(error.message(), "servers have no column `colour`");
        assert!(error.hint_text().unwrap().starts_with("their columns are name, status, addresses"));
        assert!(check_columns(&SERVER, &["name".into(), "name".into()]).is_err());
        assert!(check_sort(&SERVER, "-created").is_ok());
        assert!(check_sort(&SERVER, "-age").is_err());
    }

    #[test]
    fn numbers_in_names_sort_as_numbers() {
        let mut names = vec!["albert-10", "albert-2", "albert", "albert-002", "berta-1", ""];
        names.sort_by(|left, right| natural(left, right));
        assert_eq!(names, ["", "albert", "albert-002", "albert-2", "albert-10", "berta-1"]);
    }
}
