//! Between typed records and the store's documents.

use cloudmesh_model::cloud_things::{
    Network, Port, Router, SecurityGroup, ServerGroup, Subnet, Volume, VolumeSnapshot,
};
use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server};
use cloudmesh_model::job::Job;
use cloudmesh_model::{Error, ErrorKind, Record, Result, ThingKind};
use cloudmesh_resource::Thing;
use cloudmesh_store::{Document, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The document of a record.
///
/// # Errors
/// Never in practice: records are plain data.
pub fn document<R: Record>(record: &R) -> Result<Document> {
    Ok(Document {
        kind: R::NOUN.name.to_owned(),
        id: record.id().as_str().to_owned(),
        place: record.place().to_owned(),
        row: record.row().packed().to_owned(),
        body: body(record)?,
    })
}

/// The JSON of a value.
///
/// # Errors
/// Never in practice: what is stored is plain data.
pub fn body<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal(format!("a document cannot be written: {error}")))
}

/// The value in a document.
///
/// # Errors
/// When the document is of another version of Cloudmesh.
pub fn from_body<T: DeserializeOwned>(document: &Document) -> Result<T> {
    serde_json::from_str(&document.body).map_err(|error| {
        Error::new(
            ErrorKind::Store,
            format!("the stored {} {} is not understood", document.kind, document.id),
        )
        .with("reason", error)
        .hint("a newer version of Cloudmesh may have written it; use that version, or refresh")
    })
}

/// The document of a thing of any kind.
///
/// # Errors
/// Never in practice.
pub fn thing_document(thing: &Thing) -> Result<Document> {
    match thing {
        Thing::Server(server) => document(server),
        Thing::Image(image) => document(image),
        Thing::Flavor(flavor) => document(flavor),
        Thing::Key(key) => document(key),
        Thing::Address(address) => document(address),
        Thing::Job(job) => document(job),
        Thing::Network(thing) => document(thing),
        Thing::Subnet(thing) => document(thing),
        Thing::Router(thing) => document(thing),
        Thing::Port(thing) => document(thing),
        Thing::SecurityGroup(thing) => document(thing),
        Thing::Volume(thing) => document(thing),
        Thing::VolumeSnapshot(thing) => document(thing),
        Thing::ServerGroup(thing) => document(thing),
    }
}

/// The thing of `kind` in a document.
///
/// # Errors
/// When the document is of another version of Cloudmesh.
pub fn thing(kind: ThingKind, document: &Document) -> Result<Thing> {
    Ok(match kind {
        ThingKind::Server => Thing::Server(from_body::<Server>(document)?),
        ThingKind::Image => Thing::Image(from_body::<Image>(document)?),
        ThingKind::Flavor => Thing::Flavor(from_body::<Flavor>(document)?),
        ThingKind::Key => Thing::Key(from_body::<KeyPair>(document)?),
        ThingKind::Address => Thing::Address(from_body::<FloatingAddress>(document)?),
        ThingKind::Job => Thing::Job(from_body::<Job>(document)?),
        ThingKind::Network => Thing::Network(from_body::<Network>(document)?),
        ThingKind::Subnet => Thing::Subnet(from_body::<Subnet>(document)?),
        ThingKind::Router => Thing::Router(from_body::<Router>(document)?),
        ThingKind::Port => Thing::Port(from_body::<Port>(document)?),
        ThingKind::SecurityGroup => Thing::SecurityGroup(from_body::<SecurityGroup>(document)?),
        ThingKind::Volume => Thing::Volume(from_body::<Volume>(document)?),
        ThingKind::VolumeSnapshot => Thing::VolumeSnapshot(from_body::<VolumeSnapshot>(document)?),
        ThingKind::ServerGroup => Thing::ServerGroup(from_body::<ServerGroup>(document)?),
        other => return Err(Error::internal(format!("{other} is not kept in the store"))),
    })
}

/// All records of a kind at some places (everywhere with `None`).
///
/// # Errors
/// The store's.
pub async fn all<R: Record>(store: &dyn Store, places: Option<&[String]>) -> Result<Vec<R>> {
    let stored = store.documents(R::NOUN.name, "").await?;
    stored
        .iter()
        .filter(|stored| places.is_none_or(|places| places.contains(&stored.document.place)))
        .map(|stored| from_body(&stored.document))
        .collect()
}
