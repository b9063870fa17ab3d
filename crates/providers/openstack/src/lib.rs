//! The provider for OpenStack clouds.
