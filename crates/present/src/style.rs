//! What a stream can show, decided from values of the environment that are passed in.

/// The values of the environment that decide a [`Style`]; `None` where a variable is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `NO_COLOR`: colour is off if it is set and not empty.
    pub no_color: Option<String>,
    /// `CLICOLOR`: `0` turns colour off.
    pub clicolor: Option<String>,
    /// `CLICOLOR_FORCE`: anything but `0` or nothing turns colour on, even into a pipe.
    pub clicolor_force: Option<String>,
    /// `TERM`: `dumb` means no colour, no moving cursor.
    pub term: Option<String>,
    /// `COLUMNS`: the width of a terminal, before what the terminal says itself.
    pub columns: Option<String>,
    /// The width that the terminal says it has.
    pub measured_width: Option<usize>,
}

impl Environment {
    /// The environment as `lookup` tells it: `|name| std::env::var(name).ok()`.
    pub fn read(lookup: impl Fn(&str) -> Option<String>, measured_width: Option<usize>) -> Self {
        Self {
            no_color: lookup("NO_COLOR"),
            clicolor: lookup("CLICOLOR"),
            clicolor_force: lookup("CLICOLOR_FORCE"),
            term: lookup("TERM"),
            columns: lookup("COLUMNS"),
            measured_width,
        }
    }
}

/// How one stream is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colours may be used.
    pub color: bool,
    /// Lines longer than this are made to fit; `None` where nothing may be cut.
    pub width: Option<usize>,
    /// Only plain characters, no moving of the cursor.
    pub plain: bool,
    /// A person reads it.
    pub terminal: bool,
}

impl Style {
    /// The style of a stream, from the environment and from whether the stream is a terminal.
    #[must_use]
    pub fn resolve(environment: &Environment, terminal: bool) -> Self {
        let set = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.is_empty());
        let forced = set(&environment.clicolor_force) && environment.clicolor_force.as_deref() != Some("0");
        let dumb = environment.term.as_deref() == Some("dumb");
        let refused = set(&environment.no_color);
        let color =
            !refused && (forced || (terminal && !dumb && environment.clicolor.as_deref() != Some("0")));
        let columns = environment.columns.as_deref().and_then(|text| text.trim().parse::<usize>().ok());
        let width =
            columns.filter(|width| *width > 0).or(environment.measured_width.filter(|width| *width > 0));
        Self { color, width: width.filter(|_| terminal), plain: dumb, terminal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl Fn(&mut Environment)) -> Environment {
        let mut environment = Environment { measured_width: Some(120), ..Environment::default() };
        change(&mut environment);
        environment
    }

    #[test]
    fn a_terminal_gets_colour_and_a_pipe_does_not() {
        let environment = with(|_| {});
        assert_eq!(
            Style::resolve(&environment, true),
            Style { color: true, width: Some(120), plain: false, terminal: true }
        );
        assert_eq!(Style::resolve(&environment, false), Style::default());
    }

    #[test]
    fn colour_is_refused_and_forced_as_the_conventions_say() {
        let color = |change: fn(&mut Environment), terminal| Style::resolve(&with(change), terminal).color;
        assert!(!color(|it| it.no_color = Some("1".into()), true));
        assert!(color(|it| it.no_color = Some(String::new()), true));
        assert!(!color(|it| it.clicolor = Some("0".into()), true));
        assert!(color(|it| it.clicolor_force = Some("1".into()), false));
        assert!(!color(|it| it.clicolor_force = Some("0".into()), false));
        assert!(!color(|it| it.term = Some("dumb".into()), true));
        assert!(!color(
            |it| {
                it.no_color = Some("1".into());
                it.clicolor_force = Some("1".into());
            },
            true
        ));
    }

    #[test]
    fn columns_overrides_the_terminal_but_never_cuts_a_pipe() {
        let environment = with(|it| it.columns = Some("40".into()));
        assert_eq!(Style::resolve(&environment, true).width, Some(40));
        assert_eq!(Style::resolve(&environment, false).width, None);
        assert_eq!(Style::resolve(&with(|it| it.columns = Some("wide".into())), true).width, Some(120));
        assert_eq!(Style::resolve(&with(|it| it.columns = Some("0".into())), true).width, Some(120));
    }

    #[test]
    fn a_dumb_terminal_is_plain() {
        let style = Style::resolve(&with(|it| it.term = Some("dumb".into())), true);
        assert!(style.plain && style.terminal && !style.color);
    }
}
