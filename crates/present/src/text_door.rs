//! The door of a terminal or a pipe: what operations hand over becomes text on two writers.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use cloudmesh_client::{Attachment, Door, Freshness, Layout, PlanEvent, PlanOutcome, Rows};
use cloudmesh_model::{Clock, ColumnKind, Error, ErrorKind, Noun, Result, Retry, Row, SystemClock};
use cloudmesh_resource::Plan;
use serde_json::json;

use crate::age::Age;
use crate::columns::{self, Chosen};
use crate::outcome::{self, Seen};
use crate::output::Output;
use crate::progress::{Progress, Shared};
use crate::structured::{self, Items};
use crate::table::{self, Table};
use crate::{Format, Style, csv, failure, plan_text, summary, text};

/// Rows that are measured before the first line of a table is written.
const MEASURED: usize = 1_000;

/// Runs an attachment in the terminal.
pub type Attach = Box<dyn FnMut(&Attachment) -> Result<()> + Send>;

/// How a [`TextDoor`] writes.
pub struct TextOptions {
    /// The form of answers.
    pub format: Format,
    /// Columns to write; empty for the usual ones. Check them with [`crate::check_columns`] first.
    pub columns: Vec<String>,
    /// Column to sort by, descending with a leading `-`. Check it with [`crate::check_sort`] first.
    pub sort: Option<String>,
    /// Style of standard output.
    pub stdout: Style,
    /// Style of standard error.
    pub stderr: Style,
    /// Say nothing on standard error but what failed.
    pub quiet: bool,
    /// A line for each event of a plan, and what errors know beside their message.
    pub verbose: bool,
    /// Runs an attachment in the terminal; without it, sessions are refused.
    pub attach: Option<Attach>,
    /// The source of the present moment, for ages.
    pub clock: Arc<dyn Clock>,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            format: Format::default(),
            columns: Vec::new(),
            sort: None,
            stdout: Style::default(),
            stderr: Style::default(),
            quiet: false,
            verbose: false,
            attach: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for TextOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TextOptions")
            .field("format", &self.format)
            .field("columns", &self.columns)
            .field("sort", &self.sort)
            .finish_non_exhaustive()
    }
}

/// A list, or one thing, that is being written.
struct Listing {
    noun: &'static Noun,
    layout: Layout,
    columns: Vec<Chosen>,
    count: usize,
    /// Rows that are not written yet: to be measured or to be sorted.
    held: Vec<Row>,
    /// The table, once it is measured.
    table: Option<Table>,
    items: Items,
    left_out: Vec<&'static str>,
    bounds: Vec<(usize, usize)>,
    /// Something of it was written.
    any: bool,
}

/// A door that writes text: data to one writer, all else to another.
pub struct TextDoor {
    options: TextOptions,
    out: Output,
    err: Shared,
    listing: Option<Listing>,
    progress: Option<Progress>,
    seen: Seen,
}

impl fmt::Debug for TextDoor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TextDoor({})", self.options.format)
    }
}

impl TextDoor {
    /// A door over standard output and standard error, or what stands for them.
    #[must_use]
    pub fn new(stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>, options: TextOptions) -> Self {
        Self {
            options,
            out: Output::new(stdout),
            err: Shared::new(stderr),
            listing: None,
            progress: None,
            seen: Seen::default(),
        }
    }

    /// Hands on what is still in the buffer.
    ///
    /// # Errors
    /// When the output could not be written; [`crate::reader_left`] tells whether merely nobody reads it.
    pub fn finish(&mut self) -> Result<()> {
        self.progress = None;
        self.out.flush();
        self.out.state()
    }

