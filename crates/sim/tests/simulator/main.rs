//! The simulator over HTTP, in-process: what it does, fault by fault and service by service.

#[cfg(test)]
mod compute;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod network;
#[cfg(test)]
mod ssh;
#[cfg(test)]
mod stop_client;
#[cfg(test)]
mod support;
