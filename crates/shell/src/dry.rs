//! A dry run of a whole script: settings are made in a copy that is thrown away, changes are only planned, and
//! their plans become one.

use std::cell::RefCell;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use cloudmesh_client::engine::Interrupts;
use cloudmesh_client::journal::StoredPlan;
use cloudmesh_client::{Door, Home, records};
use cloudmesh_model::{Clock, Error, ErrorKind, Result, Secret, SecretStore};
use cloudmesh_present::{TextDoor, TextOptions};
use cloudmesh_prompt::{Context, Program, Shown, runtime, style};
use cloudmesh_resource::{Plan, Step};
use cloudmesh_store::overlay::Overlay;
use cloudmesh_store::{Change, Expected, Store};

use crate::script::{self, Script};
use crate::shell::Shell;

/// What the commands of a dry run share.
type Tried = (Arc<dyn Store>, Arc<dyn SecretStore>);

thread_local! {
    /// That of the dry run that is under way.
    static TRIED: RefCell<Option<Tried>> = const { RefCell::new(None) };
}

fn store(_: &Path, _: Arc<dyn Clock>) -> Result<Arc<dyn Store>> {
    TRIED
        .with_borrow(|tried| tried.as_ref().map(|(store, _)| store.clone()))
        .ok_or_else(|| Error::internal("no dry run is under way"))
}

fn secrets(_: &Path) -> Arc<dyn SecretStore> {
    TRIED.with_borrow(|tried| tried.as_ref().map(|(_, secrets)| secrets.clone())).unwrap_or(Arc::new(Nothing))
}

/// Secrets that can be read and not be changed.
struct ReadOnly(Arc<dyn SecretStore>);

impl SecretStore for ReadOnly {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        self.0.get(name)
    }

    fn put(&self, _: &str, _: &Secret) -> Result<()> {
        Ok(())
    }

    fn delete(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>> {
        self.0.names(prefix)
    }
}

/// No secrets.
struct Nothing;

impl SecretStore for Nothing {
    fn get(&self, _: &str) -> Result<Option<Secret>> {
        Ok(None)
    }

    fn put(&self, _: &str, _: &Secret) -> Result<()> {
        Ok(())
    }

    fn delete(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn names(&self, _: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Shows what a script would do, as one plan. The value is the exit code: of the first line that cannot be
/// planned, if there is one.
///
/// # Errors
/// When the folder for trying cannot be made.
pub(crate) fn run(context: &Context<'_>, script: Script) -> Result<u8> {
    let shell = Shell::of(context)?;
    let title = format!("run {}", script.name());
    let folder = shell.home.private(&format!("dry-{}", std::process::id()))?;
    let result = within(context, script, &folder);
    TRIED.set(None);
    let _ = std::fs::remove_dir_all(&folder);
    let (code, plans) = result?;
    let style = |stream: &std::io::Stdout| style(context.surroundings, &context.preferences.borrow(), stream);
    let options = TextOptions { stdout: style(&std::io::stdout()), ..TextOptions::default() };
    if plans.is_empty() {
        let _ =
            writeln!(std::io::stderr(), "{title}: no command of it changes anything outside of our folder");
        return Ok(code);
    }
    let mut door = TextDoor::new(Box::new(std::io::stdout()), Box::new(std::io::stderr()), options);
    door.plan(&one(&title, plans)?, false);
    door.finish()?;
    Ok(code)
}

fn within(context: &Context<'_>, script: Script, folder: &Path) -> Result<(u8, Vec<Plan>)> {
    let shell = Shell::of(context)?;
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Store, format!("{} cannot be used: {error}", folder.display()))
    };
    let configuration = shell.home.configuration();
    if configuration.exists() {
        std::fs::copy(&configuration, folder.join("cloudmesh.yaml")).map_err(failed)?;
    }
    let mesh = context.mesh(Interrupts::never())?;
    let over: Arc<dyn Store> = Arc::new(Overlay::new(mesh.store()?.clone()));
    TRIED.set(Some((over.clone(), Arc::new(ReadOnly(mesh.parts().secrets.clone())))));
    let program = Program { open_store: store, open_secrets: secrets, ..*context.program };
    let mut surroundings = context.surroundings.clone();
    surroundings.variables.insert("CLOUDMESH_HOME".to_owned(), folder.display().to_string());
    let tried = Shell::new(Home::at(folder.to_owned()));
    let shown = Shown::default();
    let inner = Context {
        program: &program,
        surroundings: &surroundings,
        shown: Some(&shown),
        keeper: &tried,
        inside: true,
        ..*context
    };
    let code = script::run(&inner, script.keep_going(true))?;
    Ok((code, shown.take()))
}

/// Writes what the newest plan will make into the store of the dry run, so that later lines find it.
///
/// # Errors
/// The store's.
pub(crate) fn foresee(context: &Context<'_>) -> Result<()> {
    let Some(shown) = context.shown else { return Ok(()) };
    let plans = shown.borrow();
    let Some(plan) = plans.last() else { return Ok(()) };
    let mesh = context.mesh(Interrupts::never())?;
    let store = mesh.store()?;
    runtime()?.block_on(async {
        let Some(stored) = store.get("plan", plan.id.as_str()).await? else { return Ok(()) };
        let planned: StoredPlan = records::from_body(&stored.document)?;
        let mut changes = planned.own_changes;
        for thing in &planned.placeholders {
            changes.push(Change::Put(records::thing_document(thing)?, Expected::Any));
        }
        store.apply(changes).await.map(drop)
    })
}

/// One plan of several: each begins when the one before it is done.
fn one(title: &str, plans: Vec<Plan>) -> Result<Plan> {
    let mut plans = plans.into_iter();
    let mut whole = plans.next().ok_or_else(|| Error::internal("there is no plan"))?;
    let mut before = 0;
    for plan in plans {
        let offset = whole.steps.len();
        let previous: Vec<usize> = (before..offset).collect();
        let moved = plan.steps.into_iter().map(|step| Step {
            after: if step.after.is_empty() {
                previous.clone()
            } else {
                step.after.iter().map(|number| number + offset).collect()
            },
            ..step
        });
        whole.steps.extend(moved);
        whole.facts.extend(plan.facts);
        whole.filled.extend(plan.filled);
        whole.reserved.extend(plan.reserved);
        whole.irreversible.extend(plan.irreversible);
        whole.expires = whole.expires.min(plan.expires);
        before = offset;
    }
    whole.filled.dedup();
    title.clone_into(&mut whole.title);
    "script".clone_into(&mut whole.operation);
    Ok(whole)
}
