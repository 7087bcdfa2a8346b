//! A server of one connection, made by hand, so that it can break the protocol as it likes.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use tiktok::{ApiBase, Client, ClientConfig};

/// A listener on a free port, and a client for it.
pub(crate) fn listener() -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = ApiBase::loopback(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    (listener, Client::new(ClientConfig::new(base)).unwrap())
}

/// Serves one connection; what `serve` returns comes out of the handle.
pub(crate) fn once<T: Send + 'static>(
    serve: impl FnOnce(&mut TcpStream) -> T + Send + 'static,
) -> (Client, JoinHandle<T>) {
    let (listener, client) = listener();
    let served = std::thread::spawn(move || serve(&mut listener.accept().unwrap().0));
    (client, served)
}

/// Reads one request, head and body.
pub(crate) fn request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let count = stream.read(&mut buffer).unwrap();
        assert_ne!(count, 0, "the request is cut: {text}");
        read.extend_from_slice(&buffer[..count]);
    }
}

/// Writes a whole answer.
pub(crate) fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
}

/// Waits until the client is gone.
pub(crate) fn until_closed(stream: &mut TcpStream) {
    while stream.read(&mut [0; 4_096]).is_ok_and(|count| count > 0) {}
}

/// Nobody has asked anything (more). The client must be gone; it may have opened a connection in advance.
pub(crate) fn is_quiet(listener: &TcpListener) -> bool {
    listener.set_nonblocking(true).unwrap();
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                if stream.read(&mut [0; 1]).is_ok_and(|count| count > 0) {
                    return false;
                }
            }
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
