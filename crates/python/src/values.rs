//! Between Python's values and JSON's.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Value};

/// A Python value as JSON. Only what JSON has is taken.
pub(crate) fn to_json(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if value.is_none() {
        Ok(Value::Null)
    } else if let Ok(flag) = value.cast::<PyBool>() {
        Ok(Value::Bool(flag.is_true()))
    } else if let Ok(number) = value.cast::<PyInt>() {
        Ok(Value::from(number.extract::<i64>()?))
    } else if let Ok(number) = value.cast::<PyFloat>() {
        Ok(Value::from(number.extract::<f64>()?))
    } else if let Ok(text) = value.cast::<PyString>() {
        Ok(Value::String(text.to_cow()?.into_owned()))
    } else if let Ok(values) = value.cast::<PyList>() {
        values.iter().map(|value| to_json(&value)).collect::<PyResult<_>>().map(Value::Array)
    } else if let Ok(values) = value.cast::<PyTuple>() {
        values.iter().map(|value| to_json(&value)).collect::<PyResult<_>>().map(Value::Array)
    } else if let Ok(fields) = value.cast::<PyDict>() {
        let mut map = Map::new();
        for (name, value) in fields {
            map.insert(name.extract()?, to_json(&value)?);
        }
        Ok(Value::Object(map))
    } else {
        Err(PyTypeError::new_err(format!("{} cannot be given here", value.get_type().name()?)))
    }
}

/// JSON as a Python value.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => flag.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into_pyobject(py)?.into_any(),
            None => number.as_f64().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(to_python(py, value)?)?;
            }
            list.into_any()
        }
        Value::Object(fields) => {
            let dict = PyDict::new(py);
            for (name, value) in fields {
                dict.set_item(name, to_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}
