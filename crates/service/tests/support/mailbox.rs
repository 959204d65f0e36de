//! A mail server of a stranger: as much SMTP as a client needs, and every line of it kept.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A letter as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body, dots unstuffed.
    pub data: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default();
        let line = head
            .split("\r\n")
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default()
    }

    pub fn body(&self) -> &str {
        self.data
            .split_once("\r\n\r\n")
            .map(|(_, body)| body)
            .unwrap_or_default()
    }
}

#[derive(Default)]
struct Known {
    received: Vec<Received>,
    /// What RCPT is answered with, once each.
    answers: Vec<&'static str>,
}

pub struct Mailbox {
    pub address: SocketAddr,
    known: Arc<Mutex<Known>>,
}

impl Mailbox {
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

    /// The next recipients are answered so.
    pub fn will_answer(&self, answers: &[&'static str]) {
        self.known.lock().unwrap().answers.extend(answers);
    }

    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.known.lock().unwrap().received)
    }
}

async fn serve(stream: TcpStream, known: Arc<Mutex<Known>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mailbox ESMTP\r\n").await.unwrap();
    let (mut from, mut to) = (String::new(), Vec::new());
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-mailbox\r\n250 8BITMIME",
            "MAIL" => {
                from = address(&line);
                "250 ok"
            }
            "RCPT" => {
                let answer = {
                    let mut known = known.lock().unwrap();
                    if known.answers.is_empty() {
                        "250 ok"
                    } else {
                        known.answers.remove(0)
                    }
                };
                if answer.starts_with("250") {
                    to.push(address(&line));
                }
                answer
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                let mut data = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push_str("\r\n");
                }
                let received = Received {
                    from: std::mem::take(&mut from),
                    to: std::mem::take(&mut to),
                    data,
                };
                known.lock().unwrap().received.push(received);
                "250 kept"
            }
            "RSET" | "NOOP" => "250 ok",
            "QUIT" => {
                let _ = write.write_all(b"221 bye\r\n").await;
                return;
            }
            _ => "502 what",
        };
        if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
