//! Simulators of the services that Cloudmesh drives.
