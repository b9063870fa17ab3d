//! Live names for completion and menus: from the store and the configuration, never from a cloud.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use cloudmesh_client::engine::Interrupts;
use cloudmesh_client::{Mesh, places};
use cloudmesh_model::{Noun, Result};
use cloudmesh_prompt::{Context, Preferences, Program, runtime};
use cloudmesh_resource::{Family, Surroundings};
use cloudmesh_store::Store;

/// More than these are never offered at once: nobody reads them, and a longer beginning finds the rest.
const OFFERED: usize = 500;

/// A name, with what is said about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) name: String,
    pub(crate) about: String,
}

/// Finds names.
pub(crate) struct Names {
    program: Program,
    surroundings: Surroundings,
    runtime: tokio::runtime::Runtime,
    store: Option<Arc<dyn Store>>,
}

impl Names {
    pub(crate) fn new(context: &Context<'_>) -> Result<Self> {
        Ok(Self {
            program: *context.program,
            surroundings: context.surroundings.clone(),
            runtime: runtime()?,
            store: None,
        })
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    fn mesh(&self) -> Result<Mesh> {
        let preferences = RefCell::new(Preferences::default());
        Context {
            program: &self.program,
            surroundings: &self.surroundings,
            preferences: &preferences,
            door: "shell",
            inside: true,
            shown: None,
            keeper: &(),
        }
        .mesh(Interrupts::never())
    }

    fn store(&mut self) -> Result<Arc<dyn Store>> {
        if let Some(store) = &self.store {
            return Ok(store.clone());
        }
        let store = self.mesh()?.store()?.clone();
        self.store = Some(store.clone());
        Ok(store)
    }

    /// Names of the places of a family that begin with `begin`.
    pub(crate) fn places(&self, family: Family, begin: &str) -> Vec<Name> {
        let Ok(mesh) = self.mesh() else { return Vec::new() };
        let Ok(all) = mesh.places() else { return Vec::new() };
        let mut found: Vec<Name> = all
            .of(family)
            .filter(|place| place.name.starts_with(begin))
            .map(|place| Name { name: place.name.clone(), about: place.heading.clone() })
            .collect();
        found.sort();
        found
    }

    /// The cells of one column in the rows that the store has of a kind, those that begin with `begin`; with
    /// the cell of another column as what is said about them.
    pub(crate) fn stored(&mut self, noun: &Noun, column: &str, about: &str, begin: &str) -> Vec<Name> {
        let Some(position) = noun.position(column) else { return Vec::new() };
        self.column(noun.name, position, noun.position(about), begin)
    }

    /// As [`Names::stored`], by the columns' positions.
    pub(crate) fn column(
        &mut self,
        kind: &str,
        position: usize,
        about: Option<usize>,
        begin: &str,
    ) -> Vec<Name> {
        let Ok(store) = self.store() else { return Vec::new() };
        let mut found = BTreeSet::new();
        let mut each = |listed: cloudmesh_store::Listed| {
            let cell = listed.row.cell(position);
            if cell.starts_with(begin) && !cell.is_empty() {
                let about = about.map_or("", |about| listed.row.cell(about));
                found.insert(Name { name: cell.to_owned(), about: about.to_owned() });
                if found.len() > OFFERED {
                    found.pop_last();
                }
            }
        };
        if self.runtime.block_on(store.list(kind, None, &mut each)).is_err() {
            // Another process may have replaced it.
            self.store = None;
            return Vec::new();
        }
        found.into_iter().collect()
    }

    /// The names of things of a kind (its first column) at one place.
    pub(crate) fn at(&mut self, kind: &str, place: &str) -> Vec<Name> {
        let Ok(store) = self.store() else { return Vec::new() };
        let mut found = Vec::new();
        let places = [place.to_owned()];
        let mut each = |listed: cloudmesh_store::Listed| {
            let about: Vec<&str> = listed.row.cells().skip(1).take(3).collect();
            found.push(Name { name: listed.row.cell(0).to_owned(), about: about.join("  ") });
        };
        let _ = self.runtime.block_on(store.list(kind, Some(&places), &mut each));
        found.sort();
        found
    }

    /// The cloud that is meant where none is named.
    pub(crate) fn cloud(&mut self) -> Option<String> {
        let mesh = self.mesh().ok()?;
        let chosen = self.runtime.block_on(places::for_change(&mesh, Family::Compute, None)).ok();
        chosen.map(|(name, _)| name)
    }

    /// Paths of the configuration that hold a value and begin with `begin`; nothing of credentials.
    pub(crate) fn settings(&self, begin: &str) -> Vec<Name> {
        let Ok(mesh) = self.mesh() else { return Vec::new() };
        let path = mesh.home().configuration();
        let text = cloudmesh_client::configuration::read_text(&path).ok().flatten().unwrap_or_default();
        cloudmesh_client::configuration::paths(&text)
            .into_iter()
            .filter(|path| path.starts_with(begin))
            .map(|name| Name { name, about: String::new() })
            .collect()
    }
}
