//! Whoever connects and says nothing, or says it byte by byte, holds no connection for ever.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::{Folder, Server};

/// Until the server hangs up; none where it waits on.
fn held(address: SocketAddr, begins: &str, dribbles: bool) -> Option<Duration> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let began = Instant::now();
    stream.write_all(begins.as_bytes()).unwrap();
    while began.elapsed() < Duration::from_secs(20) {
        let mut answer = [0; 1024];
        match stream.read(&mut answer) {
            Ok(0) => return Some(began.elapsed()),
            // It may say why.
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return Some(began.elapsed()),
        }
        if dribbles && stream.write_all(b"x").is_err() {
            return Some(began.elapsed());
        }
    }
    None
}

#[test]
fn nobody_holds_a_connection_without_asking_for_anything() {
    let data = Folder::new();
    let server = Server::start(data.path());
    let clients = [
        ("", false),
        // It may become HTTP/2.
        ("PRI * HT", false),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false),
        ("GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ", false),
        ("GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ", true),
    ];
    let waiting = clients.map(|(begins, dribbles)| {
        let address = server.address;
        thread::spawn(move || held(address, begins, dribbles))
    });
    let held = waiting.map(|client| client.join().unwrap());
    for ((begins, dribbles), held) in clients.into_iter().zip(held) {
        let in_time = |held: Duration| (9..15).contains(&held.as_secs());
        assert!(held.is_some_and(in_time), "{begins:?} {dribbles}: {held:?}");
    }
    // Others were answered meanwhile, and are.
    assert_eq!(server.get("/livez").unwrap().status, 200);
}
