//! Rows of a query. They stay packed until Python looks at them.

use cloudmesh_model::{ColumnKind, Noun, Row};
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// The rows of one answer.
#[pyclass(frozen, module = "cloudmesh._native")]
pub(crate) struct Rows {
    noun: &'static Noun,
    rows: Vec<Row>,
    names: Vec<Py<PyString>>,
}

impl Rows {
    pub(crate) fn new(py: Python<'_>, noun: &'static Noun, rows: Vec<Row>) -> Self {
        let names = noun.columns.iter().map(|column| PyString::intern(py, column.name).unbind()).collect();
        Self { noun, rows, names }
    }

    fn dict<'py>(&self, py: Python<'py>, row: &Row) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let mut cells = row.cells();
        for (column, name) in self.noun.columns.iter().zip(&self.names) {
            dict.set_item(name.bind(py), cell(py, cells.next().unwrap_or(""), column.kind)?)?;
        }
        Ok(dict)
    }
}

#[pymethods]
impl Rows {
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    /// One row as a dict.
    fn row<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Bound<'py, PyDict>> {
        let row = self.rows.get(number).ok_or_else(|| PyIndexError::new_err("there is no such row"))?;
        self.dict(py, row)
    }

    /// All rows as dicts.
    fn dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for row in &self.rows {
            list.append(self.dict(py, row)?)?;
        }
        Ok(list)
    }

    /// The values of one column.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        let position = self.noun.position(name).ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        let kind = self.noun.columns.get(position).map_or(ColumnKind::Text, |column| column.kind);
        let list = PyList::empty(py);
        for row in &self.rows {
            list.append(cell(py, row.cell(position), kind)?)?;
        }
        Ok(list)
    }

    /// Name, kind, whether lists show it, and help of each column.
    fn columns(&self) -> Vec<(&'static str, &'static str, bool, &'static str)> {
        let kind = |kind| match kind {
            ColumnKind::Text => "text",
            ColumnKind::Integer => "integer",
            ColumnKind::Time => "time",
            ColumnKind::Flag => "flag",
            ColumnKind::List => "list",
        };
        let shown = |column: &cloudmesh_model::Column| column.shown == cloudmesh_model::Shown::List;
        self.noun
            .columns
            .iter()
            .map(|column| (column.name, kind(column.kind), shown(column), column.about))
            .collect()
    }

    /// What a row is, and what several are.
    fn noun(&self) -> (&'static str, &'static str) {
        (self.noun.name, self.noun.plural)
    }
}

/// A cell with the type that its column has.
fn cell<'py>(py: Python<'py>, cell: &str, kind: ColumnKind) -> PyResult<Bound<'py, PyAny>> {
    Ok(match kind {
        ColumnKind::List => PyList::new(py, cell.split(' ').filter(|part| !part.is_empty()))?.into_any(),
        _ if cell.is_empty() => py.None().into_bound(py),
        ColumnKind::Integer => match cell.parse::<i64>() {
            Ok(number) => number.into_pyobject(py)?.into_any(),
            Err(_) => PyString::new(py, cell).into_any(),
        },
        ColumnKind::Flag => (cell == "true").into_pyobject(py)?.to_owned().into_any(),
        ColumnKind::Text | ColumnKind::Time => PyString::new(py, cell).into_any(),
    })
}
