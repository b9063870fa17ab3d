//! Operations on threads of their own. Whoever waits does so without the interpreter's lock.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cloudmesh_client::engine::Interrupts;
use cloudmesh_client::{Entry, Envelope, Kind, Mesh};
use cloudmesh_model::{Ask, Error, ErrorKind, Refuse, Result, Secret};
use cloudmesh_prompt::surroundings;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tokio::sync::watch;

use crate::gathered::{Gathering, Shared, Told};
use crate::table::Rows;
use crate::values::{to_json, to_python};

/// How often a waiting thread lets Python look for signals.
const LOOK: Duration = Duration::from_millis(50);
/// Pieces of a stream that may wait to be read.
const WAITING: usize = 64;

/// Kind, message, place, hint, context of an error.
type Fault = (String, String, Option<String>, Option<String>, Vec<(String, String)>);

/// Position, kind, id, place of a change, and whether the document was taken away.
type Change = (u64, String, String, String, bool);

/// What Python says of itself and the operation that is to run.
pub(crate) struct Caller {
    home: Option<String>,
    executable: PathBuf,
}

impl Caller {
    fn mesh(&self, interrupts: Interrupts) -> Result<Mesh> {
        let mut surroundings = surroundings();
        if let Some(home) = &self.home {
            surroundings.variables.insert("CLOUDMESH_HOME".to_owned(), home.clone());
        }
        cloudmesh_program::PROGRAM.mesh(
            &surroundings,
            self.executable.clone(),
            "python",
            Arc::new(Nobody),
            interrupts,
        )
    }
}

/// Nobody is asked in the middle of a program.
struct Nobody;

impl Ask for Nobody {
    fn secret(&self, what: &str) -> Result<Secret> {
        Err(Error::new(ErrorKind::Refused, format!("{what} is needed, and nobody can be asked here"))
            .hint("log in at the prompt first: any cm command that uses this place asks"))
    }

    fn confirm(&self, question: &str) -> Result<bool> {
        let what = question.trim_end_matches('?');
        Err(Error::new(ErrorKind::Refused, format!("not confirmed: {what}"))
            .hint("say yes=True, or look at the plan first: dryrun=True, then apply()"))
    }

    fn text(&self, what: &str) -> Result<String> {
        Refuse.text(what)
    }
}

/// How an operation ended, for those who wait.
#[derive(Default)]
struct End {
    ended: bool,
    error: Option<Error>,
    callbacks: Vec<Py<PyAny>>,
}

#[derive(Default)]
struct Ending {
    end: Mutex<End>,
    changed: Condvar,
}

impl Ending {
    fn lock(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reached(&self, error: Option<Error>) {
        let callbacks = {
            let mut end = self.lock();
            end.ended = true;
            end.error = error;
            std::mem::take(&mut end.callbacks)
        };
        self.changed.notify_all();
        if !callbacks.is_empty() {
            Python::try_attach(|py| {
                for callback in callbacks {
                    // A callback of ours that cannot be called belongs to a loop that has ended.
                    let _ = callback.call0(py);
                }
            });
        }
    }
}

/// An operation that was started.
#[pyclass(frozen, module = "cloudmesh._native")]
pub(crate) struct Running {
    shared: Shared,
    ending: Arc<Ending>,
    interrupts: watch::Sender<u8>,
    cancel: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
    chunks: Mutex<Option<Receiver<Vec<u8>>>>,
    orderly: bool,
}

/// Starts an operation.
#[pyfunction]
#[pyo3(signature = (home, executable, operation, input, *, refresh=false, dryrun=false, save=false, yes=false, wait=None))]
#[expect(clippy::too_many_arguments, reason = "they are Python's keyword arguments")]
pub(crate) fn start(
    home: Option<String>,
    executable: PathBuf,
    operation: &str,
    input: &Bound<'_, PyDict>,
    refresh: bool,
    dryrun: bool,
    save: bool,
    yes: bool,
    wait: Option<bool>,
) -> PyResult<Running> {
    let entry = cloudmesh_program::PROGRAM
        .catalogue
        .find(operation)
        .ok_or_else(|| PyValueError::new_err(format!("no operation is called {operation}")))?;
    let input = to_json(input.as_any())?;
    let envelope = Envelope { refresh, dry_run: dryrun, save, yes, wait, ..Envelope::default() };
    let (interrupts, counted) = watch::channel(0_u8);
    let (sender, chunks) = sync_channel(WAITING);
    let (cancel, cancelled) = tokio::sync::oneshot::channel();
    let shared = Shared::default();
    let ending = Arc::new(Ending::default());
    let running = Running {
        shared: shared.clone(),
        ending: Arc::clone(&ending),
        interrupts,
        cancel: Mutex::new(Some(cancel)),
        chunks: Mutex::new(Some(chunks)),
        orderly: entry.kind == Kind::Change,
    };
    let caller = Caller { home, executable };
    let work = move || {
        let mut door = Gathering::new(shared, sender);
        let result = run(&caller, entry, input, &envelope, counted, cancelled, &mut door);
        drop(door);
        ending.reached(result.err());
    };
    std::thread::Builder::new()
        .name(format!("cloudmesh {operation}"))
        .spawn(work)
        .map_err(|error| PyRuntimeError::new_err(format!("no thread can be started: {error}")))?;
    Ok(running)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("the runtime cannot be started: {error}")))
}

