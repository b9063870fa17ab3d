//! Connections: HTTP/1 by hyper, one task each, with enough hold on the socket to drop it without an answer or to act
//! once an answer has gone out.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::clock::lock;
use crate::request::Request;
use crate::serving;
use crate::simulator::Shared;

/// The greatest body that is read.
const GREATEST_BODY: usize = 16 * 1024 * 1024;

type AfterAnswer = Box<dyn FnOnce() + Send>;

/// What a handler can do with the connection that its call came by.
pub(crate) struct Connection {
    pub(crate) theirs: SocketAddr,
    pub(crate) ours: SocketAddr,
    reset: AtomicBool,
    body_is_out: AtomicBool,
    after_answer: Mutex<Option<AfterAnswer>>,
}

impl Connection {
    /// What to do as soon as the answer under way has gone to the kernel in full.
    pub(crate) fn after_answer(&self, action: impl FnOnce() + Send + 'static) {
        self.body_is_out.store(false, Ordering::SeqCst);
        *lock(&self.after_answer) = Some(Box::new(action));
    }
}

/// The end of a connection without an answer.
#[derive(Debug)]
pub(crate) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the simulator dropped the connection")
    }
}

impl std::error::Error for Dropped {}

/// Serves one connection to its end.
pub(crate) async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let (Ok(theirs), Ok(ours)) = (stream.peer_addr(), stream.local_addr()) else { return };
    let _ = stream.set_nodelay(true);
    let connection = Arc::new(Connection {
        theirs,
        ours,
        reset: AtomicBool::new(false),
        body_is_out: AtomicBool::new(false),
        after_answer: Mutex::new(None),
    });
    let io = TokioIo::new(Socket { stream, connection: Arc::clone(&connection) });
    let service = service_fn(move |incoming: hyper::Request<Incoming>| {
        let (shared, connection) = (Arc::clone(&shared), Arc::clone(&connection));
        async move {
            let (parts, body) = incoming.into_parts();
            let answer = match read(body).await {
                Some(body) => {
                    let request = Request::new(parts.method, &parts.uri, parts.headers, body);
                    serving::answer(&shared, &connection, request).await
                }
                None => Ok(Answer::empty(413)),
            };
            let answer = answer.inspect_err(|Dropped| connection.reset.store(true, Ordering::SeqCst))?;
            let (status, headers, body) = answer.into_parts();
            let mut response = hyper::Response::new(AnswerBody { bytes: Some(body), connection });
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok::<_, Dropped>(response)
        }
    });
    // An error here is a client that went away, or a connection that was dropped on purpose.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
}

async fn read(mut body: Incoming) -> Option<Bytes> {
    let mut whole = Vec::new();
    loop {
        match std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            None => return Some(whole.into()),
            Some(Err(_)) => return None,
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    if whole.len() + data.len() > GREATEST_BODY {
                        return None;
                    }
                    whole.extend_from_slice(&data);
                }
            }
        }
    }
}

/// A body in one piece that says when it was handed over.
struct AnswerBody {
    bytes: Option<Bytes>,
    connection: Arc<Connection>,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let bytes = self.bytes.take().filter(|bytes| !bytes.is_empty());
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.connection.body_is_out.store(true, Ordering::SeqCst);
    }
}

/// The socket below hyper.
struct Socket {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        // hyper flushes the socket only after its own buffers are empty.
        if flushed.is_ready() && self.connection.body_is_out.load(Ordering::SeqCst) {
            let action = lock(&self.connection.after_answer).take();
            if let Some(action) = action {
                action();
            }
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.connection.reset.load(Ordering::SeqCst) {
            // A reset rather than an orderly end, as when a machine in between goes away.
            let _ = self.stream.set_zero_linger();
        }
    }
}
