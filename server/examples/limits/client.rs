//! As many kept connections as asked for, each sending one request after the other.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Load {
    pub connections: usize,
    pub path: &'static str,
    pub key: String,
}

/// Which one it is, of all there ever were in this process.
#[derive(Clone, Copy)]
pub struct Request {
    pub number: usize,
}

static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl Load {
    /// Requests a second that were answered with 200, the load's own work included: it shares the processors.
    pub async fn run(
        &self,
        address: SocketAddr,
        length: Duration,
        body: impl Fn(Request) -> String + Sync,
    ) -> Result<f64> {
        let begun = Instant::now();
        let until = begun + length;
        let answered = self.each(address, &body, async |_, status| {
            ensure!(status == 200, "an answer of {status}");
            Ok(Instant::now() < until)
        });
        let answered = answered.await?;
        Ok(answered as f64 / begun.elapsed().as_secs_f64())
    }

    /// Until `goes_on` says no to an answer's status; says how many there were.
    pub async fn each(
        &self,
        address: SocketAddr,
        body: &(impl Fn(Request) -> String + Sync),
        goes_on: impl AsyncFn(usize, u16) -> Result<bool>,
    ) -> Result<usize> {
        let connection = async |connection: usize| {
            let mut wire = Wire::connect(address).await?;
            let mut answered = 0;
            loop {
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let status = wire.exchange(self, &body(Request { number })).await?;
                answered += 1;
                if !goes_on(connection, status).await? {
                    return anyhow::Ok(answered);
                }
            }
        };
        let all = futures::future::try_join_all((0..self.connections).map(connection));
        Ok(all.await?.into_iter().sum())
    }
}

struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4096),
        })
    }

    async fn exchange(&mut self, load: &Load, body: &str) -> Result<u16> {
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            load.path,
            load.key,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the connection ended"
            );
            if let Some(head) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let text = std::str::from_utf8(&self.buffer[..head])?;
                let length = length(text).context("an answer without a length")?;
                let status = text.get(9..12).and_then(|status| status.parse().ok());
                while self.buffer.len() < head + 4 + length {
                    ensure!(
                        self.stream.read_buf(&mut self.buffer).await? > 0,
                        "the answer is cut off"
                    );
                }
                return status.context("an answer without a status");
            }
        }
    }
}

fn length(head: &str) -> Option<usize> {
    let line = head.lines().find(|line| line.starts_with("content-length: "))?;
    line.split_once(": ")?.1.parse().ok()
}
