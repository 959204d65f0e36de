//! One kept connection to a server, as a browser that knows one page and one cookie.

use anyhow::{Context, Result, bail, ensure};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    stream: BufReader<TcpStream>,
    base_url: String,
    cookie: Option<String>,
}

#[derive(Default)]
struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
    cookie: Option<String>,
    location: Option<String>,
}

impl Client {
    pub fn connect(base_url: &str) -> Result<Self> {
        let address = base_url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).with_context(|| format!("nobody answers at {base_url}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
            base_url: base_url.to_owned(),
            cookie: None,
        })
    }

    /// By the form; from then on every request carries the session.
    pub fn sign_in(&mut self, email: &str, password: &str) -> Result<()> {
        let form = format!("email={}&password={password}&next=", email.replace('@', "%40"));
        let origin = self.base_url.clone();
        let headers = format!(
            "Origin: {origin}\r\nReferer: {origin}/sign-in\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        let (head, _) = self.exchange("POST", "/fn/sign-in", &headers, &form)?;
        let led_to = head.location.unwrap_or_default();
        ensure!(
            head.status == 303 && !led_to.contains("error="),
            "{email} cannot sign in: {led_to}"
        );
        self.cookie = Some(head.cookie.context("signing in gave no session")?);
        Ok(())
    }

    /// The body of a page that is there.
    pub fn get(&mut self, path: &str) -> Result<String> {
        let (head, body) = self.exchange("GET", path, "", "")?;
        ensure!(head.status == 200, "{path} answered {}", head.status);
        Ok(String::from_utf8(body)?)
    }

    fn exchange(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<(Head, Vec<u8>)> {
        let host = self.base_url.trim_start_matches("http://");
        let cookie = self
            .cookie
            .as_ref()
            .map_or_else(String::new, |cookie| format!("Cookie: {cookie}\r\n"));
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n{headers}{cookie}Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let head = self.head()?;
        let body = self.body(&head)?;
        Ok((head, body))
    }

    fn head(&mut self) -> Result<Head> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut head = Head {
            status: status.with_context(|| format!("no answer but `{first}`"))?,
            ..Head::default()
        };
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else {
                return Ok(head);
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.parse().ok(),
                "transfer-encoding" => head.chunked = value == "chunked",
                "set-cookie" => head.cookie = value.split(';').next().map(str::to_owned),
                "location" => head.location = Some(value.to_owned()),
                _ => {}
            }
        }
    }

    fn body(&mut self, head: &Head) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        match (head.length, head.chunked) {
            (Some(length), _) => self.read(&mut body, length)?,
            (None, true) => loop {
                let length =
                    usize::from_str_radix(&self.line()?, 16).context("a chunk without its length")?;
                self.read(&mut body, length)?;
                self.line()?;
                if length == 0 {
                    break;
                }
            },
            (None, false) => bail!("an answer without a length"),
        }
        Ok(body)
    }

    fn read(&mut self, body: &mut Vec<u8>, length: usize) -> Result<()> {
        let start = body.len();
        body.resize(start + length, 0);
        Ok(self.stream.read_exact(&mut body[start..])?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}
