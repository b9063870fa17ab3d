//! The indices of a job array: `1-1000`, `0-9:3`, `1,5,7`, each with an optional `%LIMIT`.

use std::collections::BTreeSet;

use cloudmesh_model::{Error, Result};

/// More indices than this in one array are refused.
pub(crate) const MOST: usize = 100_000;

/// What an array's text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Array {
    /// The indices, rising, each once.
    pub(crate) indices: Vec<u64>,
    /// How many may run at once.
    pub(crate) limit: Option<u64>,
}

impl Array {
    /// Reads the text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            Error::bad_input(format!("`{text}` does not name the indices of a job array")).hint(format!(
                "write 1-1000, 0-9:3 or 1,5,7, with %4 after it for four at once; {MOST} at most"
            ))
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (list, limit) = match text.split_once('%') {
            Some((list, limit)) => (list, Some(number(limit).filter(|limit| *limit > 0)?)),
            None => (text, None),
        };
        let mut indices = BTreeSet::new();
        for part in list.split(',') {
            let (range, step) = match part.split_once(':') {
                Some((range, step)) => (range, usize::try_from(number(step)?).ok().filter(|step| *step > 0)?),
                None => (part, 1),
            };
            let (first, last) = match range.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(range)?, number(range)?),
            };
            if first > last {
                return None;
            }
            for index in (first..=last).step_by(step).take(MOST + 1) {
                indices.insert(index);
            }
            if indices.len() > MOST {
                return None;
            }
        }
        Some(Self { indices: indices.into_iter().collect(), limit })
    }
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || text.len() > 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_steps_lists_and_limits_are_read() {
        let indices = |text: &str| Array::parse(text).unwrap().indices;
        assert_eq!(indices("1-3"), [1, 2, 3]);
        assert_eq!(indices("0-9:3"), [0, 3, 6, 9]);
        assert_eq!(indices("7,1,5,1"), [1, 5, 7]);
        assert_eq!(Array::parse("1-4%2").unwrap().limit, Some(2));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for text in ["", "a", "3-1", "1-", "1-2:0", "1%0", "1-2%", "-1", "0-99999999", "1;2", "1-3%x"] {
            assert!(Array::parse(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic_or_hang(text in "[0-9,:%-]{0,24}") {
            if let Ok(array) = Array::parse(&text) {
                proptest::prop_assert!(array.indices.len() <= MOST);
                proptest::prop_assert!(array.indices.is_sorted());
            }
        }
    }
}
