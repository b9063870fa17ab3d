//! The door for assistants: a server of the Model Context Protocol whose tools are the operations of
//! the catalogue.
//!
//! Queries are open. A change is only ever planned by its own tool; another tool, `plan_apply`, runs a
//! plan by its id. What a server allows is chosen when it is started, not by who calls it.
//!
//! The protocol (<https://modelcontextprotocol.io/specification>, revisions 2024-11-05 to 2026-07-28) is spoken
//! by its official library for Rust.

mod answer;
mod ask;
mod permission;
mod server;
mod tools;

pub use permission::{Allow, Verdict, verdict};
pub use server::{Meshes, Options, serve, serve_standard};
pub use tools::{FIELDS, tool_name};
