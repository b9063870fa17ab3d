//! The provider against the simulator, against services of a few lines that do what no simulator does, and,
//! where there is one, against a real OpenStack.

#[cfg(test)]
mod hostile_cloud;
#[cfg(test)]
mod large_list;
#[cfg(test)]
mod little_service;
#[cfg(test)]
mod old_cloud;
#[cfg(test)]
mod real;
#[cfg(test)]
mod simulator;
#[cfg(test)]
mod support;
