//! A door before another one that keeps the plans that are only shown, so that those of several commands
//! become one.

use cloudmesh_client::{Attachment, Door, Freshness, Layout, PlanEvent, PlanOutcome, Rows};
use cloudmesh_model::{Error, ErrorKind, Noun, Result, Row};
use cloudmesh_resource::Plan;

/// Hands everything on but, where plans are wanted, these.
pub(crate) struct Collecting<'a> {
    door: &'a mut dyn Door,
    plans: Option<&'a mut Vec<Plan>>,
}

impl<'a> Collecting<'a> {
    pub(crate) fn new(door: &'a mut dyn Door, plans: Option<&'a mut Vec<Plan>>) -> Self {
        Self { door, plans }
    }
}

impl Rows for Collecting<'_> {
    fn rows(&mut self, rows: Vec<Row>) {
        self.door.rows(rows);
    }
}

impl Door for Collecting<'_> {
    fn begin(&mut self, noun: &'static Noun, layout: Layout) {
        self.door.begin(noun, layout);
    }

    fn end(&mut self, freshness: &Freshness) {
        self.door.end(freshness);
    }

    fn plan(&mut self, plan: &Plan, saved: bool) {
        match &mut self.plans {
            Some(plans) => plans.push(plan.clone()),
            None => self.door.plan(plan, saved),
        }
    }

    fn replanned(&mut self, old: &Plan, new: &Plan) {
        self.door.replanned(old, new);
    }

    fn event(&mut self, event: &PlanEvent<'_>) {
        self.door.event(event);
    }

    fn outcome(&mut self, plan: &Plan, outcome: &PlanOutcome) {
        self.door.outcome(plan, outcome);
    }

    fn settled(&mut self, message: &str) {
        self.door.settled(message);
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.door.bytes(bytes)
    }

    fn attach(&mut self, attachment: Attachment) -> Result<()> {
        if self.plans.is_some() {
            return Err(Error::new(ErrorKind::Unsupported, format!("{} has no dry run", attachment.about)));
        }
        self.door.attach(attachment)
    }
}
