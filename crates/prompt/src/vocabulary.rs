//! Words of the vocabulary that are not there yet. They are refused with what `docs/vocabulary.tsv` says
//! about them, the same table that the test over the vocabulary reads.

use cloudmesh_client::Catalogue;
use cloudmesh_model::{Error, Result};

use crate::Word;

/// Every word and option of the vocabulary, one a line: the word, what became of it, an example or, for
/// what is not there yet, what to use meanwhile.
pub static VOCABULARY: &str = include_str!("../../../docs/vocabulary.tsv");

/// The row of the table that says most about the words.
#[derive(Clone, Copy)]
struct Row<'a> {
    word: &'a str,
    meaning: &'a str,
    more: &'a str,
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    VOCABULARY.lines().filter(|line| !line.starts_with("# ")).filter_map(|line| {
        let mut cells = line.split('\t');
        Some(Row { word: cells.next()?, meaning: cells.next()?, more: cells.next().unwrap_or_default() })
    })
}

/// The words that a line may begin with.
#[must_use]
pub fn first_words(program: &crate::Program) -> Vec<&'static str> {
    let mut all = crate::noun_words(program.catalogue);
    all.extend(program.words.iter().map(|word| word.name));
    all.extend(crate::REWRITES.iter().filter_map(|row| row.example.split([' ', '=']).next()));
    all.extend(["help", "man"]);
    all
}

/// Whether a command of the vocabulary begins with `word`, whether it is there yet or not; `help` and `man`
/// do, too.
#[must_use]
pub fn is_known(word: &str) -> bool {
    rows().any(|row| row.word.split(' ').next() == Some(word))
        || crate::REWRITES.iter().any(|row| row.example.split(' ').next() == Some(word))
}

/// Refuses words and options that are known and not there yet.
///
/// # Errors
/// Which, why, and what to use meanwhile.
pub(crate) fn not_yet(catalogue: Catalogue, own: &[Word], words: &[String]) -> Result<()> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let (options, plain): (Vec<&str>, Vec<&str>) =
        words[..end].iter().map(String::as_str).partition(|word| word.starts_with('-'));
    if plain.is_empty() {
        return Ok(());
    }
    let mut found: Option<Row<'static>> = None;
    for row in rows() {
        let parts = row.word.split(' ').count();
        let fits = if row.word.contains(" -") {
            options.iter().any(|option| is_option(row.word, &plain, option))
        } else {
            row.word.split(' ').eq(plain.iter().copied().take(parts))
        };
        if fits && found.is_none_or(|found| parts >= found.word.split(' ').count()) {
            found = Some(row);
        }
    }
    let Some((row, reason)) = found.and_then(|row| Some((row, row.meaning.strip_prefix("not yet: ")?)))
    else {
        return Ok(());
    };
    // What has been built meanwhile is there, whatever the table says; the test over it will tell.
    let name = row.word.replace(' ', ".");
    if catalogue.find(&name).is_some() || own.iter().any(|word| word.name == name) {
        return Ok(());
    }
    let error = Error::bad_input(format!("`{}` is not there yet: {reason}", row.word));
    Err(if row.more.is_empty() { error } else { error.hint(format!("meanwhile: {}", row.more)) })
}

/// Whether the row is for `option` (`--source=yaml`) of the command that `plain` begins with.
fn is_option(row: &str, plain: &[&str], option: &str) -> bool {
    let Some((command, wanted)) = row.split_once(" -") else { return false };
    let given = option.strip_prefix('-').unwrap_or(option);
    let same = if wanted.contains('=') {
        given == wanted
    } else {
        given.split_once('=').map_or(given, |(name, _)| name) == wanted
    };
    same && command.split(' ').eq(plain.iter().copied().take(command.split(' ').count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Catalogue = Catalogue { families: &[] };

    fn refused(words: &str) -> Option<String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        not_yet(NOTHING, &[], &words).err().map(|error| error.message().to_owned())
    }

    #[test]
    fn the_longest_row_decides() {
        assert!(refused("container run x").unwrap().starts_with("`container run` is not there yet: "));
        assert!(refused("container frobnicate").unwrap().starts_with("`container` is not"));
        assert!(refused("hpc run rm 5").unwrap().starts_with("`hpc run rm` is not"));
        assert_eq!(refused("hpc run -- rm 5"), None);
        assert_eq!(refused("hpc run job.sh"), None);
    }

    #[test]
    fn single_options_and_values_are_refused() {
        assert!(refused("key list --source=yaml").unwrap().starts_with("`key list --source=yaml`"));
        assert_eq!(refused("key list --source=db"), None);
        assert!(refused("key add x --git").unwrap().starts_with("`key add --git`"));
    }

    #[test]
    fn what_nobody_knows_is_left_to_others() {
        assert_eq!(refused("frobnicate"), None);
        assert_eq!(refused("vm boot web1"), None);
    }
}
