//! HTTP and SSH: deadlines, tracing, redaction.

pub mod http;
pub mod ssh;
