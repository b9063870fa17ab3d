//! What may follow on a half-typed line: commands, options, values. Made from the same clap commands that
//! read the line, and from names that the store has.

use std::collections::HashMap;
use std::path::Path;

use clap::{Arg, Command};
use cloudmesh_model::Noun;
use cloudmesh_prompt::{REWRITES, Rewrite, RewriteWord, build, rewrite};
use cloudmesh_resource::Family;

use crate::names::{Name, Names};

/// Something that may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The text.
    pub(crate) value: String,
    /// One line about it.
    pub(crate) about: String,
    /// The word ends with it.
    pub(crate) whole: bool,
}

/// What may follow, and from which byte of the line it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) start: usize,
    pub(crate) candidates: Vec<Candidate>,
}

/// A word of a half-typed line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Typed {
    /// Where it begins.
    start: usize,
    /// What it says, quotes taken away.
    text: String,
}

/// Takes a half-typed line apart: the words before the last one, and the last one, which may be empty.
/// `None` where it is not ours to complete: after `!`, in a comment.
fn typed(line: &str) -> Option<(Vec<Typed>, Typed, bool)> {
    let mut words: Vec<Typed> = Vec::new();
    let mut current: Option<Typed> = None;
    let mut quote: Option<char> = None;
    let mut foreign = false;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let start = Typed { start: at, text: String::new() };
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => current.get_or_insert(start).text.push(character),
            (None, '\'' | '"') => {
                quote = Some(character);
                current.get_or_insert(start);
            }
            (None, '\\') => {
                let escaped = characters.next().map_or('\\', |(_, escaped)| escaped);
                current.get_or_insert(start).text.push(escaped);
            }
            (None, '#') if current.is_none() => return None,
            (None, ';') => {
                (words, current, foreign) = (Vec::new(), None, false);
            }
            (None, '&' | '|') if characters.peek().is_some_and(|(_, next)| *next == character) => {
                characters.next();
                (words, current, foreign) = (Vec::new(), None, false);
            }
            (None, '|') => {
                (words, current, foreign) = (Vec::new(), None, true);
            }
            (None, '>') if current.is_none() => foreign = true,
            (None, _) if character.is_whitespace() => words.extend(current.take()),
            (None, _) => current.get_or_insert(start).text.push(character),
        }
    }
    let last = current.unwrap_or(Typed { start: line.len(), text: String::new() });
    let first = words.first().unwrap_or(&last);
    if first.text.starts_with('!') || matches!(first.text.as_str(), "shell" | "py") && !words.is_empty() {
        foreign = true;
    }
    Some((words, last, foreign))
}

/// Finds what may follow.
pub(crate) struct Completion {
    names: Names,
    root: Command,
    nouns: HashMap<String, Command>,
    foreign: Vec<String>,
}

impl Completion {
    pub(crate) fn new(names: Names, foreign: Vec<String>) -> Self {
        let program = names.program();
        let root = build(program.catalogue, program.words);
        Self { names, root, nouns: HashMap::new(), foreign }
    }

    /// The names that it looks values up in.
    pub(crate) fn names(&mut self) -> &mut Names {
        &mut self.names
    }

    /// What may follow `line`, the text before the cursor.
    pub(crate) fn suggest(&mut self, line: &str) -> Answer {
        let Some((words, last, foreign)) = typed(line) else { return Answer::default() };
        if let Some(at) = last.text.rfind('$')
            && !foreign
        {
            let start = line.rfind('$').map_or(line.len(), |at| at + 1);
            return Answer { start, candidates: self.variables(&last.text[at + 1..]) };
        }
        if foreign {
            return files(&last);
        }
        let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
        self.ours(words, &last)
    }

    /// The command that the words of a line lead to, its values not counted.
    pub(crate) fn command_of(&mut self, line: &str) -> Option<Command> {
        let (words, last, foreign) = typed(line)?;
        if foreign {
            return None;
        }
        let mut words: Vec<String> = words.into_iter().map(|word| word.text).collect();
        words.push(last.text);
        self.walk(&self.meant(words)).map(|place| place.command)
    }

