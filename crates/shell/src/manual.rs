//! Manual pages, made from the same commands that read the line: as text for a terminal, as troff for `man`.

use std::fmt::Write;

use clap::Command;

/// A manual page.
pub(crate) struct Page {
    /// `cm-vm-boot`.
    name: String,
    about: String,
    synopsis: String,
    description: Vec<String>,
    /// Heading, then terms with their texts.
    sections: Vec<(String, Vec<(String, String)>)>,
    examples: Vec<(String, String)>,
    related: Vec<String>,
}

/// Exit codes, the same for every command.
const EXIT: &[(&str, &str)] = &[
    ("0", "done"),
    ("1", "failed"),
    ("2", "bad input: the request itself cannot be right"),
    ("3", "done in part"),
    ("4", "refused: by policy, or not confirmed"),
    ("5", "a place could not be reached"),
    ("130", "interrupted"),
];

const FILES: &[(&str, &str)] = &[
    ("~/.cloudmesh/cloudmesh.yaml", "places and defaults; CLOUDMESH_HOME names another folder"),
    ("~/.cloudmesh/store.sqlite", "what is known of places, plans, the log"),
    ("~/.cloudmesh/history", "lines typed in the shell"),
];

impl Page {
    /// The page of a command that clap has built; `path` are the words that lead to it.
    pub(crate) fn of(path: &[String], command: &Command) -> Self {
        let mut name = "cm".to_owned();
        for word in path {
            name.push('-');
            name.push_str(word);
        }
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let long = command.get_long_about().map(ToString::to_string).unwrap_or_else(|| about.clone());
        let mut shown = command.clone().bin_name(
            std::iter::once("cm").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(" "),
        );
        let usage = shown.render_usage().to_string();
        let mut sections: Vec<(String, Vec<(String, String)>)> = Vec::new();
        let mut add = |heading: &str, term: String, text: String| match sections
            .iter_mut()
            .find(|(known, _)| known == heading)
        {
            Some((_, terms)) => terms.push((term, text)),
            None => sections.push((heading.to_owned(), vec![(term, text)])),
        };
        for inner in command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help") {
            let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
            add("COMMANDS", inner.get_name().to_owned(), about);
        }
        for argument in command.get_arguments().filter(|it| !it.is_hide_set()) {
            let help =
                argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
            let value = argument.get_action().takes_values().then(|| {
                let names = argument.get_value_names().map(|names| names.join(" "));
                names.unwrap_or_else(|| argument.get_id().as_str().to_uppercase())
            });
            if argument.is_positional() {
                add("ARGUMENTS", value.unwrap_or_default(), help);
                continue;
            }
            let mut term: Vec<String> = Vec::new();
            term.extend(argument.get_short().map(|short| format!("-{short}")));
            term.extend(argument.get_long().map(|long| match &value {
                Some(value) => format!("--{long}={value}"),
                None => format!("--{long}"),
            }));
            let heading = argument.get_help_heading().map_or("OPTIONS".to_owned(), str::to_uppercase);
            add(&heading, term.join(", "), help);
        }
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let mut examples = Vec::new();
        let mut said = String::new();
        for line in after.lines().filter(|line| line.starts_with("  ")) {
            match line.strip_prefix("    ") {
                Some(example) => examples.push((std::mem::take(&mut said), example.to_owned())),
                None => line.trim().trim_end_matches(':').clone_into(&mut said),
            }
        }
        let mut related: Vec<String> = Vec::new();
        for length in 0..path.len() {
            related.push(
                std::iter::once("cm")
                    .chain(path[..length].iter().map(String::as_str))
                    .collect::<Vec<_>>()
                    .join("-"),
            );
        }
        Self {
            name,
            about: about.trim_end_matches('.').to_owned(),
            synopsis: usage.trim_start_matches("Usage: ").trim().to_owned(),
            description: long
                .split("\n\n")
                .map(|part| part.lines().map(str::trim).collect::<Vec<_>>().join(" "))
                .collect(),
            sections,
            examples,
            related,
        }
    }

    fn every_section(&self) -> impl Iterator<Item = (&str, Vec<(&str, &str)>)> {
        let own = self.sections.iter().map(|(heading, terms)| {
            (heading.as_str(), terms.iter().map(|(term, text)| (term.as_str(), text.as_str())).collect())
        });
        own.chain([("EXIT STATUS", EXIT.to_vec()), ("FILES", FILES.to_vec())])
    }

    /// The page as text of at most `width` columns.
    pub(crate) fn text(&self, width: usize, bold: bool) -> String {
        let width = width.clamp(30, 100);
        let strong = |text: &str| if bold { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() };
        let mut out = String::new();
        let _ = writeln!(out, "{}\n    {} - {}\n", strong("NAME"), self.name, self.about);
        let _ = writeln!(out, "{}\n    {}\n", strong("SYNOPSIS"), strong(&self.synopsis));
        let _ = writeln!(out, "{}", strong("DESCRIPTION"));
        for paragraph in &self.description {
            wrap(paragraph, 4, width, &mut out);
            out.push('\n');
        }
        for (heading, terms) in self.every_section() {
            let _ = writeln!(out, "{}", strong(heading));
            for (term, text) in terms {
                let _ = writeln!(out, "    {}", strong(term));
                wrap(text, 8, width, &mut out);
            }
            out.push('\n');
        }
        if !self.examples.is_empty() {
            let _ = writeln!(out, "{}", strong("EXAMPLES"));
            for (about, command) in &self.examples {
                let _ = writeln!(out, "    {about}:\n        {command}");
            }
            out.push('\n');
        }
        if !self.related.is_empty() {
            let _ = writeln!(out, "{}\n    {}", strong("SEE ALSO"), self.related.join(", "));
        }
        out
    }

    /// The page in the language of `man` (the macros of man(7)).
    pub(crate) fn troff(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let mut out = String::new();
        let _ = writeln!(
            out,
            ".TH \"{}\" \"1\" \"\" \"Cloudmesh {version}\" \"Cloudmesh\"\n.SH NAME\n{} \\- {}",
            escaped(&self.name.to_uppercase()),
            escaped(&self.name),
            escaped(&self.about)
        );
        let _ = writeln!(out, ".SH SYNOPSIS\n.B {}\n.SH DESCRIPTION", escaped(&self.synopsis));
        for (number, paragraph) in self.description.iter().enumerate() {
            let _ = writeln!(out, "{}{}", if number > 0 { ".PP\n" } else { "" }, escaped(paragraph));
        }
        for (heading, terms) in self.every_section() {
            let _ = writeln!(out, ".SH \"{}\"", escaped(heading));
            for (term, text) in terms {
                let _ = writeln!(out, ".TP\n.B \"{}\"\n{}", escaped(term), escaped(text));
            }
        }
        if !self.examples.is_empty() {
            let _ = writeln!(out, ".SH EXAMPLES");
            for (about, command) in &self.examples {
                let _ = writeln!(out, ".TP\n{}:\n.B \"{}\"", escaped(about), escaped(command));
            }
        }
        if !self.related.is_empty() {
            let all: Vec<String> =
                self.related.iter().map(|name| format!("\\fB{}\\fR(1)", escaped(name))).collect();
            let _ = writeln!(out, ".SH \"SEE ALSO\"\n{}", all.join(", "));
        }
        out
    }

    /// The file that it is kept in.
    pub(crate) fn file(&self) -> String {
        format!("{}.1", self.name)
    }
}

