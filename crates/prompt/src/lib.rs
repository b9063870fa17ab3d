//! The door at the prompt: the command line derived from the catalogue.
