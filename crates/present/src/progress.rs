//! Progress of a running plan: a bar on a terminal, nothing into a pipe, plain lines when asked for.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudmesh_client::PlanEvent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle, TermLike};

use crate::plan_text::step_words;
use crate::{Style, failure, text};

/// Standard error, shared between the door and the thread that keeps the bar moving.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Box<dyn Write + Send>>>);

impl Shared {
    pub(crate) fn new(writer: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Mutex::new(writer)))
    }

    /// Writes and flushes. What cannot be written to standard error is lost: there is nobody to tell.
    pub(crate) fn write(&self, text: &str) {
        let _ = self.all(text);
    }

    fn all(&self, text: &str) -> io::Result<()> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(text.as_bytes())?;
        writer.flush()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared")
    }
}

/// A terminal behind a writer.
#[derive(Debug)]
struct Terminal {
    writer: Shared,
    width: u16,
    pending: Mutex<String>,
}

impl Terminal {
    fn put(&self, text: &str) -> io::Result<()> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        Ok(())
    }

    fn move_by(&self, count: usize, direction: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.put(&format!("\u{1b}[{count}{direction}")) }
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.width
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.move_by(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.move_by(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.move_by(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.move_by(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(text)?;
        self.put("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let text = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.writer.all(&text)
    }
}

/// Lines below the bar.
const LATEST: usize = 4;
/// Redraws a second, at most.
const REDRAWS: u8 = 15;

/// Shows what a running plan tells.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    latest: VecDeque<String>,
    width: usize,
    done: usize,
    all: usize,
}

impl Progress {
    pub(crate) fn new(all: usize, done: usize) -> Self {
        Self { bar: None, latest: VecDeque::new(), width: 80, done, all }
    }

    /// Draws a bar on a terminal that can move its cursor.
    pub(crate) fn draw(&mut self, writer: &Shared, style: Style) {
        self.width = style.width.unwrap_or(80).max(20);
        let terminal = Terminal {
            writer: writer.clone(),
            width: u16::try_from(self.width).unwrap_or(u16::MAX),
            pending: Mutex::default(),
        };
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal), REDRAWS);
        let bar = ProgressBar::with_draw_target(Some(self.all as u64), target)
            .with_position(self.done as u64)
            .with_finish(ProgressFinish::AndClear);
        let room = self.width.saturating_sub(24).clamp(5, 30);
        if let Ok(look) =
            ProgressStyle::with_template(&format!("{{bar:{room}}} {{pos}}/{{len}} {{elapsed}}{{msg}}"))
        {
            bar.set_style(look.progress_chars("##-"));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        self.bar = Some(bar);
    }

    /// Takes an event. Gives the plain line for it.
    pub(crate) fn event(&mut self, event: &PlanEvent<'_>) -> String {
        let line = self.line(event);
        if let PlanEvent::Done { .. } = event {
            self.done += 1;
        }
        if let Some(bar) = &self.bar {
            if self.latest.len() == LATEST {
                self.latest.pop_front();
            }
            let mut shown = String::from("\n");
            text::push_cut(&line, self.width - 1, "…", &mut shown);
            self.latest.push_back(shown);
            bar.set_position(self.done as u64);
            bar.set_message(self.latest.iter().map(String::as_str).collect::<String>());
        }
        line
    }

    fn line(&self, event: &PlanEvent<'_>) -> String {
        let (step, what, error) = match *event {
            PlanEvent::Begun { plan, done: 0 } => return text::clean(&plan.title),
            PlanEvent::Begun { plan, done } => {
                return format!(
                    "{}: going on, {done} of {} steps are done",
                    text::clean(&plan.title),
                    self.all
                );
            }
            PlanEvent::Stopping { calls: 0 } => {
                return "stopping: no call is under way".to_owned();
            }
            PlanEvent::Stopping { calls } => {
                let calls = if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") };
                return format!("stopping: waiting for {calls} under way (again to leave at once)");
            }
            PlanEvent::Sent { step, .. } => (step, "sent", None),
            PlanEvent::Done { step, .. } => (step, "done", None),
            PlanEvent::Again { step, error, .. } => (step, "will be tried again", Some(error)),
            PlanEvent::Looking { step, .. } => (step, "fate unknown, looking for it", None),
            PlanEvent::Failed { step, error, .. } => (step, "failed", Some(error)),
        };
        let mut line = format!("{}: {}: {what}", text::clean(&step.place), step_words(step));
        if let Some(error) = error {
            line.push_str(": ");
            failure::push_message(error, None, &mut line);
        }
        line
    }

    /// Whether a bar is drawn.
    pub(crate) fn drawn(&self) -> bool {
        self.bar.is_some()
    }

    /// Takes the bar away.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.disable_steady_tick();
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