    /// The words of an old spelling in our own.
    fn meant(&self, mut words: Vec<String>) -> Vec<String> {
        if words.first().is_some_and(|word| matches!(word.as_str(), "cm" | "help" | "man")) {
            words.remove(0);
        }
        // Those for a line that ends here are not meant while more is typed.
        let ends = |row: &Rewrite| row.from.iter().any(|word| matches!(word, RewriteWord::End));
        let ending = REWRITES.iter().any(|row| ends(row) && words.len() == 1 && row.example == words[0]);
        if ending { words } else { rewrite(self.names.program().catalogue, words) }
    }

    fn noun(&mut self, name: &str) -> Option<Command> {
        if let Some(command) = self.nouns.get(name) {
            return Some(command.clone());
        }
        let mut command = self.root.find_subcommand(name)?.clone();
        command.build();
        self.nouns.insert(name.to_owned(), command.clone());
        Some(command)
    }

    /// Follows words down the commands.
    fn walk(&mut self, words: &[String]) -> Option<Place> {
        let first = words.first()?;
        let command = self.noun(first)?;
        let mut place = Place { name: first.clone(), command, positionals: 0, waiting: None, rest: false };
        for word in &words[1..] {
            place.take(word);
        }
        Some(place)
    }

    fn ours(&mut self, words: Vec<String>, last: &Typed) -> Answer {
        let help = words.first().is_some_and(|word| matches!(word.as_str(), "help" | "man"));
        let bare = words.iter().all(|word| matches!(word.as_str(), "cm" | "help" | "man"));
        if bare {
            return matching(last.start, self.first_words(), &last.text);
        }
        let old = old_words(&words);
        let Some(place) = self.walk(&self.meant(words)) else { return Answer::default() };
        if last.text.starts_with('-') && !place.rest && place.waiting.is_none() {
            return match last.text.split_once('=') {
                Some((option, value)) => {
                    let Some(argument) = place.option(option) else { return Answer::default() };
                    let argument = argument.clone();
                    let offset = last.start + option.len() + 1;
                    self.values(&place, &argument, value, offset)
                }
                None => matching(last.start, place.options(), &last.text),
            };
        }
        let mut candidates: Vec<Candidate> = Vec::new();
        if place.waiting.is_none() && place.positionals == 0 {
            candidates.extend(subcommands(&place.command));
            candidates.extend(old);
        }
        if help {
            return matching(last.start, candidates, &last.text);
        }
        let mut answer = matching(last.start, candidates, &last.text);
        let argument = place.waiting.clone().or_else(|| place.positional().cloned());
        if let Some(argument) = argument {
            let values = self.values(&place, &argument, &last.text, last.start);
            if answer.candidates.is_empty() {
                return values;
            }
            if values.start == answer.start {
                answer.candidates.extend(values.candidates);
            }
        }
        answer
    }

    fn first_words(&self) -> Vec<Candidate> {
        let mut all = subcommands(&self.root);
        for (word, about) in [("help", "Tells about a command"), ("man", "The manual page of a command")] {
            if !all.iter().any(|known| known.value == word) {
                all.push(Candidate { value: word.to_owned(), about: about.to_owned(), whole: true });
            }
        }
        for row in REWRITES {
            let first = row.example.split(' ').next().unwrap_or_default();
            if !all.iter().any(|known| known.value == first) {
                let about = format!("Short for {}", row.to.join(" "));
                all.push(Candidate { value: first.to_owned(), about, whole: true });
            }
        }
        for name in &self.foreign {
            all.push(Candidate { value: name.clone(), about: format!("Runs cm-{name}"), whole: true });
        }
        all
    }

