//! The plan engine against a cloud of its own, in virtual time: what is written before a call, what is looked
//! for after one that got no answer, what is repeated and when.

#[cfg(test)]
mod bench;
#[cfg(test)]
mod interrupts;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod repeats;
