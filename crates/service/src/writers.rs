//! Threads of their own for those who write usage, each for many callers at once.
//!
//! What the database answers them is read there at once. Where requests are answered it would wait behind hundreds of
//! those, and with it everybody whose events or units are in the same transaction.

use std::future::Future;
use std::sync::OnceLock;

use store::PgPool;
use tokio::runtime::{Builder, Runtime};

use crate::limit::WRITERS;
use crate::usage::LANES;

/// One alone could not keep up with large batches of known events.
const THREADS: usize = 2;
/// Each has one at a time: those of events, of reservations and of commits.
const CONNECTIONS: usize = LANES + 2 * WRITERS;

#[derive(Debug)]
pub struct Writers {
    pool: PgPool,
    /// None where it could not be started.
    runtime: OnceLock<Option<Runtime>>,
}

impl Writers {
    /// On the database of a pool. Nothing is started before there is something to write.
    pub fn beside(pool: &PgPool) -> Self {
        let connections = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        Self {
            pool: store::pool_beside(pool, connections),
            runtime: OnceLock::new(),
        }
    }

    /// For those who were spawned here alone: a connection is read where it was opened.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub fn spawn(&self, writer: impl Future<Output = ()> + Send + 'static) {
        match self.runtime.get_or_init(start) {
            Some(runtime) => drop(runtime.spawn(writer)),
            None => drop(tokio::spawn(writer)),
        }
    }
}

impl Drop for Writers {
    /// Mostly among the tasks of another runtime, where nobody may wait for the end of this one.
    fn drop(&mut self) {
        if let Some(Some(runtime)) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn start() -> Option<Runtime> {
    let built = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("usage-writer")
        .enable_all()
        .build();
    built
        .inspect_err(|error| tracing::error!(%error, "Writers share threads with requests: {error}"))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use tokio::sync::oneshot;

    use super::*;

    fn writers() -> Arc<Writers> {
        let pool = PgPool::connect_lazy("postgres://nobody@localhost/nothing").unwrap();
        Arc::new(Writers::beside(&pool))
    }

    #[tokio::test]
    async fn they_work_in_threads_of_their_own_that_end_with_them() {
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
        assert_eq!(named.await.unwrap().as_deref(), Some("usage-writer"));
        // One that waits for ever goes with them, and keeps nobody from it.
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
        let (panics, has_panicked) = oneshot::channel::<()>();
        writers.spawn(async move {
            let _dropped = panics;
            panic!("a writer");
        });
        assert!(has_panicked.await.is_err());
        let (done, is_done) = oneshot::channel();
        writers.spawn(async move { done.send("done").unwrap() });
        assert_eq!(is_done.await, Ok("done"));
    }
}
