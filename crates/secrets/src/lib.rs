//! Where secrets are kept until they are needed: a file that only its owner can read, apart from
//! the store; or memory, for tests. Nothing here prints a secret, an error least of all.

mod content;
mod file;
mod memory;

pub use file::FileSecrets;
pub use memory::MemorySecrets;
