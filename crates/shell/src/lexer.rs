//! From the text of a line to its commands and words, as a POSIX shell reads them. Pure: nothing is looked up
//! here, a variable stays a variable.
//!
//! Quotes, backslashes, `;`, `&&`, `||`, `&`, `|` and `>` mean what they mean in a POSIX shell (IEEE 1003.1,
//! "Shell Command Language", 2.2 and 2.3). There are no patterns: `web[1-3]` is a word. Comments begin with `#`,
//! `//` or `/*`, at the start of a line or after a space.

use cloudmesh_model::{Error, Result};

/// A line longer than this (in bytes) is refused.
pub const LONGEST: usize = 1 << 20;

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// The value of a variable: `name`, `default.image`, `cloudmesh.profile.user`, `1`, `@`.
    Variable {
        /// What follows the `$`.
        name: String,
        /// It stands in double quotes: its value is never taken apart.
        quoted: bool,
    },
}

/// A word: its pieces, one after the other. No piece means `''`.
pub type Word = Vec<Piece>;

/// Where the answer of a command goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// To where the shell's own goes.
    Here,
    /// Into a command of the system, given as its text.
    Pipe(String),
    /// Into a file, at its end with the flag.
    File(Word, bool),
}

/// What decides whether a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It runs.
    Always,
    /// After `&&`: the one before it succeeded.
    Success,
    /// After `||`: the one before it failed.
    Failure,
}

/// One command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Words of ours.
    Words {
        /// The words.
        words: Vec<Word>,
        /// Where its answer goes.
        output: Output,
        /// It runs while the shell goes on.
        background: bool,
    },
    /// Text for the system's shell: what follows `!` or `shell`.
    System(String),
    /// Text for Python: what follows `py`.
    Python(String),
}

/// One command of a line, with what decides whether it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What decides whether it runs.
    pub when: When,
    /// The command.
    pub command: Command,
}

/// The rest of a line that is not ours to read: after `!`, `shell`, `py`.
fn raw(line: &str) -> Option<Command> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix('!') {
        return Some(Command::System(rest.trim().to_owned()));
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if rest == "--help" || rest == "-h" {
        return None;
    }
    match word {
        "shell" if !rest.is_empty() => Some(Command::System(rest.to_owned())),
        "py" => Some(Command::Python(rest.to_owned())),
        _ => None,
    }
}

/// Takes the comments out of one line. `inside` says, before and after, whether a `/*` is open.
///
/// # Errors
/// A quote that is not closed, a line that is too long.
pub fn without_comments(line: &str, inside: &mut bool) -> Result<String> {
    if line.len() > LONGEST {
        let size = line.len() >> 20;
        return Err(Error::bad_input(format!("the line is {size} MiB long; at most 1 MiB is read"))
            .hint("put long texts into files"));
    }
    let mut rest = line;
    let mut kept = String::new();
    if *inside {
        let Some(end) = rest.find("*/") else { return Ok(kept) };
        *inside = false;
        rest = &rest[end + 2..];
    }
    if raw(rest).is_some() {
        kept.push_str(rest.trim());
        return Ok(kept);
    }
    let mut fresh = true;
    let mut quote: Option<(char, usize)> = None;
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some((open, _)), _) if character == open => quote = None,
            (None | Some(('"', _)), '\\') => {
                kept.push(character);
                if let Some((_, escaped)) = characters.next() {
                    kept.push(escaped);
                }
                fresh = false;
                continue;
            }
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some((character, at)),
            (None, '#') if fresh => break,
            (None, '/') if fresh && rest[at..].starts_with("//") => break,
            (None, '/') if fresh && rest[at..].starts_with("/*") => {
                let Some(end) = rest[at + 2..].find("*/") else {
                    *inside = true;
                    break;
                };
                let end = at + 2 + end + 2;
                while characters.as_str().len() > rest.len() - end {
                    characters.next();
                }
                continue;
            }
            (None, _) => {}
        }
        kept.push(character);
        fresh = quote.is_none() && character.is_whitespace();
    }
    match quote {
        Some((open, at)) => {
            let column = line[..line.len() - rest.len() + at].chars().count() + 1;
            Err(Error::bad_input(format!("the quote {open} in column {column} is not closed"))
                .hint(format!("close it, or write \\{open} for the character itself")))
        }
        None => Ok(kept),
    }
}

