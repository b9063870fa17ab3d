//! Waiting for other processes: with jitter, so that fifty of them do not march in step, and never
//! longer than was agreed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::ErrorCode;

/// How long one connection waits, and until when it does so now.
#[derive(Debug)]
pub(crate) struct Patience {
    total: Duration,
    until: Mutex<Instant>,
}

impl Patience {
    pub(crate) fn new(total: Duration) -> Self {
        Self { total, until: Mutex::new(Instant::now() + total) }
    }

    pub(crate) fn total(&self) -> Duration {
        self.total
    }

    /// The time that is granted begins anew.
    pub(crate) fn begin(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + self.total;
    }

    /// Sleeps a little, longer with each attempt, or says that the time is over.
    pub(crate) fn wait(&self, attempt: u32) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() >= until {
            return false;
        }
        let most = 1_000 * u64::from(attempt.saturating_add(1).min(25));
        std::thread::sleep(Duration::from_micros(fastrand::u64(most / 2..=most)));
        true
    }

    /// Does `work` again and again while others are in its way. SQLite's own busy handler waits in most
    /// cases; it is not asked where two could wait for each other, or while a log is being recovered.
    pub(crate) fn run<T>(&self, mut work: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.begin();
        let mut attempt = 0;
        loop {
            match work() {
                Err(error) if is_busy(&error) && self.wait(attempt) => attempt += 1,
                result => return result,
            }
        }
    }
}

/// Whether somebody else was in the way.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
    }

    #[test]
    fn work_is_repeated_while_others_are_in_its_way() {
        let mut failures = 3;
        let result = Patience::new(Duration::from_secs(30)).run(|| {
            if failures == 0 {
                return Ok("done");
            }
            failures -= 1;
            Err(busy())
        });
        assert_eq!(result, Ok("done"));
    }

    #[test]
    fn patience_ends() {
        let result: rusqlite::Result<()> = Patience::new(Duration::ZERO).run(|| Err(busy()));
        assert_eq!(result, Err(busy()));
    }
}
