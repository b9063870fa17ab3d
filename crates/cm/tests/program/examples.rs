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

#[test]
fn the_value_of_an_option_is_no_word_of_an_old_spelling() {
    let home = Home::new();
    home.line("default set image=debian").ok();
    assert_eq!(home.line("default -o json").ok().items().len(), 1);
    home.line("hpc run --cluster=local --hold -- true").ok();
    let done = home.line("hpc delete --job=last --yes -o json").ok().json();
    assert_eq!(done["operation"], "hpc.delete");
}

#[test]
fn a_job_can_be_asked_for_as_soon_as_it_is_submitted() {
    let home = Home::new();
    home.line("hpc run --cluster=local --hold -- true").ok();
    assert_eq!(home.line("hpc status --job=last -o json").ok().items()[0]["status"], "held");
    home.line("hpc output last").ok();
    assert_eq!(home.line("hpc delete --job=last --yes -o json").ok().json()["state"], "done");
}
