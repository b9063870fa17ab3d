//! Takes the words and options out of `docs/COMMANDS.md`, where `[x]` is optional and `A|B` a choice.
//!
//! Only what stands in backticks counts, and of that only what a user types as it is: lower-case words and
//! options. NAMES, VALUE and the like are places for the user's own words.

use std::collections::BTreeSet;

/// The word that a command line begins with; options and forms of the prompt itself have none.
type Path = String;

/// All words and options of the document: `vm`, `vm boot`, `vm boot --n`, `--format=json`, `$name`.
pub(crate) fn words(document: &str) -> BTreeSet<String> {
    let mut reader = Reader::default();
    for block in blocks(document) {
        match block {
            Block::Common(text) => {
                for snippet in snippets(&text).into_iter().filter(|snippet| !snippet.prose) {
                    reader.chain(&[Path::new()], &snippet.text);
                }
            }
            Block::Forms(text) => {
                let forms = snippets(&text).into_iter().map(|snippet| snippet.text);
                reader.found.extend(forms.filter(|form| form != "exec FILE"));
            }
            Block::Item(text) => reader.item(&text),
        }
    }
    reader.found
}

/// A part of the document that holds words.
enum Block {
    /// The options that many commands have.
    Common(String),
    /// A paragraph about the prompt: its forms (`cm FILE.cm`, `$name`) stand for themselves.
    Forms(String),
    /// One item of a list of commands.
    Item(String),
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut section: Option<&str> = None;
    for line in document.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = Some(title);
        } else if let Some(text) = line.strip_prefix("Common options: ") {
            blocks.push(Block::Common(text.to_owned()));
        } else if line.trim().is_empty() {
            blocks.push(Block::Forms(String::new()));
        } else if section.is_some_and(|title| !title.starts_with("Configuration file")) {
            if let Some(text) = line.strip_prefix("- ") {
                blocks.push(Block::Item(text.to_owned()));
            } else {
                continued(&mut blocks, line);
            }
        } else if section.is_none() && matches!(blocks.last(), Some(Block::Common(_))) {
            continued(&mut blocks, line);
        }
    }
    blocks
}

fn continued(blocks: &mut Vec<Block>, line: &str) {
    match blocks.last_mut() {
        Some(Block::Common(text) | Block::Forms(text) | Block::Item(text)) => {
            text.push(' ');
            text.push_str(line.trim());
        }
        None => blocks.push(Block::Forms(line.to_owned())),
    }
}

/// Something in backticks.
#[derive(Debug)]
struct Snippet {
    text: String,
    /// Whether it explains (after a dash, up to the next semicolon) rather than lists.
    prose: bool,
    /// Whether it heads its item: `register` : …
    heads: bool,
}

/// The snippets of a block in their order. What stands in round brackets is left out.
fn snippets(text: &str) -> Vec<Snippet> {
    let mut found: Vec<Snippet> = Vec::new();
    let (mut prose, mut depth) = (false, 0_u32);
    let mut parts = text.split('`');
    while let Some(outside) = parts.next() {
        if found.len() == 1 && outside.trim_start().starts_with(": ") {
            found[0].heads = true;
        }
        for character in outside.chars() {
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                '—' => prose = true,
                ';' | ':' => prose = false,
                _ => {}
            }
        }
        let Some(inside) = parts.next() else { break };
        if depth == 0 {
            found.push(Snippet { text: inside.to_owned(), prose, heads: false });
        }
    }
    found
}

/// Words of a list without backticks: `; hold, release, history;`.
fn bare_lists(text: &str) -> impl Iterator<Item = &str> {
    let plain = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    text.split(';')
        .map(str::trim)
        .filter(move |part| part.contains(", ") && part.split(", ").all(plain))
        .flat_map(|part| part.split(", "))
}

#[derive(Default)]
struct Reader {
    found: BTreeSet<String>,
}

impl Reader {
    fn item(&mut self, text: &str) {
        let mut head: Option<Path> = None;
        let mut nouns = vec![Path::new()];
        for snippet in snippets(text) {
            let first = snippet.text.trim_start_matches('[').chars().next().unwrap_or(' ');
            if snippet.prose {
                // A word that explains an argument: `default.KEY` as the VALUE of `var`.
                if first.is_ascii_lowercase() {
                    self.found.extend(nouns.iter().map(|noun| format!("{noun} … {}", snippet.text)));
                }
                continue;
            }
            if first == '-' {
                for noun in nouns.clone() {
                    self.chain(&[noun], &snippet.text);
                }
                continue;
            }
            let root = head.clone().unwrap_or_default();
            nouns = self.command(&root, &snippet.text);
            if snippet.heads {
                head = nouns.first().cloned();
            }
        }
        for word in bare_lists(text) {
            self.found.extend(nouns_of(text).map(|noun| format!("{noun} {word}")));
        }
    }

    /// One command line; the answer is its nouns.
    fn command(&mut self, root: &str, text: &str) -> Vec<Path> {
        let alternatives = split_outside(text, " | ");
        let first = alternatives.first().copied().unwrap_or_default();
        let (noun, rest) = first.split_once(' ').unwrap_or((first, ""));
        let nouns: Vec<Path> =
            noun.split('|').filter_map(|noun| word(noun).map(|noun| below(root, noun))).collect();
        self.found.extend(nouns.iter().cloned());
        for alternative in std::iter::once(rest).chain(alternatives.into_iter().skip(1)) {
            self.chain(&nouns, alternative);
        }
        nouns
    }