/// Text that troff shows as it is.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        if line.starts_with(['.', '\'']) {
            out.push_str("\\&");
        }
        for character in line.chars() {
            match character {
                '\\' => out.push_str("\\e"),
                '-' => out.push_str("\\-"),
                '"' => out.push_str("\\(dq"),
                _ => out.push(character),
            }
        }
    }
    out
}

fn wrap(text: &str, indent: usize, width: usize, out: &mut String) {
    use unicode_width::UnicodeWidthStr;
    for line in text.lines() {
        let mut at = 0;
        for word in line.split_whitespace() {
            let needed = word.width();
            if at > 0 && at + 1 + needed > width {
                out.push('\n');
                at = 0;
            }
            if at == 0 {
                out.push_str(&" ".repeat(indent));
                at = indent;
            } else {
                out.push(' ');
                at += 1;
            }
            out.push_str(word);
            at += needed;
        }
        if at > 0 {
            out.push('\n');
        }
    }
}

/// Every page: of the program, its nouns, their verbs.
pub(crate) fn all(root: &Command) -> Vec<Page> {
    fn below(path: &[String], command: &Command, pages: &mut Vec<Page>) {
        pages.push(Page::of(path, command));
        for inner in command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help") {
            let mut path = path.to_vec();
            path.push(inner.get_name().to_owned());
            let mut inner = inner.clone();
            inner.build();
            below(&path, &inner, pages);
        }
    }
    let mut pages = Vec::new();
    below(&[], root, &mut pages);
    pages
}

/// The command that words lead to, built.
pub(crate) fn find(root: &Command, words: &[String]) -> Option<Command> {
    let mut command = root.clone();
    for word in words {
        let mut inner = command.find_subcommand(word)?.clone();
        inner.build();
        command = inner;
    }
    Some(command)
}
