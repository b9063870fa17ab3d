//! The line editor: its keys, menu, colours, hints and prompt.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use nu_ansi_term::{Color, Style as Paint};
use reedline::{
    ColumnarMenu, Completer, CompletionResult, Emacs, FileBackedHistory, Highlighter, Hinter, History,
    HistoryItem, HistoryItemId, HistorySessionId, KeyCode, KeyModifiers, Keybindings, MenuBuilder, Prompt,
    PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus, Reedline, ReedlineEvent, ReedlineMenu,
    SearchQuery, Span, StyledText, Suggestion, ValidationResult, Validator, default_emacs_keybindings,
};
use unicode_width::UnicodeWidthStr;

use crate::completion::Completion;
use crate::lexer;

/// What several parts of the editor ask.
pub(crate) type Shared = Arc<Mutex<Completion>>;

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Completion> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The line that asks for help on what is typed so far.
pub(crate) const HELP: &str = "\u{1}help";

const MENU: &str = "completion";

/// An editor with all of it.
pub(crate) fn editor(
    shared: &Shared,
    history: Box<dyn History>,
    words: HashSet<String>,
    (color, plain): (bool, bool),
    printer: reedline::ExternalPrinter<String>,
) -> Reedline {
    let paint = |style: Paint| if color { style } else { Paint::new() };
    let menu = ColumnarMenu::default()
        .with_name(MENU)
        .with_marker(sign(plain))
        .with_columns(4)
        .with_column_padding(2)
        .with_text_style(paint(Paint::new()))
        .with_description_text_style(paint(Paint::new().dimmed()))
        .with_match_text_style(paint(Paint::new().bold()))
        .with_selected_text_style(if color {
            Paint::new().on(Color::Cyan).fg(Color::Black)
        } else {
            Paint::new().reverse()
        })
        .with_selected_match_text_style(if color {
            Paint::new().on(Color::Cyan).fg(Color::Black).bold()
        } else {
            Paint::new().reverse()
        });
    Reedline::create()
        .with_history(history)
        .with_completer(Box::new(Suggesting(shared.clone())))
        .with_partial_completions(true)
        .with_quick_completions(true)
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_hinter(Box::new(Hinting { shared: shared.clone(), color, hint: String::new(), whole: false }))
        .with_highlighter(Box::new(Coloring { words, color }))
        .with_validator(Box::new(Joining))
        .with_edit_mode(Box::new(Emacs::new(keys())))
        .with_ansi_colors(color)
        .use_bracketed_paste(true)
        .with_external_printer(printer)
        .with_poll_interval(std::time::Duration::from_millis(100))
}

fn keys() -> Keybindings {
    let mut keys = default_emacs_keybindings();
    let next = vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext];
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, ReedlineEvent::UntilFound(next));
    keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
    let help = || ReedlineEvent::ExecuteHostCommand(HELP.to_owned());
    keys.add_binding(KeyModifiers::NONE, KeyCode::F(1), help());
    keys.add_binding(KeyModifiers::ALT, KeyCode::Char('h'), help());
    // What is typed ahead while a command runs has line feeds for the return key.
    keys.add_binding(KeyModifiers::CONTROL, KeyCode::Char('j'), ReedlineEvent::Enter);
    keys
}

struct Suggesting(Shared);

impl Completer for Suggesting {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let answer = lock(&self.0).suggest(line.get(..pos).unwrap_or(line));
        let all: Vec<Suggestion> = answer
            .candidates
            .into_iter()
            .map(|candidate| Suggestion {
                append_whitespace: candidate.whole,
                description: (!candidate.about.is_empty()).then_some(candidate.about),
                span: Span::new(answer.start.min(pos), pos),
                value: candidate.value,
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(all)
    }
}

/// What could follow, in grey: the rest of a line typed before, else what the command takes.
struct Hinting {
    shared: Shared,
    color: bool,
    hint: String,
    /// It is text to take over, not a description.
    whole: bool,
}

impl Hinter for Hinting {
    fn handle(&mut self, line: &str, pos: usize, history: &dyn History, _: bool, _: &str) -> String {
        (self.hint, self.whole) = (String::new(), false);
        if line.is_empty() || pos < line.len() || line.contains('\n') {
            return String::new();
        }
        let query = SearchQuery::last_with_prefix(line.to_owned(), history.session());
        let found = history.search(query).ok().and_then(|found| found.into_iter().next());
        if let Some(rest) = found.as_ref().and_then(|entry| entry.command_line.get(line.len()..))
            && !rest.is_empty()
            && !rest.contains('\n')
        {
            (self.hint, self.whole) = (rest.to_owned(), true);
        } else if line.ends_with(' ') {
            self.hint =
                lock(&self.shared).command_of(line.trim_end()).map(|it| takes(&it)).unwrap_or_default();
        }
        if self.color && !self.hint.is_empty() {
            Paint::new().dimmed().paint(&self.hint).to_string()
        } else if self.whole || self.color {
            self.hint.clone()
        } else {
            // Without colour nobody could tell it from what is typed.
            String::new()
        }
    }

