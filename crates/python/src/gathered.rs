//! The door that a running operation answers to: it gathers, for whoever waits in Python.

use std::io::Write;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudmesh_client::{Attachment, Door, Freshness, Layout, PlanEvent, PlanOutcome, Rows};
use cloudmesh_model::{Error, ErrorKind, Noun, Result, Row};
use cloudmesh_present::{Format, TextDoor, TextOptions};
use cloudmesh_resource::Plan;
use serde_json::Value;

/// What a running plan told: what happened, steps done, steps in all, in words.
pub(crate) type Told = (&'static str, usize, usize, String);

/// What has come so far.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) noun: Option<&'static Noun>,
    pub(crate) rows: Vec<Row>,
    /// What the prompt would have written: the tail of a list, a plan, an outcome, a message.
    pub(crate) document: Option<Value>,
    pub(crate) attachment: Option<Attachment>,
    pub(crate) told: Vec<Told>,
    /// Rows were ended properly.
    pub(crate) whole: bool,
}

/// What is gathered, shared with whoever waits.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Gathered>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Text that a door wrote.
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

/// The door.
pub(crate) struct Gathering {
    shared: Shared,
    chunks: SyncSender<Vec<u8>>,
    text: TextDoor,
    sheet: Sheet,
    done: usize,
    steps: usize,
}

impl Gathering {
    pub(crate) fn new(shared: Shared, chunks: SyncSender<Vec<u8>>) -> Self {
        let sheet = Sheet::default();
        let options = TextOptions { format: Format::Json, quiet: true, ..TextOptions::default() };
        let text = TextDoor::new(Box::new(sheet.clone()), Box::new(std::io::sink()), options);
        Self { shared, chunks, text, sheet, done: 0, steps: 0 }
    }

    /// Hands over what the inner door wrote.
    fn keep(&mut self) {
        let text = std::mem::take(&mut *self.sheet.0.lock().unwrap_or_else(PoisonError::into_inner));
        if let Ok(document) = serde_json::from_slice(&text) {
            self.shared.lock().document = Some(document);
        }
    }
}

impl Rows for Gathering {
    fn rows(&mut self, rows: Vec<Row>) {
        self.shared.lock().rows.extend(rows);
    }
}

impl Door for Gathering {
    fn begin(&mut self, noun: &'static Noun, layout: Layout) {
        self.shared.lock().noun = Some(noun);
        self.text.begin(noun, layout);
    }

    fn end(&mut self, freshness: &Freshness) {
        // The rows stay here, packed; only what comes after them is written.
        self.text.end(freshness);
        self.keep();
        self.shared.lock().whole = true;
    }

    fn plan(&mut self, plan: &Plan, saved: bool) {
        self.text.plan(plan, saved);
        self.keep();
    }

    fn event(&mut self, event: &PlanEvent<'_>) {
        self.text.event(event);
        let (kind, said) = match *event {
            PlanEvent::Begun { plan, done } => {
                (self.done, self.steps) = (done, plan.steps.len());
                ("begun", plan.title.clone())
            }
            PlanEvent::Done { step, .. } => {
                self.done += 1;
                ("done", format!("{} {}", step.verb(), step.label))
            }
            PlanEvent::Sent { step, .. } => ("sent", format!("{} {}", step.verb(), step.label)),
            PlanEvent::Again { step, error, .. } => {
                ("again", format!("{} {}: {error}", step.verb(), step.label))
            }
            PlanEvent::Looking { step, .. } => ("looking", format!("{} {}", step.verb(), step.label)),
            PlanEvent::Failed { step, error, .. } => {
                ("failed", format!("{} {}: {error}", step.verb(), step.label))
            }
            PlanEvent::Stopping { calls } => ("stopping", format!("waiting for {calls} calls under way")),
        };
        self.shared.lock().told.push((kind, self.done, self.steps, said));
    }

    fn outcome(&mut self, plan: &Plan, outcome: &PlanOutcome) {
        self.text.outcome(plan, outcome);
        self.keep();
    }

    fn settled(&mut self, message: &str) {
        self.text.settled(message);
        self.keep();
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.chunks
            .send(bytes.to_vec())
            .map_err(|_| Error::new(ErrorKind::Interrupted, "nobody reads any more"))
    }

    fn attach(&mut self, attachment: Attachment) -> Result<()> {
        self.shared.lock().attachment = Some(attachment);
        Ok(())
    }
}
