//! `reset`: defaults, variables and groups as on the first day.

use cloudmesh_client::Mesh;
use cloudmesh_client::door::Settled;
use cloudmesh_client::operation::{Example, Input, Operation, Setting};
use cloudmesh_client::settings::{DEFAULT, GROUP, VARIABLE};
use cloudmesh_model::Result;
use cloudmesh_store::{Change, Expected};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Forgets all defaults, variables and groups; `undo` brings them back.
///
/// Registered clouds and clusters, keys, plans and the log stay, and so does everything that runs.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetInput {}

impl Input for ResetInput {}

/// `reset`.
pub struct Reset;

impl Operation for Reset {
    const NAME: &'static str = "reset";
    const EXAMPLES: &'static [Example] = &[Example { about: "Begin anew", command: "reset" }];
    type Input = ResetInput;
}

impl Setting for Reset {
    async fn settle(mesh: &Mesh, _: ResetInput) -> Result<Settled> {
        let mut settled = Settled::default();
        let mut said = Vec::new();
        for noun in [&DEFAULT, &VARIABLE, &GROUP] {
            let stored = mesh.store()?.documents(noun.name, "").await?;
            said.push(format!(
                "{} {}",
                stored.len(),
                if noun.name == GROUP.name { "members of groups" } else { noun.plural }
            ));
            for there in stored {
                settled.changes.push(Change::Delete {
                    kind: noun.name.to_owned(),
                    id: there.document.id.clone(),
                    expected: Expected::Version(there.version),
                });
                settled.inverse.push(Change::Put(there.document, Expected::Any));
            }
        }
        settled.message = format!("forgotten: {}; cm undo brings them back", said.join(", "));
        Ok(settled)
    }
}
