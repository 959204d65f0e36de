//! Senders that keep their connections and wait for each answer.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::program::{CUSTOMERS, Program, cpu_seconds};

const METERS: [&str; 3] = ["api_requests", "deployments", "storage_gb"];

pub struct Measured {
    /// Events a second.
    pub rate: f64,
    pub p50: Duration,
    pub p99: Duration,
    /// Seconds of work of the senders.
    pub own_cpu: f64,
}

/// What is sent, and where.
#[derive(Clone)]
pub struct Load {
    address: std::net::SocketAddr,
    head: Arc<str>,
    customers: Arc<[String]>,
    events: usize,
    replay: bool,
    /// Tells the requests of all senders apart.
    requests: Arc<AtomicU64>,
}

impl Load {
    pub fn new(program: &Program, events: usize, replay: bool) -> Self {
        let head = format!(
            "POST /v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
            program.address, program.api_key
        );
        Self {
            address: program.address,
            head: head.into(),
            customers: program.customers.iter().map(ToString::to_string).collect(),
            events,
            replay,
            requests: Arc::default(),
        }
    }

    pub async fn run(&self, connections: usize, time: Duration) -> Result<Measured> {
        let (cpu, begun) = (cpu_seconds(std::process::id())?, Instant::now());
        let mut senders = JoinSet::new();
        for number in 0..connections {
            senders.spawn(self.clone().send(u64::try_from(number)?, begun + time));
        }
        let mut times = Vec::new();
        while let Some(sender) = senders.join_next().await {
            times.extend(sender??);
        }
        let taken = begun.elapsed().as_secs_f64();
        times.sort_unstable();
        ensure!(!times.is_empty(), "nothing was answered");
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        let sent = u32::try_from(times.len() * self.events)?;
        Ok(Measured {
            rate: f64::from(sent) / taken,
            p50: at(50),
            p99: at(99),
            own_cpu: cpu_seconds(std::process::id())? - cpu,
        })
    }

    /// How long each request took.
    async fn send(self, sender: u64, until: Instant) -> Result<Vec<Duration>> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut times = Vec::new();
        let mut answer = Vec::with_capacity(4_096);
        while Instant::now() < until {
            let number = match self.replay {
                true => sender,
                false => 1_000 + self.requests.fetch_add(1, Ordering::Relaxed),
            };
            let request = self.request(number)?;
            let asked = Instant::now();
            stream.write_all(request.as_bytes()).await?;
            read(&mut stream, &mut answer).await?;
            times.push(asked.elapsed());
        }
        Ok(times)
    }

    fn request(&self, number: u64) -> Result<String> {
        let mut body = String::with_capacity(self.events * 200 + 2);
        if self.events > 1 {
            body.push('[');
        }
        for place in 0..self.events {
            let any = usize::try_from(number)?
                .wrapping_mul(7_919)
                .wrapping_add(place * 31);
            let (customer, meter) = (&self.customers[any % CUSTOMERS], METERS[any % METERS.len()]);
            if place > 0 {
                body.push(',');
            }
            write!(
                body,
                r#"{{"specversion":"1.0","id":"{number:012x}-{place}","source":"host","type":"{meter}","subject":"{customer}","data":{{"value":"{}","endpoint":"/api/chains","method":"POST"}}}}"#,
                1 + any % 100
            )?;
        }
        if self.events > 1 {
            body.push(']');
        }
        Ok(format!(
            "{}Content-Length: {}\r\n\r\n{body}",
            self.head,
            body.len()
        ))
    }
}

/// One whole answer, which must be good.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<()> {
    answer.clear();
    loop {
        let mut piece = [0_u8; 4_096];
        let length = stream.read(&mut piece).await?;
        ensure!(length > 0, "the connection was closed");
        answer.extend_from_slice(&piece[..length]);
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(&answer[..head])?;
        let is_length = |line: &&str| line.to_ascii_lowercase().starts_with("content-length:");
        let length = text
            .lines()
            .find(is_length)
            .context("an answer without a length")?;
        let length: usize = length.rsplit(':').next().unwrap_or_default().trim().parse()?;
        if answer.len() < head + 4 + length {
            continue;
        }
        let body = String::from_utf8_lossy(&answer[head + 4..]);
        if !text.starts_with("HTTP/1.1 200") || !body.contains("\"rejected\":[]") {
            bail!("not taken: {text} {body}");
        }
        return Ok(());
    }
}
