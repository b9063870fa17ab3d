//! Following a list to its very end, whatever size the pages have.

use std::collections::HashMap;
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_transport::http::Answer;

use crate::catalogue::Service;
use crate::session::Session;
use crate::wire::escaped;

/// What a page says about the rest of its list.
pub(crate) struct PageEnd<'a> {
    /// The link to the next page.
    pub(crate) next: Option<&'a str>,
    /// Id of its first thing.
    pub(crate) first: Option<&'a str>,
    /// Id of its last thing.
    pub(crate) last: Option<&'a str>,
    /// Things on it.
    pub(crate) count: usize,
}

/// What a caller does with the page it just read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageUse {
    /// Its things are new.
    Take,
    /// The service ignored the marker and gave the first page once more: the list had been complete.
    Drop,
}

/// Asks for one page after the other.
pub(crate) struct Pager {
    service: Service,
    path: String,
    query: String,
    limit: Option<usize>,
    next: Option<String>,
    /// Whether the page under way was asked for by a marker of our own making.
    guessed: bool,
    first: Option<String>,
    pause: Duration,
    /// How often each marker came.
    seen: HashMap<String, u32>,
    empty: u32,
}

/// Empty pages with a link to a next one that are followed in a row.
const EMPTY_PAGES: u32 = 3;

/// How often the same page may come. A server that Nova hands to a cell while it lists it stands once among those
/// that are yet to be placed and once more among those of the cell, and may end a page both times; as long as it is
/// among both, the list goes on from the beginning of the cell.
const SAME_PAGES: u32 = 8;

/// A pause before a page that came before, for that server to arrive.
const PAUSE: Duration = Duration::from_millis(100);

