//! The operations of the family home.
