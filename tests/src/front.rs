//! A server on 127.0.0.1 before the sandbox: what happens to each API call is decided here, so that a function dies at
//! exactly this call, before or after TikTok took it.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};

use crate::steps::Steps;

/// An API call, as it came.
#[derive(Debug, Clone)]
pub struct ApiCall {
    /// Its number, from 1.
    pub number: u64,
    /// Its path below the API's version, without the query: `/event/track/`.
    pub path: String,
    /// The `event_id` of each row, in order.
    pub ids: Vec<String>,
    /// The body.
    pub body: Bytes,
}

/// What is done with an API call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The sandbox answers.
    Pass,
    /// The caller dies; TikTok never sees the call.
    DieBefore,
    /// The caller dies; TikTok took the call.
    DieAfter,
    /// The connection is reset; TikTok never sees the call.
    ResetBefore,
    /// The connection is reset; TikTok took the call.
    ResetAfter,
    /// This code and message; TikTok took nothing.
    Answer(i64, String),
    /// TikTok takes all rows but these, and says so with this code and message.
    Partial(Vec<usize>, i64, String),
    /// This HTTP status without an envelope; TikTok took nothing.
    Http(u16),
}

/// How a refusal names the row that it blames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// By its index.
    Index,
    /// Not at all.
    Nobody,
    /// By the index of the row behind it.
    WrongIndex,
}

/// A TikTok that refuses each call with one of these rows in it, for the first of them.
pub fn refuse(keys: &[&str], blame: Blame) -> impl FnMut(&ApiCall) -> Act + Send + 'static + use<> {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    move |call| {
        let Some(at) = call.ids.iter().position(|id| keys.contains(id)) else {
            return Act::Pass;
        };
        let place = match blame {
            Blame::Index => format!("data.{at}."),
            Blame::Nobody => String::new(),
            Blame::WrongIndex => format!("data.{}.", (at + 1) % call.ids.len()),
        };
        Act::Answer(
            40002,
            format!("Invalid value for {place}properties.content_type: not a valid string."),
        )
    }
}

type Script = Box<dyn FnMut(&ApiCall) -> Act + Send>;

struct State {
    calls: u64,
    rows: u64,
    script: Script,
    caller: Option<Steps>,
}