/// The commands of one line that has no comments any more.
///
/// # Errors
/// What cannot be read: an operator without a command, `${` without its end.
pub fn commands(line: &str) -> Result<Vec<Step>> {
    if let Some(command) = raw(line) {
        return Ok(match &command {
            Command::System(text) if text.is_empty() => {
                return Err(Error::bad_input("there is nothing after !").hint("write !ls, for example"));
            }
            _ => vec![Step { when: When::Always, command }],
        });
    }
    Reader { rest: line, steps: Vec::new(), when: When::Always, words: Vec::new() }.read()
}

struct Reader<'a> {
    rest: &'a str,
    steps: Vec<Step>,
    when: When,
    words: Vec<Word>,
}

impl Reader<'_> {
    fn read(mut self) -> Result<Vec<Step>> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() {
                break;
            }
            if self.operator("&&")? {
                self.when = When::Success;
            } else if self.operator("||")? {
                self.when = When::Failure;
            } else if self.rest.starts_with(';') {
                self.rest = &self.rest[1..];
                if !self.words.is_empty() {
                    self.end(Output::Here, false);
                }
                self.when = When::Always;
            } else if self.rest.starts_with('&') {
                self.needs_words("&")?;
                self.rest = &self.rest[1..];
                self.end(Output::Here, true);
                self.when = When::Always;
            } else if let Some(rest) = self.rest.strip_prefix('|') {
                self.needs_words("|")?;
                if rest.trim().is_empty() {
                    return Err(Error::bad_input("there is no command after |")
                        .hint("name one of the system: vm list | less"));
                }
                let pipe = Output::Pipe(rest.trim().to_owned());
                self.rest = "";
                self.end(pipe, false);
            } else if let Some(rest) = self.rest.strip_prefix('>') {
                self.needs_words(">")?;
                let append = rest.starts_with('>');
                self.rest = rest.strip_prefix('>').unwrap_or(rest).trim_start();
                let file = self.word()?;
                if file.is_empty() && self.rest.is_empty() {
                    return Err(Error::bad_input("there is no file after >").hint("vm list > machines.txt"));
                }
                self.end(Output::File(file, append), false);
                if !self.rest.trim_start().is_empty() && !self.rest.trim_start().starts_with([';', '&', '|'])
                {
                    return Err(Error::bad_input("more words follow the file after >")
                        .hint("put > FILE at the end of the command"));
                }
            } else {
                let word = self.word()?;
                self.words.push(word);
            }
        }
        if !self.words.is_empty() {
            self.end(Output::Here, false);
        } else if self.when != When::Always {
            return Err(Error::bad_input("there is no command after && or ||"));
        }
        Ok(self.steps)
    }

    /// Whether `operator` is next; what is before it becomes a command.
    fn operator(&mut self, operator: &str) -> Result<bool> {
        let Some(rest) = self.rest.strip_prefix(operator) else { return Ok(false) };
        // After `> FILE` the command before it is already there.
        if self.words.is_empty() && (self.steps.is_empty() || self.when != When::Always) {
            self.needs_words(operator)?;
        }
        self.rest = rest;
        if !self.words.is_empty() {
            self.end(Output::Here, false);
        }
        Ok(true)
    }

    fn needs_words(&self, operator: &str) -> Result<()> {
        if self.words.is_empty() {
            return Err(Error::bad_input(format!("there is no command before {operator}"))
                .hint("quote it if it belongs to a word"));
        }
        Ok(())
    }

    fn end(&mut self, output: Output, background: bool) {
        let command = Command::Words { words: std::mem::take(&mut self.words), output, background };
        self.steps.push(Step { when: self.when, command });
        self.when = When::Always;
    }

    /// One word, up to a space or operator outside quotes.
    fn word(&mut self) -> Result<Word> {
        let mut word = WordInMaking::default();
        let mut quote: Option<char> = None;
        while let Some(character) = self.rest.chars().next() {
            let after = &self.rest[character.len_utf8()..];
            match (quote, character) {
                (Some(open), _) if open == character => quote = None,
                (Some('\''), _) => word.text.push(character),
                (None, '\'' | '"') => quote = Some(character),
                (Some(_), '\\') => match after.chars().next() {
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => {
                        word.text.push(escaped);
                        self.rest = &after[escaped.len_utf8()..];
                        continue;
                    }
                    _ => word.text.push('\\'),
                },
                (None, '\\') => {
                    if let Some(escaped) = after.chars().next() {
                        word.text.push(escaped);
                        self.rest = &after[escaped.len_utf8()..];
                        continue;
                    }
                }
                (_, '$') => {
                    if let Some((name, length)) = variable(after)? {
                        word.piece(Piece::Variable { name, quoted: quote.is_some() });
                        self.rest = &after[length..];
                        continue;
                    }
                    word.text.push('$');
                }
                (None, _) if character.is_whitespace() || matches!(character, ';' | '|') => break,
                // `&` belongs to addresses, `a=1&b=2`, unless it ends the word.
                (None, '&') if after.is_empty() || after.starts_with([' ', '\t', '&', ';']) => break,
                (None, '~') if word.is_at_home(after) => {
                    word.piece(Piece::Variable { name: "HOME".to_owned(), quoted: true })
                }
                _ => word.text.push(character),
            }
            self.rest = after;
        }
        Ok(word.done())
    }
}

