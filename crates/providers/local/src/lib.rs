//! The provider that runs jobs on this computer.
