//! A thread of its own for those who write usage, each for many callers at once.
//!
//! What the database answers them is read there at once. Where requests are answered it would wait behind hundreds of
//! those, and with it everybody whose events or units are in the same transaction.

use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::thread;

use store::PgPool;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Of events there are four writers, of reservations and of commits two each.
const CONNECTIONS: u32 = 8;

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
        Self {
            pool: store::pool_beside(pool, CONNECTIONS),
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

fn start() -> io::Result<Thread> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (kept, ended) = oneshot::channel();
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("usage-writers".to_owned())
        .spawn(move || runtime.block_on(ended))?;
    Ok(Thread {
        runtime: handle,
        _kept: Some(kept),
    })
}