fn run(
    caller: &Caller,
    entry: &'static Entry,
    input: serde_json::Value,
    envelope: &Envelope,
    counted: watch::Receiver<u8>,
    cancelled: tokio::sync::oneshot::Receiver<()>,
    door: &mut Gathering,
) -> Result<()> {
    let input = entry.from_json(input)?;
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let mesh = caller.mesh(Interrupts::from_counter(counted))?;
        tokio::select! {
            result = entry.run(&mesh, input, envelope, door) => result,
            Ok(()) = cancelled => Err(Error::new(ErrorKind::Interrupted, "interrupted")),
        }
    });
    runtime.shutdown_background();
    result
}

#[pymethods]
impl Running {
    /// Waits until it has ended, `seconds` at most; says whether it has. Ctrl-C gets through.
    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        let until = Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or(LOOK);
        loop {
            let ended = py.detach(|| {
                let end = self.ending.lock();
                if end.ended {
                    return true;
                }
                let left = until.saturating_duration_since(Instant::now()).min(LOOK);
                let waited = self.ending.changed.wait_timeout(end, left);
                waited.unwrap_or_else(PoisonError::into_inner).0.ended
            });
            py.check_signals()?;
            if ended || Instant::now() >= until {
                return Ok(ended);
            }
        }
    }

    /// Whether it has ended.
    fn ended(&self) -> bool {
        self.ending.lock().ended
    }

    /// Asks it to stop: a change makes no new calls and waits for those under way, once; the second time, and
    /// anything else, it leaves at once.
    fn interrupt(&self) {
        self.interrupts.send_modify(|count| *count = count.saturating_add(1));
        if !self.orderly
            && let Some(cancel) = self.cancel.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            // Who has ended does not hear it.
            let _ = cancel.send(());
        }
    }

    /// Calls `callback` when it has ended, at once if it has; from any thread.
    fn when_ended(&self, callback: Bound<'_, PyAny>) -> PyResult<()> {
        let mut end = self.ending.lock();
        if end.ended {
            drop(end);
            callback.call0()?;
        } else {
            end.callbacks.push(callback.unbind());
        }
        Ok(())
    }

    /// What a plan told since the last call.
    fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.shared.lock().told)
    }

    /// Why it failed: kind, message, place, hint, context.
    fn error(&self) -> Option<Fault> {
        let end = self.ending.lock();
        let error = end.error.as_ref()?;
        Some((
            kind(error),
            error.message().to_owned(),
            error.place().map(str::to_owned),
            error.hint_text().map(str::to_owned),
            error.context().to_vec(),
        ))
    }

    /// The rows of a query; `None` if it is none or did not come so far. They are handed over once.
    fn rows(&self, py: Python<'_>) -> Option<Rows> {
        let (noun, rows) = {
            let mut gathered = self.shared.lock();
            (gathered.noun.filter(|_| gathered.whole)?, std::mem::take(&mut gathered.rows))
        };
        Some(Rows::new(py, noun, rows))
    }

    /// The document that the prompt writes with `-o json`; for a query, without its rows.
    fn document<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let document = self.shared.lock().document.clone();
        document.as_ref().map(|document| to_python(py, document)).transpose()
    }

    /// What to run in a terminal: arguments, environment, what it leads to.
    fn attachment<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(attachment) = self.shared.lock().attachment.clone() else { return Ok(None) };
        let dict = PyDict::new(py);
        dict.set_item("argv", attachment.argv)?;
        dict.set_item("environment", attachment.environment)?;
        dict.set_item("about", attachment.about)?;
        Ok(Some(dict))
    }

    /// The next piece of a stream, waited for `seconds` at most: bytes; `None` if it is over, `False` if nothing
    /// came in time. Ctrl-C gets through.
    fn chunk<'py>(&self, py: Python<'py>, seconds: f64) -> PyResult<Bound<'py, PyAny>> {
        let until = Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or(LOOK);
        loop {
            let got = py.detach(|| {
                let chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
                let left = until.saturating_duration_since(Instant::now()).min(LOOK);
                match chunks.as_ref() {
                    Some(chunks) => chunks.recv_timeout(left),
                    None => Err(RecvTimeoutError::Disconnected),
                }
            });
            py.check_signals()?;
            match got {
                Ok(bytes) => return Ok(PyBytes::new(py, &bytes).into_any()),
                Err(RecvTimeoutError::Disconnected) => return Ok(py.None().into_bound(py)),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                    return Ok(false.into_pyobject(py)?.to_owned().into_any());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Reads no more of a stream.
    fn close(&self) {
        self.interrupt();
        if let Ok(mut chunks) = self.chunks.try_lock() {
            chunks.take();
        }
    }
}

fn kind(error: &Error) -> String {
    serde_json::to_value(error.kind())
        .ok()
        .and_then(|kind| kind.as_str().map(str::to_owned))
        .unwrap_or_else(|| "internal".to_owned())
}

fn failed(error: &Error) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

/// The position of the newest change in the store.
#[pyfunction]
pub(crate) fn latest(py: Python<'_>, home: Option<String>, executable: PathBuf) -> PyResult<u64> {
    py.detach(|| {
        let mesh = Caller { home, executable }.mesh(Interrupts::never())?;
        runtime()?.block_on(mesh.store()?.latest())
    })
    .map_err(|error| failed(&error))
}

/// Changes in the store after `after`: position, kind, id, place, whether it was taken away.
#[pyfunction]
pub(crate) fn events(
    py: Python<'_>,
    home: Option<String>,
    executable: PathBuf,
    after: u64,
    limit: usize,
) -> PyResult<Vec<Change>> {
    py.detach(|| {
        let mesh = Caller { home, executable }.mesh(Interrupts::never())?;
        let events = runtime()?.block_on(mesh.store()?.events(after, limit))?;
        Ok(events
            .into_iter()
            .map(|event| (event.sequence, event.kind, event.id, event.place, event.deleted))
            .collect())
    })
    .map_err(|error: Error| failed(&error))
}