    /// The words of one alternative, below `roots`.
    fn chain(&mut self, roots: &[Path], text: &str) {
        let mut current = roots.to_vec();
        let mut gap = true;
        for token in split_outside(text, " ") {
            if token == "…" {
                gap = true;
                continue;
            }
            if let Some(inner) = token.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
                let last = current.last().cloned().unwrap_or_default();
                if inner.starts_with('-') {
                    for option in split_outside(inner, " ") {
                        self.choice(std::slice::from_ref(&last), option);
                    }
                } else {
                    self.chain(&current, inner);
                }
                continue;
            }
            let mut token = token;
            if let Some(rest) = token.strip_prefix("…|") {
                token = rest;
                current = roots.to_vec();
                gap = true;
            }
            let base = if gap { current.clone() } else { current.last().cloned().into_iter().collect() };
            gap = false;
            let made = self.choice(&base, token);
            if !made.is_empty() {
                current = made;
            }
        }
    }

    /// A choice such as `start|stop`, `NAMES|--all`, `--source=FILE|--ssh|--git`. The answer is the words
    /// that more may follow; none where the choice is between arguments.
    fn choice(&mut self, base: &[Path], text: &str) -> Vec<Path> {
        let mut made = Vec::new();
        let mut only_words = true;
        let mut option: Option<String> = None;
        for member in text.split('|').map(|member| member.trim_end_matches(['.', ','])) {
            if member.starts_with('-') {
                only_words = false;
                let (names, value) = member.split_once('=').map_or((member, None), |(n, v)| (n, Some(v)));
                for name in names.split('/') {
                    self.found.extend(base.iter().map(|base| below(base, name)));
                    option = Some(name.to_owned());
                }
                if let (Some(value), Some(name)) = (value.and_then(word), &option) {
                    self.found.extend(base.iter().map(|base| below(base, &format!("{name}={value}"))));
                } else if value.is_none() {
                    option = None;
                }
            } else if let (Some(name), Some(value)) = (&option, word(member)) {
                self.found.extend(base.iter().map(|base| below(base, &format!("{name}={value}"))));
            } else if let Some(word) = word(member) {
                made.extend(base.iter().map(|base| below(base, word)));
            }
        }
        self.found.extend(made.iter().cloned());
        if only_words { made } else { Vec::new() }
    }
}

fn nouns_of(text: &str) -> impl Iterator<Item = &str> {
    snippets_first(text).into_iter()
}

fn snippets_first(text: &str) -> Option<&str> {
    text.split('`').nth(1)?.split_whitespace().next()
}

fn below(base: &str, word: &str) -> Path {
    if base.is_empty() { word.to_owned() } else { format!("{base} {word}") }
}

/// A word that is typed as it stands. `EOF` is one; `!CMD` begins with one.
fn word(text: &str) -> Option<&str> {
    if text == "EOF" {
        return Some(text);
    }
    if text.starts_with('!') {
        return Some("!");
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    (text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(fits)).then_some(text)
}

/// Splits outside of square brackets.
fn split_outside<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0_i32, 0);
    for (position, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ if depth == 0 && position >= from && text[position..].starts_with(separator) => {
                parts.push(text[from..position].trim());
                from = position + separator.len();
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[test]
fn the_syntax_of_the_vocabulary_is_understood() {
    let document = "# Title\n\n`none`\n\nCommon options: `--cloud=CLOUD[,CLOUD…]|all`, `-o/--format=table|json`,\n`--yes`/`--force`\n\n\
        ## Shell\n`cm` alone\n- `quit|q|EOF`, `!CMD`, `check [--cloud]` (not `this`)\n\
        - `default [list [--all]] | KEY | delete KEY` with `[--cloud=]` — so `general`; `select cloud|image`\n\
        - `register` : `info`, `list [ssh]`, `env [--provider]`\n\
        - `key list [--source=db|yaml] | add [NAME] [--source=FILE|--ssh] | delete NAMES|--all`\n\
        - `vm default|boot [--n=COUNT] [--image --key] | ip assign|show | ssh NAME [--command] | stop |\n  resume`.\n\
        - `network list|create … floating|fixed [ip] | associate`\n\
        - `hpc delete --job|all [--group]`; hold, release\n\
        - `launcher repo …|list|add`\n";
    let expected = [
        "!",
        "--cloud",
        "--cloud=all",
        "--force",
        "--format",
        "--format=json",
        "--format=table",
        "--yes",
        "-o",
        "EOF",
        "check",
        "check --cloud",
        "cm",
        "default",
        "default --cloud",
        "default delete",
        "default list",
        "default list --all",
        "default … general",
        "hpc",
        "hpc delete",
        "hpc delete --group",
        "hpc delete --job",
        "hpc delete all",
        "hpc hold",
        "hpc release",
        "key",
        "key add",
        "key add --source",
        "key add --ssh",
        "key delete",
        "key delete --all",
        "key list",
        "key list --source",
        "key list --source=db",
        "key list --source=yaml",
        "launcher",
        "launcher add",
        "launcher list",
        "launcher repo",
        "network",
        "network associate",
        "network create",
        "network create fixed",
        "network create fixed ip",
        "network create floating",
        "network create floating ip",
        "network list",
        "network list fixed",
        "network list fixed ip",
        "network list floating",
        "network list floating ip",
        "q",
        "quit",
        "register",
        "register env",
        "register env --provider",
        "register info",
        "register list",
        "register list ssh",
        "select",
        "select cloud",
        "select image",
        "vm",
        "vm boot",
        "vm boot --image",
        "vm boot --key",
        "vm boot --n",
        "vm default",
        "vm ip",
        "vm ip assign",
        "vm ip show",
        "vm resume",
        "vm ssh",
        "vm ssh --command",
        "vm stop",
    ];
    let found = words(document);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, expected);
}