    /// Whether more output is of no use: nobody reads it, or it cannot be written.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.out.closed()
    }

    /// Says why a command failed. What was begun on standard output is brought to a proper end that
    /// says that it is not complete; the error goes to standard error, for JSON formats as one line of
    /// [`crate::error_json`], else as [`crate::error_text`].
    pub fn fail(&mut self, error: &Error) {
        self.progress = None;
        if crate::reader_left(error) {
            return;
        }
        if let Some(mut listing) = self.listing.take() {
            self.write_held(&mut listing);
            if self.options.format.structured() && listing.items.begun() {
                let now = self.options.clock.now();
                listing.items.end(&Freshness::own(), Some(error), now, self.out.buffer());
            }
        }
        self.out.flush();
        if matches!(self.options.format, Format::Json | Format::Ndjson) {
            let mut line = String::new();
            text::push_json(&failure::error_json(error).to_string(), &mut line);
            line.push('\n');
            self.err.write(&line);
        } else {
            self.err.write(&failure::error_text(error, self.options.stderr, self.options.verbose));
        }
    }

    /// A sentence on standard error, unless quiet.
    fn say(&mut self, sentence: &str) {
        if !self.options.quiet {
            self.tell(&format!("{sentence}\n"));
        }
    }

    /// Text on standard error, after what is before it on standard output.
    fn tell(&mut self, text: &str) {
        if !text.is_empty() {
            self.out.flush();
            self.err.write(text);
        }
    }

    fn document(&mut self, value: &impl serde::Serialize) {
        if let Err(error) = structured::document(value, self.options.format, self.out.buffer()) {
            self.out.refuse(error);
        }
        self.out.flush();
    }

    fn take(&mut self, listing: &mut Listing, rows: Vec<Row>) {
        listing.count += rows.len();
        if self.out.closed() {
            return;
        }
        let table = self.options.format == Format::Table && listing.layout == Layout::List;
        if self.options.sort.is_some() || (table && listing.table.is_none()) {
            if listing.held.is_empty() {
                listing.held = rows;
            } else {
                listing.held.extend(rows);
            }
            if self.options.sort.is_none() && listing.held.len() >= MEASURED {
                let held = std::mem::take(&mut listing.held);
                self.write_rows(listing, &held);
            }
        } else {
            self.write_rows(listing, &rows);
        }
        if self.options.format == Format::Ndjson {
            self.out.flush();
        }
    }

    fn write_held(&mut self, listing: &mut Listing) {
        let mut held = std::mem::take(&mut listing.held);
        if let Some(key) = &self.options.sort
            && let Err(error) = columns::sort(listing.noun, key, &mut held)
        {
            self.out.refuse(error);
        }
        self.write_rows(listing, &held);
    }

    fn write_rows(&mut self, listing: &mut Listing, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let now = self.options.clock.now().as_second();
        match (self.options.format, listing.layout) {
            (Format::Table, Layout::List) => {
                let table = listing.table.get_or_insert_with(|| {
                    let style = self.options.stdout;
                    let measured = &rows[..rows.len().min(MEASURED)];
                    let mut table = Table::measured(&listing.columns, measured, style, now);
                    if let Some(width) = style.width {
                        listing.left_out = table.fit(width);
                    }
                    table.head(self.out.buffer());
                    table
                });
                for row in rows {
                    table.row(row, self.out.buffer());
                    self.out.settle();
                }
            }
            (Format::Table, Layout::Detail) => {
                for row in rows {
                    if std::mem::replace(&mut listing.any, true) {
                        self.out.buffer().push('\n');
                    }
                    detail(&listing.columns, row, self.options.stdout, now, self.out.buffer());
                    self.out.settle();
                }
            }
            (Format::Csv, _) => {
                csv_head(listing, self.out.buffer());
                for row in rows {
                    let packed = row.packed();
                    table::split(packed, usize::MAX, &mut listing.bounds);
                    let cells = listing.columns.iter().map(|(position, _)| {
                        listing.bounds.get(*position).map_or("", |&(from, to)| &packed[from..to])
                    });
                    csv::record(cells, self.out.buffer());
                    self.out.settle();
                }
            }
            (Format::Json | Format::Yaml | Format::Ndjson, _) => {
                for row in rows {
                    listing.items.row(row, self.out.buffer());
                    self.out.settle();
                }
            }
        }
    }

    fn list_ended(&mut self, listing: &Listing, freshness: &Freshness) {
        let now = self.options.clock.now();
        let mut said = String::new();
        if !self.options.quiet {
            if !listing.left_out.is_empty() {
                said.push_str(&not_shown(&listing.left_out));
                said.push_str(" (--columns chooses)\n");
            }
            let table = self.options.format == Format::Table;
            let useful = !freshness.places.is_empty() || listing.count == 0 || self.options.verbose;
            // What was never read has no count, not the count 0.
            let never = !freshness.places.is_empty()
                && listing.count == 0
                && freshness.places.iter().all(|place| place.as_of.is_none() && place.error.is_some());
            if !never && ((table && useful) || !freshness.complete()) {
                said.push_str(&summary::line(listing.noun, listing.count, freshness, now));
                said.push('\n');
            }
        }
        summary::failures(freshness, now, &mut said);
        if let Some(note) = freshness.note.as_ref().filter(|_| !self.options.quiet) {
            said.push_str(&text::clean(note));
            said.push('\n');
        }
        self.tell(&said);
    }
}

