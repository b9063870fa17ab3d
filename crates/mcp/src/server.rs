//! The server: requests in, operations run, answers out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudmesh_client::engine::Interrupts;
use cloudmesh_client::{Catalogue, Entry, Envelope, Kind, Mesh};
use cloudmesh_model::{Ask, Error, ErrorKind, Result};
use cloudmesh_present::{Style, check_columns, check_sort, error_json, error_text};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorCode, ErrorData,
    Implementation, JsonObject, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ServerHandler, ServiceExt};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::answer::Answer;
use crate::ask::Nobody;
use crate::permission::{Allow, Verdict, runs, verdict};
use crate::tools;

/// How long plans that run when the other side leaves may bring calls under way to their end.
const PARTING: Duration = Duration::from_secs(30);

/// What a server allows, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What it lets an assistant do.
    pub allow: Allow,
    /// How many things one plan may touch.
    pub most: usize,
    /// How many rows one answer may have.
    pub rows: usize,
    /// How many bytes of a stream one answer may have.
    pub bytes: usize,
    /// How long a stream is listened to.
    pub listen: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { allow: Allow::Read, most: 10, rows: 500, bytes: 64 * 1024, listen: Duration::from_secs(20) }
    }
}

/// Makes the mesh of one call. Each call has its own: what was registered meanwhile is there.
pub type Meshes = Arc<dyn Fn(Arc<dyn Ask>, Interrupts) -> Result<Mesh> + Send + Sync>;

struct Server {
    catalogue: Catalogue,
    meshes: Meshes,
    options: Options,
    running: Running,
}

/// Plans that run now.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<BTreeMap<u64, watch::Sender<u8>>>>);

impl Running {
    fn enter(&self) -> (u64, Interrupts) {
        let (sender, receiver) = watch::channel(0_u8);
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = running.last_key_value().map_or(0, |(last, _)| last + 1);
        running.insert(number, sender);
        (number, Interrupts::from_counter(receiver))
    }

    fn leave(&self, number: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    fn interrupt(&self, which: Option<u64>) {
        for (number, sender) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if which.is_none_or(|which| which == *number) {
                sender.send_modify(|count| *count = count.saturating_add(1));
            }
        }
    }

    fn empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Serves one client until it leaves. Plans that run then are stopped in order.
///
/// # Errors
/// When the other side does not speak the protocol.
pub async fn serve<R, W>(catalogue: Catalogue, meshes: Meshes, options: Options, from: R, to: W) -> Result<()>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let running = Running::default();
    let server = Server { catalogue, meshes, options, running: running.clone() };
    let failed = |error: String| Error::new(ErrorKind::Service, format!("the assistant's host: {error}"));
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(|error| Error::internal(format!("signals cannot be received: {error}")))?;
    let told = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    let served = async {
        let service = server.serve((from, to)).await.map_err(|error| failed(error.to_string()))?;
        service.waiting().await.map(drop).map_err(|error| failed(error.to_string()))
    };
    let ended = tokio::select! {
        ended = served => ended,
        () = told => Ok(()),
    };
    running.interrupt(None);
    let parted = async {
        while !running.empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // What is still under way after that is uncertain; the journal knows it.
    let _ = tokio::time::timeout(PARTING, parted).await;
    ended
}

/// Serves the client that is at this process's standard input and output, until it leaves or the process is
/// told to end.
///
/// # Errors
/// When the other side does not speak the protocol.
pub async fn serve_standard(catalogue: Catalogue, meshes: Meshes, options: Options) -> Result<()> {
    let (from, to) = rmcp::transport::io::stdio_pipes();
    serve(catalogue, meshes, options, from, to).await
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("cloudmesh", env!("CARGO_PKG_VERSION"));
        info.with_instructions(instructions(self.options))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all(self.catalogue, self.options.allow)))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(entry) = tools::find(self.catalogue, &request.name) else {
            let name = cloudmesh_model::noun::printable(&request.name).into_owned();
            return Err(ErrorData::new(ErrorCode::INVALID_PARAMS, format!("no tool is called {name}"), None));
        };
        let (document, error) = match self.call(entry, request.arguments.unwrap_or_default(), context).await {
            Ok((document, error)) => (document, error),
            Err(error) => (None, Some(error)),
        };
        Ok(result(document, error.as_ref()).into())
    }
}

