//! Old spellings that are not noun and verb. Each is a row with an example; nothing else knows them.

use cloudmesh_client::Catalogue;

/// What a word of an old spelling must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// This very word.
    Is(&'static str),
    /// `KEY=VALUE`; kept.
    Pair,
    /// Any word that is no verb of the noun and no option; kept.
    Other,
    /// Nothing follows but options.
    End,
}

/// One old spelling.
#[derive(Clone, Copy, Debug)]
pub struct Rewrite {
    /// The words that it begins with, options left out.
    pub from: &'static [Word],
    /// The words in their place.
    pub to: &'static [&'static str],
    /// An example of it, after `cm`.
    pub example: &'static str,
}

use Word::{End, Is, Other, Pair};

/// All old spellings, the more special ones first.
pub static REWRITES: &[Rewrite] = &[
    Rewrite { from: &[Is("default"), End], to: &["default", "list"], example: "default" },
    Rewrite { from: &[Is("default"), Pair], to: &["default", "set"], example: "default cloud=sim" },
    Rewrite { from: &[Is("default"), Other], to: &["default", "get"], example: "default cloud" },
    Rewrite { from: &[Is("var"), End], to: &["var", "list"], example: "var" },
    Rewrite { from: &[Is("var"), Pair], to: &["var", "set"], example: "var course=e516" },
    Rewrite { from: &[Is("var"), Other], to: &["var", "get"], example: "var course" },
    Rewrite { from: &[Is("group"), End], to: &["group", "list"], example: "group" },
    Rewrite { from: &[Is("plan"), End], to: &["plan", "list"], example: "plan" },
    Rewrite { from: &[Is("plan"), Is("undo")], to: &["undo"], example: "plan undo --dryrun" },
    Rewrite { from: &[Is("register"), End], to: &["register", "list"], example: "register" },
    Rewrite {
        from: &[Is("image"), Is("refresh")],
        to: &["image", "list", "--refresh"],
        example: "image refresh",
    },
    Rewrite {
        from: &[Is("flavor"), Is("refresh")],
        to: &["flavor", "list", "--refresh"],
        example: "flavor refresh",
    },
    Rewrite { from: &[Is("vm"), Is("refresh")], to: &["vm", "list", "--refresh"], example: "vm refresh" },
    Rewrite {
        from: &[Is("vm"), Is("terminate")],
        to: &["vm", "delete"],
        example: "vm terminate web1 --dryrun",
    },
    Rewrite { from: &[Is("vm"), Is("default")], to: &["default", "list"], example: "vm default" },
    Rewrite { from: &[Is("vm"), Is("info")], to: &["vm", "show"], example: "vm info web1" },
    Rewrite {
        from: &[Is("network"), Is("list"), Is("floating"), Is("ip")],
        to: &["network", "floating", "list"],
        example: "network list floating ip --cloud=sim",
    },
    Rewrite {
        from: &[Is("network"), Is("list"), Is("floating")],
        to: &["network", "floating", "list"],
        example: "network list floating --cloud=sim",
    },
    Rewrite {
        from: &[Is("network"), Is("list"), Is("fixed"), Is("ip")],
        to: &["port", "list"],
        example: "network list fixed ip --cloud=sim",
    },
    Rewrite {
        from: &[Is("network"), Is("list"), Is("fixed")],
        to: &["port", "list"],
        example: "network list fixed --cloud=sim",
    },
    Rewrite {
        from: &[Is("network"), Is("create"), Is("floating"), Is("ip")],
        to: &["network", "floating", "create"],
        example: "network create floating ip --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("create"), Is("floating")],
        to: &["network", "floating", "create"],
        example: "network create floating --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("create"), Is("fixed"), Is("ip")],
        to: &["port", "create"],
        example: "network create fixed ip socket --network=private --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("create"), Is("fixed")],
        to: &["port", "create"],
        example: "network create fixed socket --network=private --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("create"), Is("cluster")],
        to: &["network", "cluster", "create"],
        example: "network create cluster --group=web --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("delete"), Is("floating"), Is("ip")],
        to: &["network", "floating", "delete"],
        example: "network delete floating ip --free --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("delete"), Is("floating")],
        to: &["network", "floating", "delete"],
        example: "network delete floating --free --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("delete"), Is("fixed"), Is("ip")],
        to: &["port", "delete"],
        example: "network delete fixed ip socket --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("delete"), Is("fixed")],
        to: &["port", "delete"],
        example: "network delete fixed socket --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("associate"), Is("floating"), Is("ip")],
        to: &["network", "floating", "associate"],
        example: "network associate floating ip --instance=web1 --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("associate")],
        to: &["network", "floating", "associate"],
        example: "network associate --instance=web1 --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("disassociate"), Is("floating"), Is("ip")],
        to: &["network", "floating", "disassociate"],
        example: "network disassociate floating ip --instance=web1 --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("disassociate")],
        to: &["network", "floating", "disassociate"],
        example: "network disassociate --instance=web1 --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("reserve"), Is("fixed"), Is("ip")],
        to: &["port", "create"],
        example: "network reserve fixed ip socket --network=private --cloud=sim --dryrun",
    },
    Rewrite {
        from: &[Is("network"), Is("reserve")],
        to: &["port", "create"],
        example: "network reserve socket --network=private --cloud=sim --dryrun",
    },
    Rewrite { from: &[Is("list"), Is("vm")], to: &["vm", "list"], example: "list vm" },
    Rewrite { from: &[Is("list"), Is("image")], to: &["image", "list"], example: "list image" },
    Rewrite { from: &[Is("list"), Is("flavor")], to: &["flavor", "list"], example: "list flavor" },
    Rewrite { from: &[Is("list"), Is("default")], to: &["default", "list"], example: "list default" },
    Rewrite {
        from: &[Is("hpc"), Is("run"), Is("list")],
        to: &["hpc", "queue", "--all"],
        example: "hpc run list --cluster=local",
    },
    Rewrite {
        from: &[Is("hpc"), Is("run"), Is("output")],
        to: &["hpc", "output"],
        example: "hpc run output",
    },
    Rewrite {
        from: &[Is("hpc"), Is("delete"), Is("all")],
        to: &["hpc", "delete", "--job=all"],
        example: "hpc delete all --cluster=local --yes",
    },
    Rewrite {
        from: &[Is("hpc"), Is("delete"), Other],
        to: &["hpc", "delete", "--job"],
        example: "hpc delete last --yes",
    },
    Rewrite { from: &[Is("explain")], to: &["hpc", "explain"], example: "explain last" },
    Rewrite { from: &[Is("run")], to: &["hpc", "run"], example: "run --cluster=local echo hello" },
    Rewrite { from: &[Is("submit")], to: &["hpc", "run"], example: "submit --cluster=local echo hello" },
];

