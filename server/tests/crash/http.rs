//! As much of a browser as a form without scripts needs: one request a connection, cookies, redirects.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;
use url::form_urlencoded::Serializer;

/// Longer than the server itself lets a request take.
const PATIENCE: Duration = Duration::from_secs(60);

/// No whole answer came: what the request did is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Path and query of where to go next.
    pub location: Option<String>,
    pub body: String,
    cookies: Vec<(String, String)>,
}

impl Answer {
    /// A parameter in the address the answer leads to: `error` or `done` of a form.
    pub fn led_to(&self, parameter: &str) -> Option<String> {
        let url = Url::parse("http://localhost")
            .ok()?
            .join(self.location.as_deref()?)
            .ok()?;
        url.query_pairs()
            .find(|(name, _)| name == parameter)
            .map(|(_, value)| value.into_owned())
    }

    /// The value of a hidden field on the page.
    pub fn hidden_field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    }
}

#[derive(Debug)]
pub struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer, Lost> {
        self.send("GET", path, "Accept: text/html\r\n", "").await
    }

    /// Sends a form that stands on the page `from`.
    pub async fn post(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Lost> {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let origin = format!("http://{}", self.address);
        let headers = format!(
            "Accept: text/html\r\nOrigin: {origin}\r\nReferer: {origin}{from}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n"
        );
        self.send("POST", path, &headers, &body).await
    }

    async fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<Answer, Lost> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = if cookies.is_empty() {
            String::new()
        } else {
            format!("Cookie: {}\r\n", cookies.join("; "))
        };
        let answer = exchange(self.address, method, path, &format!("{headers}{cookies}"), body).await?;
        self.cookies.extend(answer.cookies.iter().cloned());
        Ok(answer)
    }
}

/// One request without a browser around it: what the host platform sends.
pub async fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Result<Answer, Lost> {
    // HTTP/1.0: the body ends with the connection and never comes in chunks.
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        std::io::Result::Ok(bytes)
    };
    let bytes = timeout(PATIENCE, talk)
        .await
        .map_err(|_| Lost)?
        .map_err(|_| Lost)?;
    read(&bytes).ok_or(Lost)
}

/// None if the answer is cut off.
fn read(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer {
        status,
        location: None,
        body: body.to_owned(),
        cookies: Vec::new(),
    };
    let mut html = false;
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "location" => answer.location = Some(path_of(value)),
            "set-cookie" => answer.cookies.extend(cookie(value)),
            "content-length" if value.parse() != Ok(body.len()) => return None,
            "content-type" => html = value.starts_with("text/html"),
            _ => {}
        }
    }
    // Scripts may follow it.
    let cut_off = html && !body.contains("</html>");
    (!cut_off).then_some(answer)
}

fn path_of(location: &str) -> String {
    match Url::parse(location) {
        Ok(url) => url[url::Position::BeforePath..].to_owned(),
        Err(_) => location.to_owned(),
    }
}

fn cookie(header: &str) -> Option<(String, String)> {
    let (name, value) = header.split(';').next()?.split_once('=')?;
    Some((name.to_owned(), value.to_owned()))
}
