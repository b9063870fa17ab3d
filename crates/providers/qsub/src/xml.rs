//! The XML of TORQUE and Grid Engine: several documents in one text, and Grid Engine's own way to write `<`.

use cloudmesh_model::{Error, ErrorKind, Result};
use roxmltree::{Document, Node, ParsingOptions};

/// Parses a text of any number of documents as one whose root holds them all.
pub(crate) fn with<T>(text: &str, read: impl FnOnce(Node<'_, '_>) -> T) -> Result<T> {
    let mut whole = String::with_capacity(text.len() + 16);
    whole.push_str("<all>");
    // Declarations may stand only at the beginning of a document.
    let mut rest = text;
    while let Some(begin) = rest.find("<?xml") {
        whole.push_str(&rest[..begin]);
        rest = match rest[begin..].find("?>") {
            Some(end) => &rest[begin + end + 2..],
            None => "",
        };
    }
    whole.push_str(rest);
    whole.push_str("</all>");
    // Names may hold what XML forbids.
    let whole: String = whole
        .chars()
        .map(|letter| if letter.is_control() && !letter.is_whitespace() { ' ' } else { letter })
        .collect();
    let options = ParsingOptions { nodes_limit: u32::MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&whole, options).map_err(|error| {
        Error::new(ErrorKind::Service, format!("the answer is not well-formed XML: {error}"))
            .hint("`qstat` on the login node shows what it says")
    })?;
    Ok(read(document.root_element()))
}

/// The text of the child called `name`.
pub(crate) fn child<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.children()
        .find(|child| child.has_tag_name(name))?
        .text()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Grid Engine writes `<` as `%lt;`.
pub(crate) fn unescape(text: &str) -> String {
    text.replace("%lt;", "<").replace("%gt;", ">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_documents_are_one() {
        let text = "<?xml version='1.0'?>\n<Data><Job><a>1 &amp; 2</a></Job></Data><Data><Job><a>\u{1}3</a></Job></Data>";
        let found = with(text, |root| {
            root.descendants()
                .filter(|node| node.has_tag_name("Job"))
                .filter_map(|job| child(job, "a").map(str::to_owned))
                .collect::<Vec<_>>()
        });
        assert_eq!(found.unwrap(), ["1 & 2", "3"]);
        assert_eq!(with("", |root| root.children().count()).unwrap(), 0);
        assert!(with("<a>", |_| ()).is_err());
    }
}