    /// Values of an argument that begin with `begin`, which stands at `offset`.
    fn values(&mut self, place: &Place, argument: &Arg, begin: &str, offset: usize) -> Answer {
        let possible = argument.get_possible_values();
        if !possible.is_empty() {
            let all = possible
                .iter()
                .map(|value| {
                    candidate(
                        value.get_name(),
                        &value.get_help().map(ToString::to_string).unwrap_or_default(),
                    )
                })
                .collect();
            return matching(offset, all, begin);
        }
        let id = argument.get_id().as_str();
        let listing = matches!(id, "columns" | "sort");
        // Of a list, the last item.
        let from = begin.rfind(',').map_or(0, |at| at + 1);
        let sign = usize::from(id == "sort" && begin.starts_with('-'));
        let from = from.max(sign);
        let (before, begin) = begin.split_at(from);
        let offset = offset + before.len();
        let noun = place.name.split('.').next().unwrap_or_default();
        if let Some((key, value)) = begin.split_once('=')
            && matches!(noun, "default" | "var")
        {
            let found = if noun == "default" { self.of_kind(key, value) } else { Vec::new() };
            return names(offset + key.len() + 1, found);
        }
        if listing {
            let columns = self.noun_of(place).map_or(&[][..], |noun| noun.columns);
            let all = columns.iter().map(|column| candidate(column.name, column.about)).collect();
            return matching(offset, all, begin);
        }
        let found = match (noun, id) {
            (_, "format") => ["table", "json", "yaml", "csv", "ndjson"].into_iter().map(plain).collect(),
            (_, "file" | "source" | "script" | "path" | "dir") | ("open", "what") => {
                return files(&Typed { start: offset, text: begin.to_owned() });
            }
            ("color" | "refresh" | "verbose" | "debug" | "splash", "value") => {
                ["on", "off"].into_iter().map(plain).collect()
            }
            ("timer", "what") => {
                ["on", "off", "start", "stop", "resume", "reset", "list"].into_iter().map(plain).collect()
            }
            ("loglevel", "level") => ["critical", "error", "warning", "info", "debug", "trace", "off"]
                .into_iter()
                .map(plain)
                .collect(),
            ("history", "which") => ["list", "last", "clear"].into_iter().map(plain).collect(),
            ("default", "key" | "keys") => self.names.column("default", 1, Some(2), begin),
            ("default", "values") => {
                let mut answer = Answer { start: offset, candidates: Vec::new() };
                for key in ["cloud", "cluster", "image", "flavor", "key", "group", "secgroup", "queue"] {
                    if key.starts_with(begin) {
                        answer.candidates.push(Candidate {
                            value: format!("{key}="),
                            about: String::new(),
                            whole: false,
                        });
                    }
                }
                return answer;
            }
            ("var", "name" | "names") => self.names.column("variable", 0, Some(1), begin),
            ("group", "group" | "groups" | "from" | "first" | "second" | "into" | "to") => {
                self.of_kind("group", begin)
            }
            ("group", "names") => self.of_kind("vm", begin),
            ("register" | "cloud", "name" | "cloud_name") => {
                let mut all = self.of_kind("cloud", begin);
                if noun == "register" {
                    all.extend(self.of_kind("cluster", begin));
                }
                all
            }
            (_, "name" | "names" | "job_option") => {
                let kind = if id == "job_option" { "job" } else { noun };
                self.of_kind(kind, begin)
            }
            (_, "job") if begin.is_empty() || "last".starts_with(begin) => {
                let mut all = self.of_kind("job", begin);
                all.insert(0, Name { name: "last".to_owned(), about: "the one submitted last".to_owned() });
                all
            }
            (_, "plan") => {
                let mut all = self.of_kind("plan", begin);
                all.push(Name { name: "last".to_owned(), about: "the newest one".to_owned() });
                all
            }
            (_, other) => self.of_kind(other, begin),
        };
        names(offset, found.into_iter().filter(|name| name.name.starts_with(begin)).collect())
    }

