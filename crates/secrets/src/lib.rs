//! Where secrets are kept until they are needed.
