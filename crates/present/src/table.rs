//! Tables: aligned columns without borders. Rows go through one reused buffer; no cell allocates.

use cloudmesh_model::{Column, ColumnKind, Row};

use crate::age::Age;
use crate::columns::Chosen;
use crate::{Style, text};

const GAP: usize = 2;
/// A column of text is not made narrower than this.
const LEAST: usize = 8;

struct Shape {
    position: usize,
    kind: ColumnKind,
    state: bool,
    name: &'static str,
    heading: String,
    width: usize,
    /// Cells are cut at `width`.
    cut: bool,
}

impl Shape {
    fn of((position, column): Chosen) -> Self {
        let heading = column.name.to_uppercase();
        Self {
            position,
            kind: column.kind,
            state: state_column(column),
            name: column.name,
            width: text::width(&heading),
            heading,
            cut: false,
        }
    }

    fn right(&self) -> bool {
        self.kind == ColumnKind::Integer
    }

    fn may_shrink(&self) -> bool {
        matches!(self.kind, ColumnKind::Text | ColumnKind::List) && !self.state && self.width > self.least()
    }

    fn least(&self) -> usize {
        text::width(&self.heading).clamp(LEAST, 2 * LEAST)
    }
}

/// A table whose widths are known.
pub(crate) struct Table {
    shapes: Vec<Shape>,
    /// How many cells of a row are looked at.
    needed: usize,
    bounds: Vec<(usize, usize)>,
    now: i64,
    color: bool,
    mark: &'static str,
}

impl Table {
    /// Measures the rows and makes the columns fit `style.width`.
    pub(crate) fn measured(columns: &[Chosen], rows: &[Row], style: Style, now: i64) -> Self {
        let shapes: Vec<Shape> = columns.iter().copied().map(Shape::of).collect();
        let needed = shapes.iter().map(|shape| shape.position + 1).max().unwrap_or(0);
        let mark = if style.plain { "..." } else { "…" };
        let mut table =
            Self { shapes, needed, bounds: Vec::with_capacity(needed), now, color: style.color, mark };
        for row in rows {
            table.measure(row);
        }
        table
    }

    fn measure(&mut self, row: &Row) {
        let packed = row.packed();
        let simple = text::simple(packed.as_bytes());
        split(packed, self.needed, &mut self.bounds);
        for shape in &mut self.shapes {
            let Some(&(from, to)) = self.bounds.get(shape.position) else { continue };
            let width = cell_width(&packed[from..to], shape.kind, simple, self.now);
            shape.width = shape.width.max(width);
        }
    }

    /// Makes the table at most `width` columns wide: first the widest columns of text give way, then
    /// columns are left out from the right. Gives the names of those left out.
    pub(crate) fn fit(&mut self, width: usize) -> Vec<&'static str> {
        let mut left_out = Vec::new();
        let natural: Vec<usize> = self.shapes.iter().map(|shape| shape.width).collect();
        while !self.shrink(width) && self.shapes.len() > 1 {
            if let Some(shape) = self.shapes.pop() {
                left_out.insert(0, shape.name);
            }
            for (shape, natural) in self.shapes.iter_mut().zip(&natural) {
                (shape.width, shape.cut) = (*natural, false);
            }
        }
        left_out
    }

    fn shrink(&mut self, width: usize) -> bool {
        loop {
            let total = self.shapes.iter().map(|shape| shape.width + GAP).sum::<usize>().saturating_sub(GAP);
            let Some(over) = total.checked_sub(width).filter(|over| *over > 0) else { return true };
            let widest = self.shapes.iter().filter(|shape| shape.may_shrink()).map(|shape| shape.width).max();
            let Some(widest) = widest else { return false };
            // The widest gives way down to the next one, or to what is needed.
            let next = self
                .shapes
                .iter()
                .filter(|shape| shape.may_shrink() && shape.width < widest)
                .map(|shape| shape.width)
                .max()
                .unwrap_or(0);
            let Some(shape) =
                self.shapes.iter_mut().rev().find(|shape| shape.may_shrink() && shape.width == widest)
            else {
                return false;
            };
            let by = over.min((widest - next).max(1));
            shape.width = (widest - by.min(widest)).max(shape.least()).max(next.min(widest - 1));
            shape.cut = true;
        }
    }

    /// Writes the line of headings.
    pub(crate) fn head(&self, out: &mut String) {
        let begin = out.len();
        let mut line = Line { out, column: 0, at: 0 };
        for shape in &self.shapes {
            let width = text::width(&shape.heading);
            line.to(line.column + if shape.right() { shape.width.saturating_sub(width) } else { 0 });
            let room = if shape.cut { shape.width } else { usize::MAX };
            let used = text::push_cut(&shape.heading, room, self.mark, line.out);
            line.at += used;
            line.next(shape.width);
        }
        if self.color {
            out.insert_str(begin, "\u{1b}[1m");
            out.push_str("\u{1b}[0m");
        }
        out.push('\n');
    }

    /// Writes a row.
    pub(crate) fn row(&mut self, row: &Row, out: &mut String) {
        let packed = row.packed();
        let simple = text::simple(packed.as_bytes());
        split(packed, self.needed, &mut self.bounds);
        let mut line = Line { out, column: 0, at: 0 };
        for shape in &self.shapes {
            let cell = match self.bounds.get(shape.position) {
                Some(&(from, to)) => &packed[from..to],
                None => "",
            };
            if !cell.is_empty() {
                if shape.right() {
                    let width = if simple { cell.len() } else { text::width(cell) };
                    line.to(line.column + shape.width.saturating_sub(width));
                } else {
                    line.to(line.column);
                }
                let paint = if self.color && shape.state { color_of(cell) } else { None };
                if let Some(paint) = paint {
                    line.out.push_str(paint);
                }
                line.at += self.cell(cell, shape, simple, line.out);
                if paint.is_some() {
                    line.out.push_str("\u{1b}[0m");
                }
            }
            line.next(shape.width);
        }
        out.push('\n');
    }

    fn cell(&self, cell: &str, shape: &Shape, simple: bool, out: &mut String) -> usize {
        match shape.kind {
            ColumnKind::Time => {
                if let Some(age) = Age::of(cell, self.now) {
                    age.push(out);
                    return age.width();
                }
            }
            ColumnKind::Flag => {
                let word = flag(cell);
                out.push_str(word);
                return word.len();
            }
            ColumnKind::List if cell.contains(' ') => {
                let begin = out.len();
                let used = self.plain_cell(cell, shape, simple, out);
                comma(out, begin);
                return used;
            }
            ColumnKind::Text | ColumnKind::Integer | ColumnKind::List => {}
        }
        self.plain_cell(cell, shape, simple, out)
    }

    fn plain_cell(&self, cell: &str, shape: &Shape, simple: bool, out: &mut String) -> usize {
        let limit = if shape.cut { shape.width } else { usize::MAX };
        if simple && cell.len() <= limit {
            out.push_str(cell);
            return cell.len();
        }
        text::push_cut(cell, limit, self.mark, out)
    }
}

