//! Cutting a list into pages by marker and limit. Each service words its own links; the arithmetic is here.

use crate::request::{Request, encode};

/// One page of a list.
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    /// Whether the page is as full as it may be, which is when the services give a link to the next one.
    pub(crate) full: bool,
}

/// The page after `marker`. `None` where the marker names no row.
pub(crate) fn page<T>(
    rows: impl IntoIterator<Item = T>,
    marker: Option<&str>,
    limit: Option<usize>,
    id: impl Fn(&T) -> &str,
) -> Option<Page<T>> {
    let mut rows = rows.into_iter();
    if let Some(marker) = marker {
        rows.by_ref().find(|row| id(row) == marker)?;
    }
    let rows: Vec<T> = match limit {
        Some(limit) => rows.take(limit).collect(),
        None => rows.collect(),
    };
    let full = limit.is_some_and(|limit| limit > 0 && rows.len() == limit);
    Some(Page { rows, full })
}

/// The smaller of what was asked and what is allowed.
pub(crate) fn effective_limit(asked: Option<usize>, allowed: Option<usize>) -> Option<usize> {
    match (asked, allowed) {
        (Some(asked), Some(allowed)) => Some(asked.min(allowed)),
        (asked, allowed) => asked.or(allowed),
    }
}

/// The query of the next page: the same one with another marker.
pub(crate) fn next_query(request: &Request, marker: &str) -> String {
    let mut query: Vec<String> = request
        .query
        .iter()
        .filter(|(key, _)| key != "marker")
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
        .collect();
    query.push(format!("marker={}", encode(marker)));
    query.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(marker: Option<&str>, limit: Option<usize>) -> Option<(Vec<&'static str>, bool)> {
        page(["a", "b", "c"], marker, limit, |row| row).map(|page| (page.rows, page.full))
    }

    #[test]
    fn pages_of_one_reach_every_row() {
        assert_eq!(ids(None, Some(1)), Some((vec!["a"], true)));
        assert_eq!(ids(Some("a"), Some(1)), Some((vec!["b"], true)));
        assert_eq!(ids(Some("c"), Some(1)), Some((vec![], false)));
    }

    #[test]
    fn an_unknown_marker_is_no_page() {
        assert_eq!(ids(Some("x"), None), None);
    }

    #[test]
    fn without_a_limit_all_rows_are_one_page() {
        assert_eq!(ids(None, None), Some((vec!["a", "b", "c"], false)));
        assert_eq!(effective_limit(Some(5), Some(2)), Some(2));
        assert_eq!(effective_limit(None, Some(2)), Some(2));
    }
}
