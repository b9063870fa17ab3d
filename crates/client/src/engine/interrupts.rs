//! Ctrl-C, as something that is given.

use tokio::sync::watch;

/// How often the user asked to stop.
#[derive(Clone, Debug)]
pub struct Interrupts(watch::Receiver<u8>);

impl Interrupts {
    /// Interrupts that are counted elsewhere.
    #[must_use]
    pub fn from_counter(counter: watch::Receiver<u8>) -> Self {
        Self(counter)
    }

    /// Nobody ever interrupts.
    #[must_use]
    pub fn never() -> Self {
        Self(watch::channel(0).1)
    }

    /// How often so far.
    #[must_use]
    pub fn count(&self) -> u8 {
        *self.0.borrow()
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
