//! The door that an operation answers to: what it hands over becomes the very JSON that the prompt writes.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use cloudmesh_client::{Attachment, Door, Freshness, Layout, PlanEvent, PlanOutcome, Rows};
use cloudmesh_model::{Error, ErrorKind, Noun, Result, Row};
use cloudmesh_present::{Format, TextDoor, TextOptions};
use cloudmesh_resource::Plan;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::page::Page;

/// A buffer that can be read while somebody else holds its writer.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Where the bytes of a stream go.
pub(crate) type Pour = Box<dyn FnMut(&[u8]) -> Result<()> + Send>;

/// What was answered, beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing yet.
    Nothing,
    /// Rows, to their end.
    Rows,
    /// A plan that was not run; whether it was kept, and its id.
    Plan { saved: bool, id: String },
    /// How a plan ended.
    Outcome,
    /// A setting was made.
    Settled,
}

/// The door of one request.
pub(crate) struct RestDoor {
    text: TextDoor,
    buffer: Buffer,
    pub(crate) ended: Ended,
    /// The part of a list that was asked for.
    page: Option<Page>,
    held: Option<(&'static Noun, Layout, Vec<Row>)>,
    /// Told the plan when its run begins.
    begun: Option<UnboundedSender<Plan>>,
    /// Where the bytes of a stream go.
    pour: Option<Pour>,
    refused: Option<Error>,
}

impl RestDoor {
    pub(crate) fn new(columns: Vec<String>, sort: Option<String>, page: Option<Page>) -> Self {
        let buffer = Buffer::default();
        // A page is cut after sorting, so it is sorted before the text is written.
        let options =
            TextOptions { format: Format::Json, columns, sort, quiet: true, ..TextOptions::default() };
        let text = TextDoor::new(Box::new(buffer.clone()), Box::new(std::io::sink()), options);
        Self { text, buffer, ended: Ended::Nothing, page, held: None, begun: None, pour: None, refused: None }
    }

    /// Tells `begun` each plan whose run begins.
    pub(crate) fn telling(mut self, begun: UnboundedSender<Plan>) -> Self {
        self.begun = Some(begun);
        self
    }

    /// Gives the bytes of a stream to `pour`.
    pub(crate) fn pouring(mut self, pour: Pour) -> Self {
        self.pour = Some(pour);
        self
    }

    /// The text, and where the next page begins.
    ///
    /// # Errors
    /// When it could not be written.
    pub(crate) fn finish(&mut self) -> Result<(Vec<u8>, Option<String>)> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        self.text.finish()?;
        let mut bytes = std::mem::take(&mut *self.buffer.0.lock().unwrap_or_else(PoisonError::into_inner));
        let next = self.page.as_ref().and_then(|page| page.next.clone());
        if let Some(next) = &next
            && bytes.ends_with(b"\n}\n")
        {
            bytes.truncate(bytes.len() - 3);
            bytes
                .extend_from_slice(format!(",\n  \"next\": {}\n}}\n", Value::from(next.as_str())).as_bytes());
        }
        Ok((bytes, next))
    }
}

impl Rows for RestDoor {
    fn rows(&mut self, rows: Vec<Row>) {
        match &mut self.held {
            Some((_, _, held)) => held.extend(rows),
            None => self.text.rows(rows),
        }
    }
}

impl Door for RestDoor {
    fn begin(&mut self, noun: &'static Noun, layout: Layout) {
        if self.page.is_some() {
            self.held = Some((noun, layout, Vec::new()));
        } else {
            self.text.begin(noun, layout);
        }
    }

    fn end(&mut self, freshness: &Freshness) {
        if let (Some((noun, layout, rows)), Some(page)) = (self.held.take(), &mut self.page) {
            match page.cut(noun, rows) {
                Ok(rows) => {
                    self.text.begin(noun, layout);
                    self.text.rows(rows);
                }
                Err(error) => {
                    self.refused = Some(error);
                    return;
                }
            }
        }
        self.text.end(freshness);
        self.ended = Ended::Rows;
    }

    fn plan(&mut self, plan: &Plan, saved: bool) {
        self.ended = Ended::Plan { saved, id: plan.id.to_string() };
        self.text.plan(plan, saved);
    }

    fn event(&mut self, event: &PlanEvent<'_>) {
        if let (PlanEvent::Begun { plan, .. }, Some(begun)) = (event, &self.begun) {
            // Whoever asked may have left.
            let _ = begun.send((*plan).clone());
        }
        self.text.event(event);
    }

    fn outcome(&mut self, plan: &Plan, outcome: &PlanOutcome) {
        self.ended = Ended::Outcome;
        self.text.outcome(plan, outcome);
    }

    fn settled(&mut self, message: &str) {
        self.ended = Ended::Settled;
        self.text.settled(message);
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.pour {
            Some(pour) => pour(bytes),
            None => Err(Error::internal("bytes came where none were asked for")),
        }
    }

    fn attach(&mut self, attachment: Attachment) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, format!("{} needs a terminal", attachment.about)))
    }
}