/// Puts commas between the values of a list that was written from `begin` on.
fn comma(out: &mut String, begin: usize) {
    let mut from = begin;
    while let Some(found) = out[from..].find(' ') {
        let at = from + found;
        out.replace_range(at..=at, ",");
        from = at + 1;
    }
}

/// A line being written. Spaces are written only before something visible, so no line ends in them.
struct Line<'a> {
    out: &'a mut String,
    /// Where the present column begins, had no cell before it overflown.
    column: usize,
    /// Columns written so far.
    at: usize,
}

impl Line<'_> {
    /// Goes to a column; at least one space stays before what is there already.
    fn to(&mut self, column: usize) {
        let least = if self.at == 0 { 0 } else { self.at + 1 };
        let target = column.max(least);
        const SPACES: &str = "                                                                ";
        let mut missing = target - self.at;
        while missing > 0 {
            let now = missing.min(SPACES.len());
            self.out.push_str(&SPACES[..now]);
            missing -= now;
        }
        self.at = target;
    }

    fn next(&mut self, width: usize) {
        self.column += width + GAP;
    }
}

pub(crate) fn split(packed: &str, needed: usize, bounds: &mut Vec<(usize, usize)>) {
    bounds.clear();
    let mut from = 0;
    for (at, byte) in packed.bytes().enumerate() {
        if byte == 0x1f {
            bounds.push((from, at));
            from = at + 1;
            if bounds.len() >= needed {
                return;
            }
        }
    }
    bounds.push((from, packed.len()));
}

fn cell_width(cell: &str, kind: ColumnKind, simple: bool, now: i64) -> usize {
    match kind {
        ColumnKind::Time => {
            if let Some(age) = Age::of(cell, now) {
                return age.width();
            }
        }
        ColumnKind::Flag => return flag(cell).len(),
        ColumnKind::Text | ColumnKind::Integer | ColumnKind::List => {}
    }
    if simple { cell.len() } else { text::width(cell) }
}

fn flag(cell: &str) -> &'static str {
    match cell {
        "true" => "yes",
        "false" => "no",
        "" => "",
        _ => "?",
    }
}

/// Whether a column holds states, which are coloured and never cut.
pub(crate) fn state_column(column: &Column) -> bool {
    matches!(column.name, "status" | "state")
}

/// The colour of a state.
pub(crate) fn color_of(state: &str) -> Option<&'static str> {
    const GREEN: &str = "\u{1b}[32m";
    const RED: &str = "\u{1b}[31m";
    const YELLOW: &str = "\u{1b}[33m";
    const GREY: &str = "\u{1b}[2m";
    let known: [(&str, &[&str]); 4] = [
        (
            GREEN,
            &[
                "active",
                "running",
                "completed",
                "done",
                "ok",
                "available",
                "up",
                "idle",
                "allocated",
                "mixed",
                "saved",
                "ready",
            ],
        ),
        (
            RED,
            &[
                "error",
                "failed",
                "timed_out",
                "out_of_memory",
                "node_failed",
                "down",
                "killed",
                "unreachable",
            ],
        ),
        (
            YELLOW,
            &[
                "building",
                "changing",
                "pending",
                "held",
                "completing",
                "deleting",
                "suspended",
                "partial",
                "interrupted",
                "uncertain",
                "planned",
                "queued",
                "draining",
                "drained",
                "sent",
                "warning",
            ],
        ),
        (GREY, &["stopped", "paused", "shelved", "gone", "cancelled", "unknown", "waiting", "skipped"]),
    ];
    known
        .iter()
        .find(|(_, words)| words.iter().any(|word| word.eq_ignore_ascii_case(state)))
        .map(|(color, _)| *color)
}
