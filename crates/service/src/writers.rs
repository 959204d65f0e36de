//! A thread of its own for those who write usage, each for many callers at once.
//!
//! What the database answers them is read there at once. Where requests are answered it would wait behind hundreds of
//! those, and with it everybody whose events or units are in the same transaction. They share one core, of which they
//! mostly use a tenth: their time is the database's.

use std::future::Future;
use std::io;
use std::sync::{OnceLock, mpsc};
use std::thread;

use store::PgPool;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::limit::WRITERS;
use crate::usage::LANES;

/// Each has one at a time: those of events, of reservations and of commits.
const CONNECTIONS: usize = LANES + 2 * WRITERS;

#[derive(Debug)]
pub struct Writers {
    pool: PgPool,
    thread: OnceLock<Thread>,
}

#[derive(Debug)]
struct Thread {
    runtime: Handle,
    /// The thread ends with it.
    _kept: Option<oneshot::Sender<()>>,
}

impl Writers {
    /// On the database of a pool. Nothing is started before there is something to write.
    pub fn beside(pool: &PgPool) -> Self {
        let connections = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        Self {
            pool: store::pool_beside(pool, connections),
            thread: OnceLock::new(),
        }
    }

    /// For those who were spawned here alone: a connection is read where it was opened.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub fn spawn(&self, writer: impl Future<Output = ()> + Send + 'static) {
        let thread = self.thread.get_or_init(|| {
            start().unwrap_or_else(|error| {
                tracing::error!(%error, "Writers share a thread with requests: {error}");
                Thread {
                    runtime: Handle::current(),
                    _kept: None,
                }
            })
        });
        thread.runtime.spawn(writer);
    }
}

/// The thread makes its runtime itself: one that is dropped among another's tasks would panic.
fn start() -> io::Result<Thread> {
    let (kept, ended) = oneshot::channel();
    let (tells, told) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("usage-writers".to_owned())
        .spawn(move || {
            let built = Builder::new_current_thread().enable_all().build();
            let handle = built.as_ref().map(|runtime| runtime.handle().clone());
            // Whoever starts it waits for this.
            let _ = tells.send(handle.map_err(|error| io::Error::new(error.kind(), error.to_string())));
            if let Ok(runtime) = built {
                let _: Result<(), _> = runtime.block_on(ended);
            }
        })?;
    Ok(Thread {
        runtime: told.recv().map_err(io::Error::other)??,
        _kept: Some(kept),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;

    fn writers() -> Arc<Writers> {
        let pool = PgPool::connect_lazy("postgres://nobody@localhost/nothing").unwrap();
        Arc::new(Writers::beside(&pool))
    }

    #[tokio::test]
    async fn they_work_in_a_thread_of_their_own_that_ends_with_them() {
        struct Gone(Option<oneshot::Sender<()>>);
        impl Drop for Gone {
            fn drop(&mut self) {
                let _ = self.0.take().map(|gone| gone.send(()));
            }
        }
        let writers = writers();
        let (name, named) = oneshot::channel();
        writers.spawn(async move {
            let _ = name.send(thread::current().name().map(str::to_owned));
        });
        assert_eq!(named.await.unwrap().as_deref(), Some("usage-writers"));
        // One that waits for ever goes with the thread, and keeps nobody from it.
        let (gone, is_gone) = oneshot::channel();
        let gone = Gone(Some(gone));
        writers.spawn(async move {
            let _gone = gone;
            std::future::pending::<()>().await;
        });
        drop(writers);
        is_gone.await.unwrap();
    }

    #[tokio::test]
    async fn one_that_panics_takes_nobody_along() {
        let writers = writers();
        writers.spawn(async { panic!("a writer") });
        let (done, is_done) = oneshot::channel();
        let begun = Instant::now();
        writers.spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let _ = done.send(begun.elapsed());
        });
        assert!(is_done.await.unwrap() >= Duration::from_millis(1));
    }
}