    fn complete_hint(&self) -> String {
        if self.whole { self.hint.clone() } else { String::new() }
    }

    fn next_hint_token(&self) -> String {
        if !self.whole {
            return String::new();
        }
        let rest = self.hint.trim_start();
        let before = self.hint.len() - rest.len();
        let end = rest.find(' ').map_or(rest.len(), |at| at + 1);
        self.hint[..before + end].to_owned()
    }
}

/// What a command takes: its values, then that there are options.
fn takes(command: &clap::Command) -> String {
    if command.get_subcommands().next().is_some() {
        return String::new();
    }
    let mut parts: Vec<String> = Vec::new();
    for argument in command.get_positionals() {
        let name = argument.get_value_names().and_then(|names| names.first());
        let name = name.map_or_else(|| argument.get_id().as_str().to_uppercase(), ToString::to_string);
        parts.push(if argument.is_required_set() { name } else { format!("[{name}]") });
    }
    parts.push("[--…]".to_owned());
    parts.join(" ")
}

/// Commands that are there in green, those that are not in red; options, texts, variables, comments.
struct Coloring {
    words: HashSet<String>,
    color: bool,
}

impl Highlighter for Coloring {
    fn highlight(&self, line: &str, _: usize) -> StyledText {
        let mut text = StyledText::new();
        if !self.color || line.len() > 4096 {
            text.push((Paint::new(), line.to_owned()));
            return text;
        }
        let mut first = true;
        let mut quote: Option<char> = None;
        let mut begin = 0;
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        for (at, character) in line.char_indices() {
            match quote {
                Some(open) if open == character => quote = None,
                Some(_) => {}
                None if character == '\'' || character == '"' => quote = Some(character),
                None if character.is_whitespace() => {
                    pieces.push((begin, at));
                    begin = at + character.len_utf8();
                    pieces.push((at, begin));
                }
                None => {}
            }
        }
        pieces.push((begin, line.len()));
        for (from, to) in pieces.into_iter().filter(|(from, to)| from < to) {
            let piece = &line[from..to];
            if piece.trim().is_empty() {
                text.push((Paint::new(), piece.to_owned()));
                continue;
            }
            if piece.starts_with('#') || piece.starts_with("//") || piece.starts_with("/*") {
                text.push((Paint::new().dimmed(), line[from..].to_owned()));
                break;
            }
            let paint = if first && piece.starts_with('!') {
                Paint::new().fg(Color::Purple)
            } else if first {
                let complete = self.words.contains(piece);
                let may_become = self.words.iter().any(|word| word.starts_with(piece));
                match (complete, may_become) {
                    (true, _) => Paint::new().fg(Color::Green).bold(),
                    (false, true) => Paint::new(),
                    (false, false) => Paint::new().fg(Color::Red),
                }
            } else if piece.starts_with(['\'', '"']) {
                Paint::new().fg(Color::Yellow)
            } else if piece.contains('$') {
                Paint::new().fg(Color::Purple)
            } else if piece.starts_with('-') {
                Paint::new().fg(Color::Cyan)
            } else {
                Paint::new()
            };
            first = matches!(piece, ";" | "&&" | "||");
            text.push((paint, piece.to_owned()));
        }
        text
    }
}

/// A line that ends in a backslash is not over.
struct Joining;

impl Validator for Joining {
    fn validate(&self, line: &str) -> ValidationResult {
        let last = line.lines().last().unwrap_or_default();
        let backslashes = last.len() - last.trim_end_matches('\\').len();
        if backslashes % 2 == 1 { ValidationResult::Incomplete } else { ValidationResult::Complete }
    }
}

fn sign(plain: bool) -> &'static str {
    if plain { " > " } else { " ❯ " }
}

