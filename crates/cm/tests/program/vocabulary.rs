//! The vocabulary: each of its words and options has a row in the table, and does what the row says.

use std::collections::BTreeMap;

use cloudmesh_prompt::VOCABULARY;

use crate::catalogue::{operation, part};
use crate::fixtures::succeeds;
use crate::grammar;
use crate::support::{Home, program};

const DOCUMENT: &str = include_str!("../../../../docs/COMMANDS.md");

/// What the table says about a word.
#[derive(Debug)]
struct Row<'a> {
    word: &'a str,
    meaning: &'a str,
    more: &'a str,
}

fn table() -> Vec<Row<'static>> {
    VOCABULARY
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [word, meaning, more] = cells[..] else { panic!("three cells are wanted: {line}") };
            Row { word, meaning, more }
        })
        .collect()
}

#[test]
fn every_word_has_one_row_and_every_row_a_word() {
    let mut rows: BTreeMap<&str, u32> = BTreeMap::new();
    for row in table() {
        *rows.entry(row.word).or_default() += 1;
    }
    let words = grammar::words(DOCUMENT);
    let missing: Vec<&String> = words.iter().filter(|word| !rows.contains_key(word.as_str())).collect();
    assert!(missing.is_empty(), "words without a row: {missing:#?}");
    let strange: Vec<&&str> = rows.keys().filter(|word| !words.contains(**word)).collect();
    assert!(strange.is_empty(), "rows without a word: {strange:#?}");
    let twice: Vec<&&str> = rows.iter().filter(|(_, count)| **count > 1).map(|(word, _)| word).collect();
    assert!(twice.is_empty(), "words with two rows: {twice:#?}");
}

#[test]
fn rows_agree_with_the_catalogue() {
    for row in table() {
        let last = row.word.split(' ').next_back().unwrap();
        if let Some(name) = row.meaning.strip_prefix("operation ") {
            assert!(operation(name).is_some(), "there is no operation {name}: {row:?}");
            let begins = |words: &str| row.more == words || row.more.starts_with(&format!("{words} "));
            let words = name.replace('.', " ");
            let rewritten = part("rewrites").iter().any(|rewrite| {
                let to: Vec<&str> =
                    rewrite["to"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
                let example = rewrite["example"].as_str().unwrap();
                to.join(" ").starts_with(&words) && (example.starts_with(row.word) || row.word.contains('…'))
            });
            assert!(begins(&words) || rewritten, "the example is of another operation: {row:?}");
        } else if let Some(name) = row.meaning.strip_prefix("option of ") {
            assert!(operation(name).is_some(), "there is no operation {name}: {row:?}");
            let shown = row.more.contains(last.trim_end_matches('s'));
            let noun = name.split('.').next().unwrap();
            assert!(shown && row.more.starts_with(noun), "{row:?}");
        } else if row.meaning == "shell word" {
            let word = row.word.split(' ').next().unwrap();
            let own = part("words").iter().any(|known| known["name"] == word);
            let form = is_form(row.word) || word == "!";
            assert!(own || form || matches!(word, "help" | "man"), "{row:?}");
        } else if row.meaning == "noun" {
            assert!(row.more.starts_with(row.word), "{row:?}");
        } else {
            let reason = row.meaning.strip_prefix("not yet: ").unwrap_or_else(|| panic!("{row:?}"));
            assert!(reason.len() > 10, "no reason: {row:?}");
            assert!(operation(&row.word.replace(' ', ".")).is_none(), "it has been built: {row:?}");
            assert!(
                !part("words").iter().any(|known| known["name"] == row.word),
                "it has been built: {row:?}"
            );
            continue;
        }
        assert!(!row.more.is_empty(), "no example: {row:?}");
    }
}

#[test]
fn every_word_that_is_there_succeeds() {
    let home = Home::new();
    let mut tried = std::collections::BTreeSet::new();
    for row in table().iter().filter(|row| !row.meaning.starts_with("not yet: ")) {
        if tried.insert(row.more) {
            succeeds(&home, row.more);
        }
    }
}

/// Forms of the prompt rather than words after `cm`.
fn is_form(word: &str) -> bool {
    word.starts_with("cm") || word.starts_with(['$', '#', '/'])
}

#[test]
fn every_word_that_is_not_yet_there_is_refused_with_its_reason() {
    let home = Home::new();
    for row in table() {
        let Some(reason) = row.meaning.strip_prefix("not yet: ").filter(|_| !is_form(row.word)) else {
            continue;
        };
        let words: Vec<&str> = row.word.split(' ').collect();
        let refused = home.run(&words).refused(2, &format!("`{}` is not there yet: {reason}", row.word));
        assert_eq!(row.more.is_empty(), !refused.stderr.contains("hint: meanwhile: "), "{refused}");
        assert!(refused.stderr.contains(row.more), "{refused}");
    }
    home.run(&["help", "container"]).refused(2, "containers are not built");
    assert_eq!(
        std::fs::read_dir(home.settings()).unwrap().count(),
        0,
        "a refusal touches the folder of settings"
    );
}

#[test]
fn unknown_words_get_the_nearest_ones() {
    let home = Home::new();
    home.run(&["imge"]).refused(2, "image");
    home.run(&["vm", "bot"]).refused(2, "boot");
    home.run(&["vm", "boot", "--imag=x"]).refused(2, "--image");
    home.run(&["frobnicate"]).refused(2, "no command is called frobnicate");
    assert!(program().is_file());
}
