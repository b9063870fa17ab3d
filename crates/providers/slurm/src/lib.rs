//! The provider for Slurm clusters, over the user's OpenSSH.
