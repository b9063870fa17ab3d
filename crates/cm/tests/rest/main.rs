//! The REST door as its users meet it: the program's own server, on its own port, over HTTP.

#![expect(clippy::unwrap_used, reason = "what these tests set up either works or fails the test")]

mod changes;
mod clients;
mod document;
mod events;
mod examples;
#[path = "../program/fixtures.rs"]
#[expect(dead_code, reason = "shared with other tests, which use the rest")]
mod fixtures;
mod http;
mod locked;
mod reads;
mod robust;
mod served;
#[path = "../program/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with other tests, which use the rest")]
mod support;