fn not_shown(columns: &[&str]) -> String {
    format!("not shown, the terminal is too narrow: {}", columns.join(", "))
}

fn csv_head(listing: &mut Listing, out: &mut String) {
    if !std::mem::replace(&mut listing.any, true) {
        csv::record(listing.columns.iter().map(|(_, column)| column.name), out);
    }
}

/// One thing, a line for each column.
fn detail(columns: &[Chosen], row: &Row, style: Style, now: i64, out: &mut String) {
    for (position, column) in columns {
        let cell = row.cell(*position);
        out.push_str(column.name);
        out.push(':');
        if !cell.is_empty() {
            out.push(' ');
        }
        let paint = if style.color && table::state_column(column) { table::color_of(cell) } else { None };
        out.push_str(paint.unwrap_or(""));
        match column.kind {
            ColumnKind::Time => {
                out.extend(cell.chars().map(text::shown));
                if let Some(age) = Age::of(cell, now) {
                    out.push_str(" (");
                    age.push(out);
                    out.push(')');
                }
            }
            ColumnKind::List => {
                for (number, part) in cell.split(' ').enumerate() {
                    if number > 0 {
                        out.push_str(", ");
                    }
                    out.extend(part.chars().map(text::shown));
                }
            }
            ColumnKind::Text | ColumnKind::Integer | ColumnKind::Flag => {
                out.extend(cell.chars().map(text::shown));
            }
        }
        if paint.is_some() {
            out.push_str("\u{1b}[0m");
        }
        out.push('\n');
    }
}

impl Rows for TextDoor {
    fn rows(&mut self, rows: Vec<Row>) {
        if let Some(mut listing) = self.listing.take() {
            self.take(&mut listing, rows);
            self.listing = Some(listing);
        }
    }
}

impl Door for TextDoor {
    fn begin(&mut self, noun: &'static Noun, layout: Layout) {
        let chosen = columns::choose(noun, &self.options.columns, self.options.format, layout);
        let chosen = chosen.and_then(|chosen| match &self.options.sort {
            Some(sort) => columns::check_sort(noun, sort).map(|()| chosen),
            None => Ok(chosen),
        });
        match chosen {
            Ok(columns) => {
                self.listing = Some(Listing {
                    noun,
                    layout,
                    count: 0,
                    held: Vec::new(),
                    table: None,
                    items: Items::new(self.options.format, noun, &columns),
                    columns,
                    left_out: Vec::new(),
                    bounds: Vec::new(),
                    any: false,
                });
            }
            Err(error) => self.out.refuse(error),
        }
    }

    fn end(&mut self, freshness: &Freshness) {
        let Some(mut listing) = self.listing.take() else { return };
        self.write_held(&mut listing);
        match self.options.format {
            Format::Json | Format::Yaml | Format::Ndjson => {
                let now = self.options.clock.now();
                listing.items.end(freshness, None, now, self.out.buffer());
                self.out.flush();
            }
            Format::Csv => {
                csv_head(&mut listing, self.out.buffer());
                self.out.flush();
                self.list_ended(&listing, freshness);
            }
            Format::Table => {
                self.out.flush();
                self.list_ended(&listing, freshness);
            }
        }
    }

