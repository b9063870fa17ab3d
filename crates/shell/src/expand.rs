//! Variables in words: `$name`, `$default.image`, `$cloudmesh.profile.user`, `$1`.

use cloudmesh_client::engine::Interrupts;
use cloudmesh_client::settings::{self, GENERAL, VARIABLE, Variable};
use cloudmesh_client::{Mesh, configuration, records};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::{Context, runtime};

use crate::lexer::{Piece, Word};
use crate::shell::Shell;

/// Looks variables up; the store is opened at the first one that needs it.
pub(crate) struct Values<'a> {
    context: &'a Context<'a>,
    shell: &'a Shell,
    opened: Option<(Mesh, tokio::runtime::Runtime)>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(context: &'a Context<'a>) -> Result<Self> {
        Ok(Self { context, shell: Shell::of(context)?, opened: None })
    }

    /// The words that the user meant. An unquoted value with spaces becomes several words, except after
    /// `=`: `--name=$x` stays one.
    ///
    /// # Errors
    /// A variable that is not there.
    pub(crate) fn expand(&mut self, words: &[Word]) -> Result<Vec<String>> {
        let mut expanded = Vec::with_capacity(words.len());
        for word in words {
            self.word(word, &mut expanded)?;
        }
        Ok(expanded)
    }

    fn word(&mut self, word: &Word, into: &mut Vec<String>) -> Result<()> {
        let mut current = String::new();
        // A word that is made of nothing but empty values is no word; '' is one.
        let mut there = word.is_empty();
        for piece in word {
            match piece {
                Piece::Text(text) => {
                    current.push_str(text);
                    there = true;
                }
                Piece::Variable { name, quoted } if name == "@" || name == "*" && !quoted => {
                    let arguments = self.arguments();
                    for (number, argument) in arguments.iter().enumerate() {
                        if number > 0 {
                            into.push(std::mem::take(&mut current));
                        }
                        current.push_str(argument);
                        there = true;
                    }
                }
                Piece::Variable { name, quoted } => {
                    let value = self.value(name)?;
                    if *quoted || current.contains('=') {
                        current.push_str(&value);
                        there = true;
                        continue;
                    }
                    for (number, part) in value.split_whitespace().enumerate() {
                        if number > 0 {
                            into.push(std::mem::take(&mut current));
                        }
                        current.push_str(part);
                        there = true;
                    }
                }
            }
        }
        if there {
            into.push(current);
        }
        Ok(())
    }

    fn arguments(&self) -> Vec<String> {
        self.shell.frames.borrow().last().map(|frame| frame.arguments.clone()).unwrap_or_default()
    }

    fn value(&mut self, name: &str) -> Result<String> {
        match name {
            "?" => return Ok(self.shell.last.get().to_string()),
            "#" => return Ok(self.arguments().len().to_string()),
            "*" => return Ok(self.arguments().join(" ")),
            "0" => {
                let name = self.shell.frames.borrow().last().map(|frame| frame.name.clone());
                return Ok(name.unwrap_or_else(|| "cm".to_owned()));
            }
            _ => {}
        }
        if let Ok(number) = name.parse::<usize>() {
            let arguments = self.arguments();
            return arguments.get(number - 1).cloned().ok_or_else(|| {
                let given = arguments.len();
                Error::new(ErrorKind::NotFound, format!("there is no argument ${number}; {given} were given"))
                    .hint("arguments follow the name of the script: cm FILE.cm ARGUMENTS")
            });
        }
        if self.opened.is_none() {
            self.opened = Some((self.context.mesh(Interrupts::never())?, runtime()?));
        }
        let Some((mesh, runtime)) = &self.opened else {
            return Err(Error::internal("the store was opened and is not there"));
        };
        match runtime.block_on(look_up(mesh, name))? {
            Some(value) => Ok(value),
            None => self.context.surroundings.variables.get(name).cloned().ok_or_else(|| {
                let name = printable(name);
                Error::new(ErrorKind::NotFound, format!("no variable is called {name}"))
                    .hint(format!("set it: var {name}=VALUE; or quote it: '${name}'"))
            }),
        }
    }
}

/// The value that is kept under `name`; `None` for a plain name that is not there.
///
/// # Errors
/// When a default or setting is not there, or the store cannot be read.
pub(crate) async fn look_up(mesh: &Mesh, name: &str) -> Result<Option<String>> {
    if let Some(key) = name.strip_prefix("default.") {
        let place = match settings::default(mesh, GENERAL, "cloud").await? {
            Some(cloud) if key != "cloud" => cloud,
            _ => GENERAL.to_owned(),
        };
        let filled = settings::fill(mesh, &place, key).await?;
        return filled.map(|filled| Some(filled.value)).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no default {}", printable(key)))
                .hint(format!("set it: default {}=VALUE", printable(key)))
        });
    }
    if name.starts_with("cloudmesh.") {
        return configuration::value_at(&mesh.home().configuration(), name).map(Some);
    }
    match mesh.store()?.get(VARIABLE.name, name).await? {
        Some(stored) => Ok(Some(records::from_body::<Variable>(&stored.document)?.value)),
        None => Ok(None),
    }
}

/// Texts for the system's shell with our variables in them: `$name` becomes a variable of its environment,
/// so that quoting there works as it always does.
pub(crate) fn for_system(context: &Context<'_>, text: &str) -> Result<(String, Vec<(String, String)>)> {
    if !text.contains('$') {
        return Ok((text.to_owned(), Vec::new()));
    }
    let mut values = Values::new(context)?;
    let mut changed = String::new();
    let mut variables = Vec::new();
    let mut rest = text;
    let (mut single, mut double) = (false, false);
    while let Some(at) = rest.find(['$', '\'', '"', '\\']) {
        let character = rest.as_bytes()[at];
        changed.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        match character {
            b'\'' if !double => single = !single,
            b'"' if !single => double = !double,
            b'\\' if !single => {
                let escaped = rest.chars().next().map_or(0, char::len_utf8);
                changed.push_str(&rest[..escaped]);
                rest = &rest[escaped..];
            }
            _ => {}
        }
        if character != b'$' || single {
            continue;
        }
        let plain = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let dotted = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')))
            .unwrap_or(rest.len());
        let (name, length) = match &rest[..plain] {
            "default" | "cloudmesh" if rest[plain..].starts_with('.') => {
                (rest[..dotted].trim_end_matches('.'), dotted)
            }
            "" => continue,
            name => (name, plain),
        };
        let length = length.min(name.len());
        if name.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) && values.arguments().is_empty() {
            continue;
        }
        let known = context.surroundings.variables.contains_key(name) && values.stored(name)?.is_none();
        let value = if known { None } else { values.value(name).ok() };
        if let Some(value) = value {
            let safe: String =
                name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            let variable = format!("CM_{safe}");
            changed.push_str(&format!("{{{variable}}}"));
            variables.push((variable, value));
        } else {
            changed.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    changed.push_str(rest);
    Ok((changed, variables))
}

impl Values<'_> {
    fn stored(&mut self, name: &str) -> Result<Option<String>> {
        if self.opened.is_none() {
            self.opened = Some((self.context.mesh(Interrupts::never())?, runtime()?));
        }
        match &self.opened {
            Some((mesh, runtime)) => runtime.block_on(look_up(mesh, name)),
            None => Ok(None),
        }
    }
}