    /// Live names of a kind of thing.
    fn of_kind(&mut self, kind: &str, begin: &str) -> Vec<Name> {
        let all = |mut places: Vec<Name>| {
            if !begin.is_empty() && "all".starts_with(begin) {
                places.push(Name { name: "all".to_owned(), about: "every one".to_owned() });
            }
            places
        };
        match kind {
            "cloud" => all(self.names.places(Family::Compute, begin)),
            "cluster" => all(self.names.places(Family::Batch, begin)),
            "vm" | "server" | "servers" => {
                let noun = self.answering("server");
                noun.map(|noun| self.names.stored(noun, "name", "status", begin)).unwrap_or_default()
            }
            "key" => {
                let mut keys = self.kept("own_key", begin);
                for key in self.names.column("key", 0, None, begin) {
                    if !keys.iter().any(|known| known.name == key.name) {
                        keys.push(key);
                    }
                }
                keys
            }
            "plan" => {
                let noun = self.answering("plan");
                noun.map(|noun| self.names.stored(noun, "id", "title", begin)).unwrap_or_default()
            }
            "job" => {
                let noun = self.answering("job");
                noun.map(|noun| self.names.stored(noun, "id", "name", begin)).unwrap_or_default()
            }
            "group" => {
                let mut groups = self.names.column("group", 0, None, begin);
                groups.dedup();
                groups
            }
            "secgroup" | "security_group" => {
                let mut groups = self.kept("secgroup", begin);
                groups.extend(self.kept("security_group", begin));
                groups.sort();
                groups.dedup_by(|one, other| one.name == other.name);
                groups
            }
            other => self.kept(other, begin),
        }
    }

    /// Names of what the store has under the noun `kind`.
    fn kept(&mut self, kind: &str, begin: &str) -> Vec<Name> {
        let Some(noun) = self.answering(kind) else { return Vec::new() };
        let about = ["status", "state", "about", "description"]
            .into_iter()
            .find(|column| noun.position(column).is_some())
            .unwrap_or("");
        let mut found = self.names.stored(noun, "name", about, begin);
        found.dedup_by(|one, other| one.name == other.name);
        found
    }

    /// The noun called `name` that some query answers with.
    fn answering(&self, name: &str) -> Option<&'static Noun> {
        let catalogue = self.names.program().catalogue;
        catalogue
            .entries()
            .filter_map(|entry| entry.rows)
            .map(|(noun, _)| noun)
            .find(|noun| noun.name == name)
    }

    fn noun_of(&self, place: &Place) -> Option<&'static Noun> {
        let catalogue = self.names.program().catalogue;
        catalogue.find(&place.name)?.rows.map(|(noun, _)| noun)
    }

    fn variables(&mut self, begin: &str) -> Vec<Candidate> {
        let begin = begin.trim_start_matches('{');
        let mut found: Vec<Name> = match begin.split_once('.') {
            Some(("default", key)) => self
                .names
                .column("default", 1, Some(2), key)
                .into_iter()
                .map(|name| Name { name: format!("default.{}", name.name), ..name })
                .collect(),
            Some(("cloudmesh", _)) => self.names.settings(begin),
            _ => {
                let mut names = self.names.column("variable", 0, Some(1), begin);
                for (prefix, about) in [("default.", "a default"), ("cloudmesh.", "a setting")] {
                    if prefix.starts_with(begin) {
                        names.push(Name { name: prefix.to_owned(), about: about.to_owned() });
                    }
                }
                names
            }
        };
        found.dedup_by(|one, other| one.name == other.name);
        found
            .into_iter()
            .map(|name| Candidate { whole: !name.name.ends_with('.'), value: name.name, about: name.about })
            .collect()
    }
}

/// Where the words of a line have led.
struct Place {
    /// The operation's name, `vm.boot`; or a noun, or a word.
    name: String,
    command: Command,
    /// Values without an option so far.
    positionals: usize,
    /// The option whose value is next.
    waiting: Option<Arg>,
    /// After `--`.
    rest: bool,
}

impl Place {
    fn take(&mut self, word: &str) {
        if self.waiting.take().is_some() {
            return;
        }
        if self.rest {
            self.positionals += 1;
        } else if word == "--" {
            self.rest = true;
        } else if word.starts_with('-') && word.len() > 1 {
            if !word.contains('=') {
                self.waiting = self.option(word).filter(|option| option.get_action().takes_values()).cloned();
            }
        } else if self.positionals == 0
            && let Some(inner) = self.command.find_subcommand(word)
        {
            self.name = format!("{}.{}", self.name, inner.get_name());
            self.command = inner.clone();
        } else {
            self.positionals += 1;
        }
    }