#[derive(Default)]
struct WordInMaking {
    pieces: Word,
    text: String,
}

impl WordInMaking {
    fn piece(&mut self, piece: Piece) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        }
        self.pieces.push(piece);
    }

    /// Whether a `~` here is the user's folder: at the start of a word, or of a value after `=`.
    fn is_at_home(&self, after: &str) -> bool {
        let begins = self.pieces.is_empty() && (self.text.is_empty() || self.text.ends_with('='));
        begins && (after.is_empty() || after.starts_with('/') || after.starts_with(char::is_whitespace))
    }

    fn done(mut self) -> Word {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(self.text));
        }
        self.pieces
    }
}

/// The variable whose name begins `text` (after the `$`), and how many bytes the name takes.
fn variable(text: &str) -> Result<Option<(String, usize)>> {
    let Some(first) = text.chars().next() else { return Ok(None) };
    if first == '{' {
        let Some((name, _)) = text[1..].split_once('}') else {
            return Err(Error::bad_input("`${` has no `}`").hint("write ${NAME}"));
        };
        return Ok(Some((name.to_owned(), name.len() + 2)));
    }
    if matches!(first, '@' | '*' | '#' | '?') || first.is_ascii_digit() {
        return Ok(Some((first.to_string(), 1)));
    }
    if !(first.is_alphabetic() || first == '_') {
        return Ok(None);
    }
    let part = |text: &str, dashes: bool| {
        text.find(|c: char| !(c.is_alphanumeric() || c == '_' || dashes && c == '-')).unwrap_or(text.len())
    };
    let mut end = part(text, false);
    if matches!(&text[..end], "default" | "cloudmesh") {
        while let Some(rest) = text[end..].strip_prefix('.') {
            let length = part(rest, true);
            if length == 0 {
                break;
            }
            end += 1 + length;
        }
    }
    Ok(Some((text[..end].to_owned(), end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Word {
        vec![Piece::Text(text.to_owned())]
    }

    fn words(line: &str) -> Vec<Word> {
        match commands(line).unwrap().remove(0).command {
            Command::Words { words, .. } => words,
            other => panic!("{other:?}"),
        }
    }

    fn stripped(line: &str) -> String {
        without_comments(line, &mut false).unwrap().trim().to_owned()
    }

    #[test]
    fn quotes_and_backslashes_are_those_of_a_posix_shell() {
        assert_eq!(words("vm boot web[1-3]"), [text("vm"), text("boot"), text("web[1-3]")]);
        assert_eq!(
            words(r#"echo 'a  "b"' "c 'd' \" \$x \n" e\ f ''"#)[1..],
            [text("a  \"b\""), text("c 'd' \" $x \\n"), text("e f"), vec![],]
        );
        assert_eq!(words("echo a'b'\"c\""), [text("echo"), text("abc")]);
    }

    #[test]
    fn variables_take_the_longest_name_that_they_can_have() {
        let variable = |name: &str, quoted| Piece::Variable { name: name.to_owned(), quoted };
        assert_eq!(
            words("$a-$default.image-x \"$cloudmesh.profile.user.\" '$b' \\$c ${d-e}f $ $1x"),
            [
                vec![variable("a", false), Piece::Text("-".into()), variable("default.image-x", false)],
                vec![variable("cloudmesh.profile.user", true), Piece::Text(".".into())],
                text("$b"),
                text("$c"),
                vec![variable("d-e", false), Piece::Text("f".into())],
                text("$"),
                vec![variable("1", false), Piece::Text("x".into())],
            ]
        );
    }

    #[test]
    fn comments_begin_at_the_start_or_after_a_space() {
        assert_eq!(stripped("# all"), "");
        assert_eq!(stripped("vm list # some"), "vm list");
        assert_eq!(stripped("vm list // some"), "vm list");
        assert_eq!(stripped("open http://a/b#c"), "open http://a/b#c");
        assert_eq!(stripped("echo a#b '# c' \"// d\" \\# e"), "echo a#b '# c' \"// d\" \\# e");
        assert_eq!(stripped("echo a /* b */ c"), "echo a  c");
        assert_eq!(stripped("echo a/*b"), "echo a/*b");
        assert_eq!(stripped("!ls # *.c"), "!ls # *.c");
        let mut inside = false;
        assert_eq!(without_comments("echo a /* b", &mut inside).unwrap().trim(), "echo a");
        assert!(inside);
        assert_eq!(without_comments("it's all the same", &mut inside).unwrap(), "");
        assert_eq!(without_comments("end */ echo b", &mut inside).unwrap().trim(), "echo b");
        assert!(!inside);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_with_its_column() {
        let error = without_comments("echo ü 'a", &mut false).unwrap_err();
        assert_eq!(error.message(), "the quote ' in column 8 is not closed");
    }

    #[test]
    fn a_line_can_hold_several_commands() {
        let steps = commands("a; b && c || d e &").unwrap();
        let whens: Vec<When> = steps.iter().map(|step| step.when).collect();
        assert_eq!(whens, [When::Always, When::Always, When::Success, When::Failure]);
        assert!(
            matches!(&steps[3].command, Command::Words { background: true, words, .. } if words.len() == 2)
        );
        assert!(commands("&& a").is_err());
        assert!(commands("a &&").is_err());
        assert!(commands("a |").is_err());
        assert_eq!(commands(" ; ").unwrap(), []);
    }

    #[test]
    fn answers_go_into_pipes_and_files() {
        let output = |line: &str| match commands(line).unwrap().remove(0).command {
            Command::Words { output, .. } => output,
            other => panic!("{other:?}"),
        };
        assert_eq!(output("vm list | grep 'a b' | wc -l"), Output::Pipe("grep 'a b' | wc -l".into()));
        assert_eq!(output("vm list >> all.txt"), Output::File(text("all.txt"), true));
        assert_eq!(output("vm list > all.txt; echo done"), Output::File(text("all.txt"), false));
        assert_eq!(output("vm list 'age>2h' \"a|b\" x=1&y=2"), Output::Here);
    }

    #[test]
    fn what_is_for_others_is_left_as_it_is() {
        assert_eq!(
            commands("!ls | wc; echo $x").unwrap()[0].command,
            Command::System("ls | wc; echo $x".into())
        );
        assert_eq!(commands("shell ls 'a").unwrap()[0].command, Command::System("ls 'a".into()));
        assert_eq!(commands("py print('a')").unwrap()[0].command, Command::Python("print('a')".into()));
    }
}
