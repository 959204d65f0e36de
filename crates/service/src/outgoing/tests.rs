//! Addresses that must not be reached, with listeners that must see nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::TcpListener;

use super::*;

/// Names and what they resolve to: one by one what an attacker's name server would say.
const NAMES: [(&str, &[&str]); 8] = [
    ("loopback.example", &["127.0.0.1"]),
    ("mixed.example", &["93.184.216.34", "127.0.0.1"]),
    ("private.example", &["10.0.0.7"]),
    ("metadata.example", &["169.254.169.254"]),
    ("six.example", &["::1"]),
    ("mapped.example", &["::ffff:127.0.0.1"]),
    ("nat64.example", &["64:ff9b::7f00:1"]),
    ("empty.example", &[]),
];

fn names() -> Lookup {
    let parsed = NAMES.map(|(name, addresses)| {
        let addresses: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        (name.to_owned(), addresses)
    });
    Lookup::Fixed(Arc::new(HashMap::from(parsed)))
}

/// Counts who comes.
async fn listen(address: &str, seen: &Arc<AtomicU32>) -> Option<u16> {
    let listener = TcpListener::bind(address).await.ok()?;
    let port = listener.local_addr().unwrap().port();
    let seen = seen.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            seen.fetch_add(1, Ordering::SeqCst);
        }
    });
    Some(port)
}

async fn refusal(outgoing: &Outgoing, url: &str) -> String {
    let post = Post {
        url,
        headers: &[],
        body: "{}",
    };
    outgoing.post(post).await.unwrap().answer.unwrap_err()
}

#[tokio::test]
async fn none_of_these_is_reached() {
    let seen = Arc::new(AtomicU32::new(0));
    let port = listen("127.0.0.1:0", &seen).await.unwrap();
    // The one port of those allowed that a test may well have; where somebody else has it, the refusals still count.
    listen("127.0.0.1:8443", &seen).await;
    let outgoing = Outgoing::looking_up_by(Targets::Public, names());
    let not_public = Refused::NotPublic;
    let targets = [
        (format!("http://127.0.0.1:{port}/"), Refused::Scheme),
        ("ftp://example.com/".to_owned(), Refused::Scheme),
        ("file:///etc/passwd".to_owned(), Refused::NoUrl),
        ("gopher://127.0.0.1:70/_x".to_owned(), Refused::Scheme),
        ("not a url".to_owned(), Refused::NoUrl),
        ("https://".to_owned(), Refused::NoUrl),
        ("https://user@example.com/".to_owned(), Refused::UserInfo),
        (
            "https://example.com:secret@127.0.0.1:8443/".to_owned(),
            Refused::UserInfo,
        ),
        ("https://example.com/#@127.0.0.1".to_owned(), Refused::Fragment),
        (format!("https://127.0.0.1:{port}/"), Refused::Port),
        ("https://example.com:22/".to_owned(), Refused::Port),
        ("https://example.com:5432/".to_owned(), Refused::Port),
        ("https://127.0.0.1:8443/".to_owned(), not_public),
        ("https://2130706433:8443/".to_owned(), not_public),
        ("https://0x7f000001:8443/".to_owned(), not_public),
        ("https://0177.0.0.1:8443/".to_owned(), not_public),
        ("https://127.1:8443/".to_owned(), not_public),
        ("https://0.0.0.0:8443/".to_owned(), not_public),
        ("https://169.254.169.254/latest/meta-data/".to_owned(), not_public),
        ("https://100.100.100.200/".to_owned(), not_public),
        ("https://10.1.2.3/".to_owned(), not_public),
        ("https://172.20.0.1/".to_owned(), not_public),
        ("https://192.168.0.1/".to_owned(), not_public),
        ("https://224.0.0.1/".to_owned(), not_public),
        ("https://[::1]:8443/".to_owned(), not_public),
        ("https://[::ffff:127.0.0.1]:8443/".to_owned(), not_public),
        ("https://[64:ff9b::7f00:1]:8443/".to_owned(), not_public),
        ("https://[2002:7f00:1::]:8443/".to_owned(), not_public),
        ("https://[fd00:ec2::254]/".to_owned(), not_public),
        ("https://[fe80::1]/".to_owned(), not_public),
        ("https://localhost:8443/".to_owned(), not_public),
        ("https://a.localhost:8443/".to_owned(), not_public),
        ("https://postgres/".to_owned(), not_public),
        ("https://metadata.google.internal/".to_owned(), not_public),
        ("https://\u{ff11}27.0.0.1:8443/".to_owned(), not_public),
        ("https://loopback.example:8443/".to_owned(), not_public),
        ("https://mixed.example:8443/".to_owned(), not_public),
        ("https://private.example/".to_owned(), not_public),
        ("https://metadata.example/".to_owned(), not_public),
        ("https://six.example:8443/".to_owned(), not_public),
        ("https://mapped.example:8443/".to_owned(), not_public),
        ("https://nat64.example:8443/".to_owned(), not_public),
        ("https://empty.example/".to_owned(), Refused::Unknown),
        ("https://unknown.example/".to_owned(), Refused::Unknown),
    ];
    assert!(targets.len() >= 30);
    for (url, refused) in &targets {
        assert_eq!(refusal(&outgoing, url).await, refused.to_string(), "{url}");
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(seen.load(Ordering::SeqCst), 0, "somebody was reached");
}

#[test]
fn what_is_public_is_allowed() {
    for url in [
        "https://example.com",
        "https://example.com/hooks?a=b",
        "https://hooks.example.com:8443/x",
        "https://1.1.1.1/",
        "https://[2606:4700::1111]/",
    ] {
        assert!(check_url(url, Targets::Public).is_ok(), "{url}");
    }
    assert!(check_url("http://127.0.0.1:4000/x", Targets::Any).is_ok());
    assert_eq!(check_url("ftp://127.0.0.1/", Targets::Any), Err(Refused::Scheme));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let elsewhere = Arc::new(AtomicU32::new(0));
    let port = listen("127.0.0.1:0", &elsewhere).await.unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let answer = format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let outgoing = Outgoing::new(Targets::Any);
    let url = format!("http://{address}/");
    let post = Post {
        url: &url,
        headers: &[],
        body: "{}",
    };
    let answer = outgoing.post(post).await.unwrap().answer.unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(elsewhere.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_long_answer_is_cut_and_nobody_listening_is_told() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            .await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    });
    let outgoing = Outgoing::new(Targets::Any);
    let post = |url: String| {
        let outgoing = &outgoing;
        async move {
            let post = Post {
                url: &url,
                headers: &[],
                body: "{}",
            };
            outgoing.post(post).await.unwrap().answer
        }
    };
    let answer = post(format!("http://{address}/")).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, MAX_ANSWER_BYTES));
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let why = post(format!("http://{nobody}/")).await.unwrap_err();
    assert!(why.starts_with("no connection: "), "{why}");
}