/// The server before the sandbox.
#[derive(Clone)]
pub struct Front {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Front {
    /// Starts the server in the present runtime, and ends with it.
    pub async fn start(sandbox: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let front = Self {
            url: format!("http://{}", listener.local_addr()?),
            state: Arc::new(Mutex::new(State {
                calls: 0,
                rows: 0,
                script: Box::new(|_| Act::Pass),
                caller: None,
            })),
        };
        let server = front.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                // A caller that went away ends its connection.
                tokio::spawn(async move { drop(server.serve(&stream, sandbox).await) });
            }
        });
        Ok(front)
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no script panics")
    }

    /// Forgets the calls, and lets all further ones pass.
    pub fn reset(&self) {
        *self.state() = State {
            calls: 0,
            rows: 0,
            script: Box::new(|_| Act::Pass),
            caller: None,
        };
    }

    /// What is done with each further call.
    pub fn script(&self, script: impl FnMut(&ApiCall) -> Act + Send + 'static) {
        self.state().script = Box::new(script);
    }

    /// How many calls came.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// How many rows came in them.
    pub fn rows(&self) -> u64 {
        self.state().rows
    }

    pub(crate) fn caller(&self, steps: &Steps) {
        self.state().caller = Some(steps.clone());
    }

    async fn serve(&self, stream: &TcpStream, sandbox: u16) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let upstream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], sandbox))).await?;
        upstream.set_nodelay(true)?;
        let (mut read, mut answered) = (Vec::new(), Vec::new());
        loop {
            let (head, body) = message(stream, &mut read).await?;
            let call = self.note(&head, &body);
            let act = (self.state().script)(&call);
            match act {
                Act::Pass => {
                    let answer = forward(&upstream, &mut answered, &head, &body).await?;
                    write(stream, &answer).await?;
                }
                Act::DieBefore => {
                    self.die();
                    return Ok(());
                }
                Act::DieAfter => {
                    forward(&upstream, &mut answered, &head, &body).await?;
                    self.die();
                    return Ok(());
                }
                Act::ResetBefore => return stream.set_zero_linger(),
                Act::ResetAfter => {
                    forward(&upstream, &mut answered, &head, &body).await?;
                    return stream.set_zero_linger();
                }
                Act::Answer(code, words) => write(stream, &envelope(code, &words)).await?,
                Act::Partial(refused, code, words) => {
                    let answer = match without(&body, &refused) {
                        Some(body) => forward(&upstream, &mut answered, &head, &body).await?,
                        None => Vec::new(),
                    };
                    // What the sandbox refuses for another reason is not taken in part.
                    let taken = answer.is_empty() || String::from_utf8_lossy(&answer).contains("\"code\":0,");
                    let answer = if taken { envelope(code, &words) } else { answer };
                    write(stream, &answer).await?;
                }
                Act::Http(status) => {
                    let answer = format!("HTTP/1.1 {status} Sorry\r\ncontent-length: 5\r\n\r\nsorry");
                    write(stream, answer.as_bytes()).await?;
                }
            }
        }
    }

    fn note(&self, head: &[u8], body: &[u8]) -> ApiCall {
        let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let rows = json["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ids = rows
            .iter()
            .map(|row| row["event_id"].as_str().unwrap_or_default().to_owned());
        let ids: Vec<String> = ids.collect();
        let mut state = self.state();
        state.calls += 1;
        state.rows += ids.len() as u64;
        ApiCall {
            number: state.calls,
            path: path(head),
            ids,
            body: Bytes::copy_from_slice(body),
        }
    }

    fn die(&self) {
        if let Some(caller) = &self.state().caller {
            caller.kill();
        }
    }
}

/// The path of a request, below the API's version.
fn path(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let target = head.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    path.strip_prefix("/open_api/v1.3").unwrap_or(path).to_owned()
}

fn envelope(code: i64, words: &str) -> Vec<u8> {
    let body = serde_json::json!({"code": code, "message": words, "request_id": "2026080112000000000000000000000000", "data": {}});
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// The body without some of its rows; `None` when none is left.
fn without(body: &[u8], rows: &[usize]) -> Option<Vec<u8>> {
    let mut json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let data = json["data"].as_array_mut()?;
    let mut at = 0;
    data.retain(|_| {
        at += 1;
        !rows.contains(&(at - 1))
    });
    let empty = data.is_empty();
    (!empty).then(|| json.to_string().into_bytes())
}

async fn forward(upstream: &TcpStream, read: &mut Vec<u8>, head: &[u8], body: &[u8]) -> io::Result<Vec<u8>> {
    let head = String::from_utf8_lossy(head);
    let lines = head
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    let mut request: String = lines
        .take_while(|line| !line.is_empty())
        .flat_map(|line| [line, "\r\n"])
        .collect();
    let _ = write!(request, "content-length: {}\r\n\r\n", body.len());
    let mut request = request.into_bytes();
    request.extend_from_slice(body);
    write(upstream, &request).await?;
    let (mut head, body) = message(upstream, read).await?;
    head.extend(body);
    Ok(head)
}

/// Reads one HTTP message with its length in the head.
async fn message(stream: &TcpStream, read: &mut Vec<u8>) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let head = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, read).await?;
    };
    let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let end = head + length.unwrap_or(0_usize);
    while read.len() < end {
        more(stream, read).await?;
    }
    let rest = read.split_off(end);
    let body = read.split_off(head);
    Ok((std::mem::replace(read, rest), body))
}

async fn more(stream: &TcpStream, read: &mut Vec<u8>) -> io::Result<()> {
    loop {
        stream.readable().await?;
        let mut buffer = [0; 16 * 1024];
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                read.extend_from_slice(&buffer[..length]);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