impl Server {
    /// Runs one operation: its document, and what it failed with.
    async fn call(
        &self,
        entry: &'static Entry,
        mut arguments: JsonObject,
        context: RequestContext<RoleServer>,
    ) -> Result<(Option<Value>, Option<Error>)> {
        self.check(entry, &arguments)?;
        let taken = Taken::from(entry, &mut arguments)?;
        let input = entry.from_json(Value::Object(arguments))?;
        let envelope = Envelope {
            refresh: taken.refresh,
            dry_run: taken.dry_run,
            save: entry.kind == Kind::Change && !runs(entry),
            yes: self.options.allow >= Allow::Destroy,
            wait: taken.wait,
            most: Some(self.options.most),
            plan: None,
        };
        let mut answer = Answer::new(taken.columns, taken.sort, self.options.rows, self.options.bytes);
        if let Some(token) = context.meta.get_progress_token() {
            let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
            answer.tell(Box::new(move |done, all, said| drop(sender.send((done, all, said)))));
            let peer = context.peer.clone();
            tokio::spawn(async move {
                while let Some((done, all, said)) = events.recv().await {
                    let mut progress = ProgressNotificationParam::new(token.clone(), count(done));
                    progress.total = Some(count(all));
                    progress.message = Some(said);
                    // Who does not listen any more has no use for it.
                    let _ = peer.notify_progress(progress).await;
                }
            });
        }
        let (number, interrupts) = self.running.enter();
        let running = self.running.clone();
        let mesh = (self.meshes)(Arc::new(Nobody), interrupts);
        let listen = self.options.listen;
        let work = tokio::spawn(async move {
            let result = match mesh {
                Err(error) => Err(error),
                Ok(mesh) if entry.kind == Kind::Stream => {
                    let run = entry.run(&mesh, input, &envelope, &mut answer);
                    // What has come by then is the answer; the stream goes on without us.
                    tokio::time::timeout(listen, run).await.unwrap_or(Ok(()))
                }
                Ok(mesh) => entry.run(&mesh, input, &envelope, &mut answer).await,
            };
            running.leave(number);
            let error = result.err();
            answer.finish(error.as_ref()).map(|document| (document, error))
        });
        let cancelled = context.ct.clone();
        let running = self.running.clone();
        let watching = tokio::spawn(async move {
            cancelled.cancelled().await;
            running.interrupt(Some(number));
        });
        let done = work.await.map_err(|_| Error::internal("an operation ended without an answer"));
        watching.abort();
        done?
    }

    /// What this server does not let anybody do.
    fn check(&self, entry: &Entry, arguments: &JsonObject) -> Result<()> {
        let refused = |reason: String| Error::new(ErrorKind::Refused, reason);
        let name = tools::tool_name(entry.name);
        match verdict(entry) {
            Verdict::Never(reason) => return Err(refused(format!("{name} is not for assistants: {reason}"))),
            Verdict::From(level) if level > self.options.allow => {
                return Err(refused(format!(
                    "{name} is more than this server was started for, which is {}",
                    self.options.allow.as_str()
                ))
                .hint(format!("a person may start it with cm mcp --allow={}", level.as_str())));
            }
            Verdict::From(_) => {}
        }
        let plan = arguments.get("plan").and_then(Value::as_str);
        if tools::names_a_plan(entry) && plan.is_none_or(|plan| plan.len() < 8 || plan == "last") {
            return Err(Error::bad_input(format!("{name} takes the plan's id"))
                .hint("it stands in what the planning tool answered, and in plan_list"));
        }
        Ok(())
    }
}

/// A number of steps as the protocol counts them.
fn count(steps: usize) -> f64 {
    u32::try_from(steps).map_or(f64::MAX, f64::from)
}

/// The arguments that are not part of the input.
#[derive(Default)]
struct Taken {
    refresh: bool,
    columns: Vec<String>,
    sort: Option<String>,
    wait: Option<bool>,
    dry_run: bool,
}

impl Taken {
    fn from(entry: &Entry, arguments: &mut JsonObject) -> Result<Self> {
        let wrong = |name: &str| Error::bad_input(format!("`{name}` has a value of the wrong type"));
        let mut taken = Self::default();
        if let Some((noun, _)) = entry.rows {
            taken.refresh = take(arguments, "refresh").map_err(wrong)?.unwrap_or_default();
            taken.columns = take(arguments, "columns").map_err(wrong)?.unwrap_or_default();
            taken.sort = take(arguments, "sort").map_err(wrong)?;
            check_columns(noun, &taken.columns)?;
            if let Some(sort) = &taken.sort {
                check_sort(noun, sort)?;
            }
        }
        match entry.kind {
            Kind::Change if runs(entry) => {
                taken.dry_run = take(arguments, "dryrun").map_err(wrong)?.unwrap_or_default();
            }
            Kind::Change => taken.wait = take(arguments, "wait").map_err(wrong)?,
            _ => {}
        }
        Ok(taken)
    }
}

/// Takes an argument out; its name, if it has the wrong type.
fn take<T: serde::de::DeserializeOwned>(
    arguments: &mut JsonObject,
    name: &'static str,
) -> Result<Option<T>, &'static str> {
    match arguments.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value).map(Some).map_err(|_| name),
    }
}

/// One answer: the document twice, as the protocol asks for it, and the error in words.
fn result(document: Option<Value>, error: Option<&Error>) -> CallToolResult {
    let mut content = Vec::new();
    if let Some(document) = &document {
        content.push(ContentBlock::text(document.to_string()));
    }
    if let Some(error) = error {
        content.push(ContentBlock::text(error_text(error, Style::default(), false)));
    }
    // A list of which some places failed says so itself.
    let failed = error.is_some_and(|error| document.is_none() || error.kind() != ErrorKind::Partial);
    let mut result = if failed { CallToolResult::error(content) } else { CallToolResult::success(content) };
    result.structured_content = document.or_else(|| error.map(error_json));
    result
}

fn instructions(options: Options) -> String {
    let may = match options.allow {
        Allow::Read => "This server only reads.",
        Allow::Plan => "This server reads and plans. A person applies plans at the prompt: cm plan apply ID.",
        Allow::Change => {
            "This server reads, plans, and applies plans that destroy nothing. A person applies the others."
        }
        Allow::Destroy => "This server reads, plans, and applies plans.",
    };
    format!(
        "Cloudmesh manages virtual machines on many clouds and jobs on many clusters. {may} Tools that change \
         something only plan: they answer with a plan and its id; show it to the person, then call plan_apply with \
         the id. One plan touches at most {} things, one answer has at most {} rows. Lists are what was known \
         last (`as_of`); `refresh` asks the places again. `complete` says whether all places answered.",
        options.most, options.rows
    )
}