    fn plan(&mut self, plan: &Plan, saved: bool) {
        let now = self.options.clock.now();
        let steps = || plan.steps.iter().enumerate().map(plan_text::step_row);
        match self.options.format {
            Format::Json | Format::Yaml | Format::Ndjson => {
                #[derive(serde::Serialize)]
                struct Document<'a> {
                    schema: &'static str,
                    plan: &'a Plan,
                    saved: bool,
                    summary: serde_json::Value,
                }
                let summary = plan_text::summary(plan);
                self.document(&Document { schema: "cloudmesh.plan.v1", plan, saved, summary });
            }
            Format::Csv => {
                let noun = &plan_text::PLAN_STEP;
                csv::record(noun.columns.iter().map(|column| column.name), self.out.buffer());
                for row in steps() {
                    csv::record(row.cells(), self.out.buffer());
                }
                self.out.flush();
            }
            Format::Table => {
                plan_text::head(plan, self.out.buffer());
                let chosen: Vec<Chosen> = plan_text::PLAN_STEP.columns.iter().enumerate().collect();
                let rows: Vec<Row> = steps().collect();
                let mut table = Table::measured(&chosen, &rows, self.options.stdout, now.as_second());
                let left_out = self.options.stdout.width.map(|width| table.fit(width)).unwrap_or_default();
                if !rows.is_empty() {
                    table.head(self.out.buffer());
                }
                for row in &rows {
                    table.row(row, self.out.buffer());
                }
                plan_text::foot(plan, saved, now, self.out.buffer());
                self.out.flush();
                if !left_out.is_empty() {
                    self.say(&not_shown(&left_out));
                }
                if !saved {
                    self.say("dry run: nothing was changed");
                }
            }
        }
    }

    fn replanned(&mut self, old: &Plan, new: &Plan) {
        if self.options.format != Format::Table {
            return self.plan(new, true);
        }
        let difference = plan_text::difference(old, new);
        let title =
            if difference.is_empty() { "planned again: the same" } else { "planned again, the difference:" };
        self.tell(&format!("{title}\n"));
        for line in difference {
            self.tell(&format!("{line}\n"));
        }
    }

    fn event(&mut self, event: &PlanEvent<'_>) {
        match *event {
            PlanEvent::Begun { plan, done } => {
                self.seen = Seen { before: done, ..Seen::default() };
                let mut progress = Progress::new(plan.steps.len(), done);
                let style = self.options.stderr;
                if style.terminal && !style.plain && !self.options.verbose && !self.options.quiet {
                    self.out.flush();
                    progress.draw(&self.err, style);
                }
                self.progress = Some(progress);
            }
            PlanEvent::Sent { number, .. } | PlanEvent::Looking { number, .. } => {
                self.seen.sent.insert(number);
            }
            PlanEvent::Done { number, .. } => {
                self.seen.done.insert(number);
            }
            PlanEvent::Again { number, error, .. } if error.retry_class() != Retry::Uncertain => {
                self.seen.sent.remove(&number);
            }
            PlanEvent::Again { .. } | PlanEvent::Failed { .. } | PlanEvent::Stopping { .. } => {}
        }
        let Some(progress) = &mut self.progress else { return };
        let line = progress.event(event);
        let stopping = matches!(event, PlanEvent::Stopping { .. });
        if self.options.verbose || (stopping && !progress.drawn()) {
            self.tell(&format!("{line}\n"));
        }
    }

    fn outcome(&mut self, plan: &Plan, outcome: &PlanOutcome) {
        self.progress = None;
        let seen = std::mem::take(&mut self.seen);
        match self.options.format {
            Format::Json | Format::Yaml | Format::Ndjson => {
                self.document(&outcome::document(plan, outcome, &seen));
                return;
            }
            Format::Csv => {
                csv::record(["kind", "place", "label", "state"].into_iter(), self.out.buffer());
                for thing in outcome::things(plan, outcome, &seen) {
                    let thing = thing.map(text::clean);
                    csv::record(thing.iter().map(String::as_str), self.out.buffer());
                }
            }
            Format::Table => outcome::names(plan, outcome, &seen, self.out.buffer()),
        }
        self.out.flush();
        self.say(&outcome::sentence(plan, outcome));
        let mut failures = String::new();
        outcome::failures(plan, outcome, &mut failures);
        self.tell(&failures);
    }

    fn settled(&mut self, message: &str) {
        if self.options.format.structured() {
            self.document(&json!({ "schema": "cloudmesh.settled.v1", "message": message }));
        } else {
            self.say(&text::clean(message));
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.bytes(bytes)
    }

    fn attach(&mut self, attachment: Attachment) -> Result<()> {
        self.progress = None;
        self.out.flush();
        match &mut self.options.attach {
            Some(attach) => attach(&attachment),
            None => Err(Error::new(ErrorKind::Unsupported, format!("{} needs a terminal", attachment.about))
                .hint(format!("run it in one: {}", attachment.argv.join(" ")))),
        }
    }
}

impl Drop for TextDoor {
    fn drop(&mut self) {
        self.progress = None;
        self.out.flush();
    }
}