    fn option(&self, typed: &str) -> Option<&Arg> {
        let name = typed.trim_start_matches('-');
        self.command.get_arguments().find(|argument| {
            let short = argument.get_short().is_some_and(|short| name.chars().eq([short]));
            argument.get_long() == Some(name) || (short && !typed.starts_with("--"))
        })
    }

    fn positional(&self) -> Option<&Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        all.get(self.positionals).or_else(|| all.last().filter(|last| many(last))).copied()
    }

    fn options(&self) -> Vec<Candidate> {
        let mut all: Vec<Candidate> = self
            .command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set())
            .filter_map(|argument| {
                let value = argument.get_action().takes_values();
                let long = argument.get_long()?;
                let about = argument.get_help().map(ToString::to_string).unwrap_or_default();
                Some(Candidate {
                    value: if value { format!("--{long}=") } else { format!("--{long}") },
                    about: first_line(&about),
                    whole: !value,
                })
            })
            .collect();
        all.sort_by(|one, other| one.value.cmp(&other.value));
        all
    }
}

fn many(argument: &Arg) -> bool {
    argument.get_num_args().is_some_and(|range| range.max_values() > 1)
        || matches!(argument.get_action(), clap::ArgAction::Append)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn candidate(value: &str, about: &str) -> Candidate {
    Candidate { value: value.to_owned(), about: first_line(about), whole: true }
}

fn plain(name: &str) -> Name {
    Name { name: name.to_owned(), about: String::new() }
}

fn subcommands(command: &Command) -> Vec<Candidate> {
    command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
        .map(|inner| {
            candidate(inner.get_name(), &inner.get_about().map(ToString::to_string).unwrap_or_default())
        })
        .collect()
}

/// Verbs of old spellings that may follow `words`.
fn old_words(words: &[String]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for row in REWRITES {
        let mut from = row.from.iter();
        let fits =
            words.iter().all(|word| matches!(from.next(), Some(RewriteWord::Is(known)) if known == word));
        if fits
            && let Some(RewriteWord::Is(next)) = from.next()
            && !found.iter().any(|known| known.value == *next)
        {
            found.push(candidate(next, &format!("Short for {}", row.to.join(" "))));
        }
    }
    found
}

fn matching(start: usize, all: Vec<Candidate>, begin: &str) -> Answer {
    let mut candidates: Vec<Candidate> = Vec::new();
    for candidate in all {
        if candidate.value.starts_with(begin)
            && !candidates.iter().any(|known| known.value == candidate.value)
        {
            candidates.push(candidate);
        }
    }
    Answer { start, candidates }
}

fn names(start: usize, found: Vec<Name>) -> Answer {
    let candidates = found
        .into_iter()
        .map(|name| Candidate { value: quoted(&name.name), about: first_line(&name.about), whole: true })
        .collect();
    Answer { start, candidates }
}

/// A name as it must be typed.
fn quoted(name: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "-_.,:/@%+=[]~".contains(c);
    if name.chars().all(safe) { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// Files whose path begins with the word.
fn files(word: &Typed) -> Answer {
    let text = word.text.trim_start_matches('!');
    let start = word.start + (word.text.len() - text.len());
    let (folder, begin) = text.rsplit_once('/').map_or(("", text), |(folder, begin)| (folder, begin));
    let shown = if text.contains('/') { format!("{folder}/") } else { String::new() };
    let real = match (folder.strip_prefix('~'), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
        _ if text.starts_with('/') && folder.is_empty() => Path::new("/").to_owned(),
        _ if folder.is_empty() => Path::new(".").to_owned(),
        _ => Path::new(folder).to_owned(),
    };
    let mut candidates: Vec<Candidate> = std::fs::read_dir(real)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            if !name.starts_with(begin) || (name.starts_with('.') && !begin.starts_with('.')) {
                return None;
            }
            let folder = entry.path().is_dir();
            let value = quoted(&format!("{shown}{name}")) + if folder { "/" } else { "" };
            Some(Candidate { value, about: String::new(), whole: !folder })
        })
        .collect();
    candidates.sort_by(|one, other| one.value.cmp(&other.value));
    candidates.truncate(500);
    Answer { start, candidates }
}
