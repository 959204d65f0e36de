//! A web server of a stranger: keeps what it is sent and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Known {
    received: Vec<Received>,
    answers: VecDeque<(u16, &'static str)>,
    usual: Option<(u16, &'static str)>,
}

pub struct Receiver {
    pub address: SocketAddr,
    known: Arc<Mutex<Known>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let known = Arc::<Mutex<Known>>::default();
        let shared = known.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, known }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next answers, in order; then the usual one again.
    pub fn will_answer(&self, answers: &[(u16, &'static str)]) {
        self.known.lock().unwrap().answers.extend(answers);
    }

    /// 200 with nothing, where nothing else is said.
    pub fn usually_answers(&self, status: u16, body: &'static str) {
        self.known.lock().unwrap().usual = Some((status, body));
    }

    /// What came since the last look.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.known.lock().unwrap().received)
    }
}

async fn serve(mut stream: TcpStream, known: Arc<Mutex<Known>>) {
    let mut bytes = Vec::new();
    loop {
        let Some(received) = read(&mut stream, &mut bytes).await else {
            return;
        };
        let (status, body) = {
            let mut known = known.lock().unwrap();
            known.received.push(received);
            let usual = known.usual.unwrap_or((200, ""));
            known.answers.pop_front().unwrap_or(usual)
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Received> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.split("\r\n");
            let path = lines.next()?.split(' ').nth(1)?.to_owned();
            let headers: Vec<_> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).unwrap();
                bytes.drain(..end + 4 + length);
                return Some(Received { path, headers, body });
            }
        }
        match stream.read_buf(bytes).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
