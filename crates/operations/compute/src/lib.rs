//! The operations of the family compute.
