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
    mark_width: usize,
    /// The state that was coloured last, and its colour: neighbours are often alike.
    last: (String, Option<&'static str>),
}

impl Table {
    /// Measures the rows and makes the columns fit `style.width`.
    pub(crate) fn measured(columns: &[Chosen], rows: &[Row], style: Style, now: i64) -> Self {
        let shapes: Vec<Shape> = columns.iter().copied().map(Shape::of).collect();
        let needed = shapes.iter().map(|shape| shape.position + 1).max().unwrap_or(0);
        let mark = if style.plain { "..." } else { "…" };
        let mut table = Self {
            shapes,
            needed,
            bounds: Vec::with_capacity(needed),
            now,
            color: style.color,
            mark,
            mark_width: text::width(mark),
            last: (String::new(), None),
        };
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
            if total <= width {
                return true;
            }
            let shrinkable = self.shapes.iter_mut().filter(|shape| shape.may_shrink());
            // Of equally wide columns the rightmost gives way first.
            let Some(widest) = shrinkable.max_by_key(|shape| shape.width) else { return false };
            widest.width -= 1;
            widest.cut = true;
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
                let mut paint = None;
                if self.color && shape.state {
                    if self.last.0 != cell {
                        self.last.0.clear();
                        self.last.0.push_str(cell);
                        self.last.1 = color_of(cell);
                    }
                    paint = self.last.1;
                }
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
                if let Some(word) = flag(cell) {
                    out.push_str(word);
                    return word.len();
                }
            }
            ColumnKind::List if simple => {
                // A comma is as wide as the space that it stands for, so cutting needs no care.
                let (kept, mark) = self.kept(cell, shape);
                for (number, part) in kept.split(' ').enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    out.push_str(part);
                }
                out.push_str(mark);
                return kept.len() + text::width(mark);
            }
            ColumnKind::List => {
                let begin = out.len();
                let used = self.plain_cell(cell, shape, simple, out);
                let commas = out[begin..].replace(' ', ",");
                out.truncate(begin);
                out.push_str(&commas);
                return used;
            }
            ColumnKind::Text | ColumnKind::Integer => {}
        }
        self.plain_cell(cell, shape, simple, out)
    }

    fn plain_cell(&self, cell: &str, shape: &Shape, simple: bool, out: &mut String) -> usize {
        if simple {
            let (kept, mark) = self.kept(cell, shape);
            out.push_str(kept);
            out.push_str(mark);
            return kept.len() + text::width(mark);
        }
        text::push_cut(cell, if shape.cut { shape.width } else { usize::MAX }, self.mark, out)
    }

    /// What is kept of a cell of plain ASCII, and the mark that says that some is not.
    fn kept<'c>(&self, cell: &'c str, shape: &Shape) -> (&'c str, &'static str) {
        if !shape.cut || cell.len() <= shape.width {
            return (cell, "");
        }
        (cell.get(..shape.width.saturating_sub(self.mark_width)).unwrap_or(cell), self.mark)
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

/// Finds the first `needed` cells of a packed row, eight bytes at a time.
pub(crate) fn split(packed: &str, needed: usize, bounds: &mut Vec<(usize, usize)>) {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    const SEPARATORS: u64 = 0x1f1f_1f1f_1f1f_1f1f;
    bounds.clear();
    let mut from = 0;
    let (chunks, rest) = packed.as_bytes().as_chunks::<8>();
    for (number, chunk) in chunks.iter().enumerate() {
        let difference = u64::from_le_bytes(*chunk) ^ SEPARATORS;
        // The high bit of each byte that is a separator.
        let mut found = !(((difference & LOW) + LOW) | difference | LOW);
        while found != 0 {
            let at = number * 8 + found.trailing_zeros() as usize / 8;
            bounds.push((from, at));
            from = at + 1;
            found &= found - 1;
        }
        if bounds.len() >= needed {
            return;
        }
    }
    let offset = packed.len() - rest.len();
    for (at, byte) in rest.iter().enumerate() {
        if *byte == 0x1f {
            bounds.push((from, offset + at));
            from = offset + at + 1;
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
        ColumnKind::Flag => {
            if let Some(word) = flag(cell) {
                return word.len();
            }
        }
        ColumnKind::Text | ColumnKind::Integer | ColumnKind::List => {}
    }
    if simple { cell.len() } else { text::width(cell) }
}

fn flag(cell: &str) -> Option<&'static str> {
    match cell {
        "true" => Some("yes"),
        "false" => Some("no"),
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_where_the_separators_are() {
        for packed in [
            "",
            "a",
            "\u{1f}",
            "name\u{1f}\u{1f}\u{1e}\u{9f}\u{1f}a long cell of text\u{1f}日本\u{1f}",
            "12345678\u{1f}1",
        ] {
            let mut bounds = vec![(7, 7)];
            split(packed, usize::MAX, &mut bounds);
            let cells: Vec<&str> = bounds.iter().map(|&(from, to)| &packed[from..to]).collect();
            assert_eq!(cells, packed.split('\u{1f}').collect::<Vec<_>>());
            for needed in 1..=cells.len() {
                split(packed, needed, &mut bounds);
                assert!(bounds.len() >= needed);
            }
        }
    }
}
