//! Every example of the help does what it shows.

use crate::catalogue::part;
use crate::fixtures::succeeds;
use crate::support::Home;

#[test]
fn every_example_of_every_operation_succeeds() {
    let home = Home::new();
    for operation in part("operations") {
        for example in operation["examples"].as_array().unwrap() {
            succeeds(&home, example["command"].as_str().unwrap());
        }
    }
}

#[test]
fn every_old_spelling_succeeds() {
    let home = Home::new();
    for rewrite in part("rewrites") {
        succeeds(&home, rewrite["example"].as_str().unwrap());
    }
}
