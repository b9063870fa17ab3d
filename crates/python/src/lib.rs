//! The extension module of the Python package. It starts operations on threads of their own and hands over what
//! they answer; everything that a user of Python sees is made of that in `python/cloudmesh`.

mod gathered;
mod running;
mod table;
mod values;

use pyo3::prelude::*;

/// Cloudmesh's own half of the package; use `cloudmesh`.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<running::Running>()?;
    module.add_class::<table::Rows>()?;
    module.add_function(wrap_pyfunction!(running::start, module)?)?;
    module.add_function(wrap_pyfunction!(running::latest, module)?)?;
    module.add_function(wrap_pyfunction!(running::events, module)?)?;
    Ok(())
}
