//! What an operation hands to this door, with an end to how much of it is taken.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use cloudmesh_client::{Attachment, Door, Freshness, Layout, PlanEvent, PlanOutcome, Rows};
use cloudmesh_model::{Error, ErrorKind, Noun, Result, Row};
use cloudmesh_present::{Format, TextDoor, TextOptions};
use cloudmesh_resource::Plan;
use serde_json::{Value, json};

/// How far a plan has come: steps done, steps in all, what happens.
pub(crate) type Tell = Box<dyn Fn(usize, usize, String) + Send>;

/// Text that is written here, shared with the door that writes it.
#[derive(Clone, Default)]
struct Sheet(Arc<Mutex<Vec<u8>>>);

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A door that gathers the very JSON that the prompt writes.
pub(crate) struct Answer {
    text: TextDoor,
    sheet: Sheet,
    rows: usize,
    taken: usize,
    given: usize,
    streamed: bool,
    tail: Vec<u8>,
    bytes: usize,
    seen: usize,
    done: usize,
    steps: usize,
    tell: Option<Tell>,
}

impl Answer {
    /// Takes `rows` rows and the last `bytes` bytes.
    pub(crate) fn new(columns: Vec<String>, sort: Option<String>, rows: usize, bytes: usize) -> Self {
        let sheet = Sheet::default();
        let options =
            TextOptions { format: Format::Json, columns, sort, quiet: true, ..TextOptions::default() };
        let text = TextDoor::new(Box::new(sheet.clone()), Box::new(std::io::sink()), options);
        Self {
            text,
            sheet,
            rows,
            taken: 0,
            given: 0,
            streamed: false,
            tail: Vec::new(),
            bytes,
            seen: 0,
            done: 0,
            steps: 0,
            tell: None,
        }
    }

    /// Says how far a plan has come.
    pub(crate) fn tell(&mut self, tell: Tell) {
        self.tell = Some(tell);
    }

    /// The document; `None` if nothing was answered.
    pub(crate) fn finish(mut self, error: Option<&Error>) -> Result<Option<Value>> {
        match error {
            Some(error) => self.text.fail(error),
            None => self.text.finish()?,
        }
        if self.streamed {
            let text = String::from_utf8_lossy(&self.tail);
            return Ok(Some(json!({
                "schema": "cloudmesh.stream.v1",
                "text": text,
                "bytes": self.seen,
                "left_out": self.seen - self.tail.len(),
            })));
        }
        let text = self.sheet.0.lock().unwrap_or_else(PoisonError::into_inner);
        if text.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|fault| Error::internal(format!("an answer is not JSON: {fault}")))
    }
}

impl Rows for Answer {
    fn rows(&mut self, mut rows: Vec<Row>) {
        self.given += rows.len();
        rows.truncate(self.rows - self.taken);
        self.taken += rows.len();
        self.text.rows(rows);
    }
}

impl Door for Answer {
    fn begin(&mut self, noun: &'static Noun, layout: Layout) {
        self.text.begin(noun, layout);
    }

    fn end(&mut self, freshness: &Freshness) {
        if self.given == self.taken {
            return self.text.end(freshness);
        }
        let said = format!(
            "only {} of {} rows are here; ask for fewer: name them, or one place",
            self.taken, self.given
        );
        let note = freshness.note.as_ref().map_or_else(|| said.clone(), |note| format!("{note}; {said}"));
        self.text.end(&Freshness { places: freshness.places.clone(), note: Some(note) });
    }

    fn plan(&mut self, plan: &Plan, saved: bool) {
        self.text.plan(plan, saved);
    }

    fn event(&mut self, event: &PlanEvent<'_>) {
        self.text.event(event);
        let said = match *event {
            PlanEvent::Begun { plan, done } => {
                (self.done, self.steps) = (done, plan.steps.len());
                plan.title.clone()
            }
            PlanEvent::Done { step, .. } => {
                self.done += 1;
                format!("{} {}", step.verb(), step.label)
            }
            _ => return,
        };
        if let Some(tell) = &self.tell {
            tell(self.done, self.steps, said);
        }
    }

    fn outcome(&mut self, plan: &Plan, outcome: &PlanOutcome) {
        self.text.outcome(plan, outcome);
    }

    fn settled(&mut self, message: &str) {
        self.text.settled(message);
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.streamed = true;
        self.seen += bytes.len();
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > self.bytes {
            self.tail.drain(..self.tail.len() - self.bytes);
        }
        Ok(())
    }

    fn attach(&mut self, attachment: Attachment) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, format!("{} needs a terminal", attachment.about)))
    }
}