impl Pager {
    /// A list at `path` of a service. `query` is sent with the first page.
    pub(crate) fn new(service: Service, path: &str, query: &str, limit: Option<usize>) -> Self {
        let mut query = query.to_owned();
        if let Some(limit) = limit {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&format!("limit={limit}"));
        }
        Self {
            service,
            path: path.to_owned(),
            next: Some(query.clone()),
            query,
            limit,
            guessed: false,
            first: None,
            pause: Duration::ZERO,
            seen: HashMap::new(),
            empty: 0,
        }
    }

    /// The next page, or `None` at the end.
    pub(crate) async fn page(&mut self, session: &Session) -> Result<Option<Answer>> {
        let Some(query) = self.next.take() else {
            return Ok(None);
        };
        if !self.pause.is_zero() {
            tokio::time::sleep(std::mem::take(&mut self.pause)).await;
        }
        let path = if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) };
        match session.get(self.service, &path).await {
            Ok(answer) => Ok(Some(answer)),
            // What the marker names was deleted since: no fault of whoever asked for the list.
            Err(error)
                if self.first.is_some()
                    && matches!(error.kind(), ErrorKind::BadInput | ErrorKind::NotFound) =>
            {
                Err(self.changed(&error))
            }
            Err(error) => Err(error),
        }
    }

    fn changed(&self, refusal: &Error) -> Error {
        Error::new(ErrorKind::Service, format!("the list {} changed while it was read", self.path))
            .hint("try again")
            .with("refusal", refusal.message())
            .temporary(None)
    }

    /// Learns from a page what comes next.
    pub(crate) fn advance(&mut self, page: &PageEnd<'_>) -> Result<PageUse> {
        if self.guessed && page.first.is_some() && page.first == self.first.as_deref() {
            return Ok(PageUse::Drop);
        }
        self.guessed = false;
        if self.first.is_none() {
            self.first = page.first.map(str::to_owned);
        }
        self.empty = if page.count == 0 { self.empty + 1 } else { 0 };
        if let Some(link) = page.next {
            // Only the query is taken: behind a proxy the link's host and path may be wrong, and our
            // token goes to the catalogue's endpoint only.
            let Some((_, query)) = link.split_once('?') else {
                return Err(self.broken("a link to the next page that leads nowhere"));
            };
            if self.empty >= EMPTY_PAGES {
                return Err(self.broken("empty pages without end"));
            }
            let marker = query.split('&').find_map(|pair| pair.strip_prefix("marker=")).unwrap_or(query);
            self.count(marker)?;
            self.next = Some(query.to_owned());
        } else if let (Some(limit), Some(last)) = (self.limit, page.last)
            && page.count == limit
        {
            let marker = escaped(last);
            self.count(&marker)?;
            self.guessed = true;
            self.next = Some(format!("{}&marker={marker}", self.query));
        }
        Ok(PageUse::Take)
    }

    fn count(&mut self, marker: &str) -> Result<()> {
        let times = self.seen.entry(marker.to_owned()).or_default();
        *times += 1;
        self.pause = PAUSE * (*times - 1);
        if *times >= SAME_PAGES { Err(self.broken("the same page again and again")) } else { Ok(()) }
    }

    /// Asks for what comes after `last` although the list said that it ends there, once for each `last`.
    pub(crate) fn look_beyond(&mut self, last: &str) {
        let marker = escaped(last);
        if self.next.is_some() || self.seen.contains_key(&marker) {
            return;
        }
        self.seen.insert(marker.clone(), 1);
        self.guessed = true;
        let query = if self.query.is_empty() { String::new() } else { format!("{}&", self.query) };
        self.next = Some(format!("{query}marker={marker}"));
    }

    /// Whether another page is to be asked for.
    pub(crate) fn goes_on(&self) -> bool {
        self.next.is_some()
    }

    fn broken(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Service,
            format!("the {} service gives {what} for the list {}", self.service.title(), self.path),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn end<'a>(next: Option<&'a str>, things: &'a [&'a str]) -> PageEnd<'a> {
        PageEnd { next, first: things.first().copied(), last: things.last().copied(), count: things.len() }
    }

    #[test]
    fn links_are_followed_by_their_query_only() {
        let mut pager = Pager::new(Service::Compute, "/servers/detail", "", Some(2));
        assert_eq!(pager.next.as_deref(), Some("limit=2"));
        let link = "https://evil.example/x?limit=2&marker=b";
        pager.advance(&end(Some(link), &["a", "b"])).unwrap();
        assert_eq!(pager.next.as_deref(), Some("limit=2&marker=b"));
    }

    #[test]
    fn a_marker_without_end_is_an_error() {
        let mut pager = Pager::new(Service::Compute, "/servers/detail", "", None);
        for _ in 1..SAME_PAGES {
            pager.advance(&end(Some("?marker=b"), &["a", "b"])).unwrap();
        }
        let error = pager.advance(&end(Some("?marker=b"), &["a", "b"])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service);
    }

    #[test]
    fn endless_empty_pages_are_an_error() {
        let mut pager = Pager::new(Service::Image, "/images", "", None);
        let outcomes: Vec<bool> = (0..5)
            .map(|number| pager.advance(&end(Some(&format!("?marker={number}")), &[])).is_ok())
            .collect();
        assert!(outcomes[0] && !outcomes[4], "{outcomes:?}");
    }

    #[test]
    fn a_service_that_knows_no_pages_is_asked_once_more_at_the_most() {
        let mut pager = Pager::new(Service::Network, "/floatingips", "", Some(2));
        pager.next = None;
        assert_eq!(pager.advance(&end(None, &["a", "b"])).unwrap(), PageUse::Take);
        assert_eq!(pager.next.take().as_deref(), Some("limit=2&marker=b"));
        assert_eq!(pager.advance(&end(None, &["a", "b"])).unwrap(), PageUse::Drop);
        assert_eq!(pager.next, None);
        let mut pager = Pager::new(Service::Network, "/floatingips", "", Some(2));
        pager.next = None;
        pager.advance(&end(None, &["a", "b", "c"])).unwrap();
        assert_eq!(pager.next, None);
    }

    proptest! {
        /// A service that honours limit and marker, with or without links, is read to its end, each thing once.
        #[test]
        fn every_list_is_read_to_its_end(total in 0_usize..40, limit in 1_usize..7, links: bool) {
            let ids: Vec<String> = (0..total).map(|number| format!("id {number}")).collect();
            let mut pager = Pager::new(Service::Network, "/x", "", Some(limit));
            let mut got = Vec::new();
            while let Some(query) = pager.next.take() {
                let marker = query.split('&').find_map(|pair| pair.strip_prefix("marker="));
                let from = marker.map_or(0, |marker| {
                    ids.iter().position(|id| escaped(id) == marker).unwrap() + 1
                });
                let page: Vec<&str> = ids[from..].iter().take(limit).map(String::as_str).collect();
                let link = page.last().map(|last| format!("?limit={limit}&marker={}", escaped(last)));
                let next = link.as_deref().filter(|_| links && page.len() == limit);
                if pager.advance(&end(next, &page)).unwrap() == PageUse::Take {
                    got.extend(page.iter().map(|id| (*id).to_owned()));
                }
            }
            prop_assert_eq!(got, ids);
        }
    }
}