/// Options of every operation whose value may be a word of its own: `-o json`.
const VALUED: &[&str] = &["-o", "--format", "--columns", "--sort"];

/// The words that are meant by `words` (without the program's own name).
#[must_use]
pub fn rewrite(catalogue: Catalogue, words: Vec<String>) -> Vec<String> {
    // Positions of the words that are no options; those after `--` are an operation's own.
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let value = |position: usize| position > 0 && VALUED.contains(&words[position - 1].as_str());
    let plain: Vec<usize> =
        (0..end).filter(|position| !words[*position].starts_with('-') && !value(*position)).collect();
    let Some(row) = REWRITES.iter().find(|row| fits(catalogue, row, &words, &plain)) else { return words };
    let replaced: Vec<usize> = row
        .from
        .iter()
        .zip(&plain)
        .filter(|(word, _)| matches!(word, Is(_)))
        .map(|(_, position)| *position)
        .collect();
    // What the row keeps comes first: it may be the value of an option that the row ends in.
    let kept: Vec<usize> =
        row.from.iter().zip(&plain).filter(|(word, _)| !matches!(word, Is(_))).map(|(_, at)| *at).collect();
    let mut rewritten: Vec<String> = row.to.iter().map(|word| (*word).to_owned()).collect();
    rewritten.extend(kept.iter().map(|position| words[*position].clone()));
    rewritten.extend(
        words
            .into_iter()
            .enumerate()
            .filter(|(position, _)| !replaced.contains(position) && !kept.contains(position))
            .map(|(_, word)| word),
    );
    rewritten
}

fn fits(catalogue: Catalogue, row: &Rewrite, words: &[String], plain: &[usize]) -> bool {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return false;
    }
    let noun = plain.first().map_or("", |position| words[*position].as_str());
    row.from.iter().enumerate().all(|(number, expected)| {
        let word = plain.get(number).map(|position| words[*position].as_str());
        match (expected, word) {
            (End, word) => word.is_none(),
            (Is(expected), Some(word)) => *expected == word,
            (Pair, Some(word)) => word.contains('='),
            (Other, Some(word)) => !catalogue
                .entries()
                .any(|entry| entry.noun() == noun && entry.name.split('.').nth(1) == Some(word)),
            (_, None) => false,
        }
    })
}
