//! The operations of the family batch.
