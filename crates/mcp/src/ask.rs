//! Nobody can be asked here; what that means is said in words that fit this door.

use cloudmesh_model::{Ask, Error, ErrorKind, Result, Secret};

/// The person who is not there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nobody;

impl Ask for Nobody {
    fn secret(&self, what: &str) -> Result<Secret> {
        Err(Error::new(
            ErrorKind::Refused,
            format!("{what} is needed, and no secret is taken from an assistant"),
        )
        .hint("a person must log in at the prompt first: any cm command that uses this place asks"))
    }

    fn confirm(&self, question: &str) -> Result<bool> {
        let what = question.trim_end_matches('?');
        Err(Error::new(ErrorKind::Refused, format!("this server may destroy nothing: {what}"))
            .hint("a person can apply the plan: cm plan apply ID; or start the server with --allow=destroy"))
    }

    fn text(&self, what: &str) -> Result<String> {
        Err(Error::new(ErrorKind::Refused, format!("{what} is needed, and nobody can be asked here"))
            .hint("give it as an argument"))
    }
}
