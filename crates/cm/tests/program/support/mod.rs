//! What every test here stands on: a folder of settings of its own, the program in it, a simulated cloud.

mod home;
mod simulated;

pub(crate) use home::{Home, Ran, program};
pub(crate) use simulated::{Simulated, home_with};
