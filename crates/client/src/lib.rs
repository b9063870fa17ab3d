//! The mesh of places, the plan engine, policy and the catalogue of operations.
