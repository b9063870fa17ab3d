//! What holds of every host list, every mark and every row.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use cloudmesh_model::noun::printable;
use cloudmesh_model::{HostList, Installation, Mark, Row, RowBuilder, ThingId};
use proptest::collection::vec;
use proptest::prelude::*;

/// A bracket's range as a person means it: first number, how many, digits at least.
type Range = (u64, u64, usize);

/// A name: text and brackets in turn.
#[derive(Clone, Debug)]
struct Pattern {
    begin: String,
    parts: Vec<(Vec<Range>, String)>,
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let range = (prop_oneof![0..30_u64, 0..2_000_000_u64], 1..6_u64, 1..6_usize);
    let part = (vec(range, 1..4), "[a-z.-]{0,3}");
    ("[a-zé_-]{1,6}", vec(part, 0..3)).prop_map(|(begin, parts)| Pattern { begin, parts })
}

impl Pattern {
    fn text(&self) -> String {
        let mut text = self.begin.clone();
        for (ranges, after) in &self.parts {
            let ranges: Vec<String> = ranges
                .iter()
                .map(|&(first, count, width)| match count {
                    1 => format!("{first:0width$}"),
                    _ => format!("{first:0width$}-{:0width$}", first + count - 1),
                })
                .collect();
            text += &format!("[{}]{after}", ranges.join(","));
        }
        text
    }

    /// The names, the last bracket counting fastest.
    fn names(&self) -> Vec<String> {
        let mut names = vec![self.begin.clone()];
        for (ranges, after) in &self.parts {
            let mut longer = Vec::new();
            for name in names {
                for &(first, count, width) in ranges {
                    for number in first..first + count {
                        longer.push(format!("{name}{number:0width$}{after}"));
                    }
                }
            }
            names = longer;
        }
        names
    }
}

/// Texts that look much like host lists.
fn almost() -> impl Strategy<Value = String> {
    "[a1-9\\[\\],0-]{0,24}"
}

fn honest(text: &str) -> Result<(), TestCaseError> {
    let Ok(list) = text.parse::<HostList>() else { return Ok(()) };
    prop_assert_eq!(list.to_string(), text);
    prop_assert_eq!(list.to_string().parse::<HostList>().unwrap(), list.clone());
    prop_assert_eq!(list.names().len() as u64, list.len());
    let json = serde_json::to_string(&list).unwrap();
    prop_assert_eq!(serde_json::from_str::<HostList>(&json).unwrap(), list);
    Ok(())
}

fn apart(values: &[String]) -> Result<(), TestCaseError> {
    let row = RowBuilder::new().cell("name").list(values.iter().map(String::as_str)).cell("end").finish();
    let cell = row.cell(1);
    let read: Vec<&str> = if cell.is_empty() { Vec::new() } else { cell.split(' ').collect() };
    prop_assert_eq!(read.len(), values.len(), "{:?}", cell);
    prop_assert_eq!(row.cell(2), "end");
    Ok(())
}

proptest! {
    #[test]
    fn a_host_list_stands_for_the_names_that_a_person_means(patterns in vec(pattern(), 1..4)) {
        let text = patterns.iter().map(Pattern::text).collect::<Vec<_>>().join(",");
        let names: Vec<String> = patterns.iter().flat_map(Pattern::names).collect();
        let list: HostList = text.parse().unwrap();
        prop_assert_eq!(list.len(), names.len() as u64);
        prop_assert_eq!(list.names(), names);
        honest(&text)?;
    }

    #[test]
    fn any_text_is_a_host_list_or_is_refused(text in any::<String>()) {
        honest(&text)?;
    }

    #[test]
    fn almost_host_lists_are_host_lists_or_refused(text in almost()) {
        honest(&text)?;
    }

    #[test]
    fn padding_is_kept(first in 0..100_000_u64, count in 1..50_u64, width in 1..20_usize) {
        let last = first + count - 1;
        let list: HostList = format!("n[{first:0width$}-{last}]").parse().unwrap();
        for (name, number) in list.names().iter().zip(first..=last) {
            prop_assert_eq!(name, &format!("n{number:0width$}"));
        }
        prop_assert_eq!(list.len(), count);
    }

    #[test]
    fn huge_ranges_are_refused_without_making_them(first in any::<u64>(), last in any::<u64>()) {
        let text = format!("n[{first}-{last}]");
        let fits = last >= first && last - first < 100_000;
        prop_assert_eq!(text.parse::<HostList>().is_ok(), fits);
    }

    #[test]
    fn every_mark_reads_back(installation in "[0-9a-f]{8}", thing in any::<u128>()) {
        let installation: Installation = installation.parse().unwrap();
        let thing = ThingId::from_stored(format!("{thing:032x}"));
        let mark = Mark::of(&installation, &thing).unwrap();
        let text = mark.to_string();
        prop_assert_eq!(text.len(), 44);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        let back: Mark = text.parse().unwrap();
        prop_assert_eq!(back.installation(), &installation);
        prop_assert_eq!(back.thing().as_str().replace('-', ""), thing.as_str());
        prop_assert_eq!(serde_json::from_value::<Mark>(serde_json::to_value(&mark).unwrap()).unwrap(), mark);
    }

    #[test]
    fn any_text_is_a_mark_or_is_refused(
        text in prop_oneof![any::<String>(), "cm-[0-9a-fA-F]{7,9}-[0-9a-fA-Fé]{31,33}"],
    ) {
        if let Ok(mark) = text.parse::<Mark>() {
            prop_assert!(mark.to_string().eq_ignore_ascii_case(&text));
            prop_assert_eq!(mark.to_string().parse::<Mark>().unwrap(), mark);
        }
    }

    #[test]
    fn cells_come_back_from_a_row_made_printable(cells in vec(any::<String>(), 1..12)) {
        let row = cells.iter().fold(RowBuilder::new(), |row, cell| row.cell(cell)).finish();
        let expected: Vec<String> = cells.iter().map(|cell| printable(cell).into_owned()).collect();
        prop_assert_eq!(row.cells().collect::<Vec<_>>(), expected.clone());
        for (position, cell) in expected.iter().enumerate() {
            prop_assert_eq!(row.cell(position), cell);
        }
        prop_assert_eq!(row.cell(cells.len()), "");
        prop_assert_eq!(Row::from_packed(row.packed().to_owned()), row);
    }

    #[test]
    fn values_of_a_list_stay_apart(values in vec("\\PC{1,8}|[a-c ]{1,4}", 0..6)) {
        apart(&values)?;
    }

    #[test]
    fn values_of_a_list_stay_apart_with_control_characters_in_them(values in vec("[a-c \n\t\u{1f}]{1,4}", 0..6)) {
        apart(&values)?;
    }
}