/// The text before a line.
pub(crate) struct Line {
    /// The default cloud, if there is one.
    pub(crate) cloud: Option<String>,
    /// How many commands run in the background.
    pub(crate) running: Box<dyn Fn() -> usize + Send>,
    /// The last command failed.
    pub(crate) failed: bool,
    /// Colours may be used.
    pub(crate) color: bool,
    /// Only plain characters.
    pub(crate) plain: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
}

impl Prompt for Line {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        let paint = |style: Paint, text: &str| {
            if self.color { style.paint(text).to_string() } else { text.to_owned() }
        };
        let mut text = paint(Paint::new().bold(), "cm");
        if let Some(cloud) = &self.cloud {
            let room = self.width / 3;
            let shown: String =
                if cloud.width() > room { cloud.chars().take(room).collect() } else { cloud.clone() };
            text.push(' ');
            text.push_str(&paint(Paint::new().fg(Color::Cyan), &shown));
        }
        let running = (self.running)();
        if running > 0 {
            text.push(' ');
            text.push_str(&paint(Paint::new().fg(Color::Yellow), &format!("({running} running)")));
        }
        Cow::Owned(text)
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        let sign = sign(self.plain);
        if !self.color {
            return Cow::Borrowed(sign);
        }
        let color = if self.failed { Color::Red } else { Color::Green };
        Cow::Owned(Paint::new().fg(color).bold().paint(sign).to_string())
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("   ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let failing = matches!(search.status, PromptHistorySearchStatus::Failing);
        let how = if failing { "nothing typed before has" } else { "typed before" };
        Cow::Owned(format!(" {how} `{}`: ", search.term))
    }

    fn get_prompt_color(&self) -> Color {
        Color::Default
    }

    fn get_indicator_color(&self) -> Color {
        Color::Default
    }
}

/// A history that keeps no secrets: a line that gives one is not written.
pub(crate) struct Discreet {
    inner: FileBackedHistory,
    /// Names of settings that are secret.
    secrets: Vec<String>,
}

impl Discreet {
    pub(crate) fn new(inner: FileBackedHistory, secrets: Vec<String>) -> Self {
        Self { inner, secrets }
    }
}

/// Whether a line gives one of the secret settings.
fn tells(line: &str, secrets: &[String]) -> bool {
    let line = line.to_ascii_lowercase();
    let given = |name: &str| {
        line.match_indices(name).any(|(at, _)| line[at + name.len()..].trim_start().starts_with('='))
    };
    secrets.iter().any(|secret| given(&secret.to_ascii_lowercase()))
        || ["password", "secret_key", "secret-key", "apikey", "api_key", "token"]
            .iter()
            .any(|name| given(name))
}

impl History for Discreet {
    fn save(&mut self, item: HistoryItem) -> reedline::Result<HistoryItem> {
        let line = &item.command_line;
        if line.len() > lexer::LONGEST / 16 || tells(line, &self.secrets) || line.starts_with(' ') {
            return Ok(item);
        }
        self.inner.save(item)
    }

    fn load(&self, id: HistoryItemId) -> reedline::Result<HistoryItem> {
        self.inner.load(id)
    }

    fn count(&self, query: SearchQuery) -> reedline::Result<i64> {
        self.inner.count(query)
    }

    fn search(&self, query: SearchQuery) -> reedline::Result<Vec<HistoryItem>> {
        self.inner.search(query)
    }

    fn update(
        &mut self,
        id: HistoryItemId,
        updater: &dyn Fn(HistoryItem) -> HistoryItem,
    ) -> reedline::Result<()> {
        self.inner.update(id, updater)
    }

    fn clear(&mut self) -> reedline::Result<()> {
        self.inner.clear()
    }

    fn delete(&mut self, id: HistoryItemId) -> reedline::Result<()> {
        self.inner.delete(id)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.inner.sync()
    }

    fn session(&self) -> Option<HistorySessionId> {
        self.inner.session()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_secrets_are_not_remembered() {
        let secrets = vec!["OS_PASSWORD".to_owned()];
        assert!(tells("register cloud kilo OS_PASSWORD=hidden", &secrets));
        assert!(tells("register cloud kilo os_password = x", &[]));
        assert!(!tells("help password", &secrets));
        assert!(!tells("vm list", &secrets));
    }
}
