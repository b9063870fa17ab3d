//! Everything that turns answers into text: tables, JSON, YAML, CSV, progress, errors.
//!
//! Data goes to standard output, all else to standard error. Nothing here decides what happens; it
//! writes to the writers that it is given and reads no environment of its own.

mod age;
mod columns;
mod csv;
mod failure;
mod format;
mod outcome;
mod output;
mod plan_text;
mod progress;
mod schema;
mod structured;
mod style;
mod summary;
mod table;
mod text;
mod text_door;
mod yaml;

pub use columns::{check_columns, check_sort, sort as sort_rows};
pub use failure::{error_json, error_text};
pub use format::Format;
pub use output::reader_left;
pub use schema::{list_schema, outcome_schema, plan_schema, row_schema, settled_schema};
pub use structured::row_value;
pub use style::{Environment, Style};
pub use text_door::{Attach, TextDoor, TextOptions};
