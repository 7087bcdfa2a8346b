//! One bucket in memory, as strict about conditions as S3.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// The bucket's name.
pub(crate) const BUCKET: &str = "acme-exports";

/// A page of a listing is cut here, whatever is asked for.
const PAGE: usize = 3;

/// What happens to the next request instead of, or after, its normal answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Answered with this status and code; nothing is done.
    Refuse(u16, &'static str),
    /// Done, then answered with 500: the answer is lost.
    LoseAnswer,
    /// The body ends half way.
    BreakBody,
}

#[derive(Default)]
pub(crate) struct Bucket {
    objects: BTreeMap<String, (Bytes, Timestamp)>,
    /// What was written, by key and version id.
    versions: HashMap<(String, String), (Bytes, Timestamp)>,
    faults: VecDeque<Fault>,
    requests: Vec<String>,
}

/// The server's side, for tests to look at.
#[derive(Clone, Default)]
pub(crate) struct FakeS3 {
    pub(crate) bucket: Arc<Mutex<Bucket>>,
    /// How far its clock is from this machine's.
    pub(crate) skew: SignedDuration,
}

impl FakeS3 {
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone())
    }

    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.bucket.lock().unwrap().faults.extend(faults);
    }

    pub(crate) fn object(&self, key: &str) -> Option<Bytes> {
        self.bucket
            .lock()
            .unwrap()
            .objects
            .get(key)
            .map(|(body, _)| body.clone())
    }

    /// Methods of the requests that came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.bucket.lock().unwrap().requests.clone()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second((Timestamp::now() + self.skew).as_second()).unwrap()
    }
}

async fn answer(
    State(fake): State<FakeS3>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let now = fake.now();
    let fault = {
        let mut bucket = fake.bucket.lock().unwrap();
        bucket.requests.push(method.to_string());
        bucket.faults.pop_front()
    };
    let mut answer = match fault {
        Some(Fault::Refuse(status, code)) => error(status, code),
        _ => request(&fake, now, &method, &uri, &headers, body),
    };
    match fault {
        Some(Fault::LoseAnswer) => answer = error(500, "InternalError"),
        Some(Fault::BreakBody) => {
            let parts = vec![Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("cut"))];
            *answer.body_mut() = Body::from_stream(futures::stream::iter(parts));
        }
        _ => {}
    }
    answer
        .headers_mut()
        .insert("date", http_date(now).parse().unwrap());
    answer
}

fn request(
    fake: &FakeS3,
    now: Timestamp,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = crate::wire::decode(uri.path().strip_prefix('/').unwrap());
    let (name, key) = path.split_once('/').unwrap_or((&path, ""));
    if name != BUCKET {
        return error(404, "NoSuchBucket");
    }
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let mut bucket = fake.bucket.lock().unwrap();
    let asked = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .find_map(|pair| pair.strip_prefix("versionId="));
    if let Some(id) = asked {
        return match bucket.versions.get(&(key.to_owned(), id.to_owned())) {
            None => error(404, "NoSuchVersion"),
            Some((body, modified)) => read(body, *modified, header("if-match"), header("range")),
        };
    }
    let Bucket {
        objects, versions, ..
    } = &mut *bucket;
    match *method {
        Method::GET if key.is_empty() => list(objects, uri),
        Method::GET | Method::HEAD => match objects.get(key) {
            None => error(404, "NoSuchKey"),
            Some((body, modified)) => read(body, *modified, header("if-match"), header("range")),
        },
        Method::PUT => {
            if let Some(source) = header("x-amz-copy-source") {
                assert_eq!(
                    crate::wire::decode(&source),
                    path,
                    "only copies onto itself are made"
                );
                if header("x-amz-metadata-directive").as_deref() != Some("REPLACE") {
                    return error(400, "InvalidRequest");
                }
                let Some((body, modified)) = objects.get_mut(key) else {
                    return error(404, "NoSuchKey");
                };
                *modified = now;
                let xml = format!(
                    "<CopyObjectResult><LastModified>{now}</LastModified><ETag>{}</ETag></CopyObjectResult>",
                    etag(body)
                );
                return Response::new(Body::from(xml));
            }
            let there = objects.get(key).map(|(body, _)| etag(body));
            match (header("if-none-match"), header("if-match"), there) {
                (Some(any), _, Some(_)) if any == "*" => return error(412, "PreconditionFailed"),
                (_, Some(_), None) => return error(404, "NoSuchKey"),
                (_, Some(wanted), Some(there)) if wanted != there => return error(412, "PreconditionFailed"),
                _ => {}
            }
            let streamed =
                header("x-amz-content-sha256").is_some_and(|digest| digest.starts_with("STREAMING-"));
            let body = if streamed { unchunked(&body) } else { body };
            let tag = etag(&body);
            let id = format!("v{}", versions.len());
            versions.insert((key.to_owned(), id.clone()), (body.clone(), now));
            objects.insert(key.to_owned(), (body, now));
            Response::builder()
                .header("etag", tag)
                .header("x-amz-version-id", id)
                .body(Body::empty())
                .unwrap()
        }
        Method::DELETE => {
            objects.remove(key);
            Response::builder().status(204).body(Body::empty()).unwrap()
        }
        _ => error(405, "MethodNotAllowed"),
    }
}

fn read(body: &Bytes, modified: Timestamp, wanted: Option<String>, range: Option<String>) -> Response<Body> {
    let tag = etag(body);
    let answer = Response::builder()
        .header("etag", &tag)
        .header("last-modified", http_date(modified));
    if wanted.is_some_and(|wanted| wanted != tag) {
        return error(412, "PreconditionFailed");
    }
    let Some(range) = range else {
        return answer
            .header("content-length", body.len())
            .body(Body::from(body.clone()))
            .unwrap();
    };
    let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let first: usize = first.parse().unwrap();
    if first >= body.len() {
        return error(416, "InvalidRange");
    }
    let last = last.parse().unwrap_or(usize::MAX).min(body.len() - 1);
    let part = body.slice(first..=last);
    let header = format!("bytes {first}-{last}/{}", body.len());
    answer
        .status(206)
        .header("content-range", header)
        .body(Body::from(part))
        .unwrap()
}

fn list(objects: &BTreeMap<String, (Bytes, Timestamp)>, uri: &Uri) -> Response<Body> {
    let pairs = uri
        .query()
        .unwrap()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query: HashMap<&str, String> = pairs
        .map(|(name, value)| (name, crate::wire::decode(&value.replace('+', " "))))
        .collect();
    assert_eq!(query["list-type"], "2");
    let token = query.get("continuation-token");
    let token = token.map(|token| String::from_utf8(const_hex::decode(token).unwrap()).unwrap());
    let after = token.or(query.get("start-after").cloned()).unwrap_or_default();
    let most = query["max-keys"].parse::<usize>().unwrap().min(PAGE);
    let found: Vec<_> = objects
        .iter()
        .filter(|(key, _)| key.starts_with(&query["prefix"]) && **key > after)
        .collect();
    let mut xml = String::from("<ListBucketResult>");
    let encode = |key: &str| -> String {
        key.bytes()
            .map(|b| match b {
                b' ' => "+".to_owned(),
                b if b.is_ascii_alphanumeric() || b == b'/' => char::from(b).to_string(),
                b => format!("%{b:02X}"),
            })
            .collect()
    };
    if query
        .get("encoding-type")
        .is_some_and(|encoding| encoding == "url")
    {
        xml += "<EncodingType>url</EncodingType>";
    } else {
        assert!(
            found.iter().all(|(key, _)| !key.contains(char::is_control)),
            "no parser reads this listing"
        );
    }
    for (key, (body, modified)) in found.iter().take(most) {
        let (key, size) = (encode(key), body.len());
        write!(
            xml,
            "<Contents><Key>{key}</Key><LastModified>{modified}</LastModified>"
        )
        .unwrap();
        write!(xml, "<Size>{size}</Size></Contents>").unwrap();
    }
    let more = found.len() > most;
    write!(xml, "<IsTruncated>{more}</IsTruncated>").unwrap();
    if more {
        let token = const_hex::encode(found.get(most - 1).unwrap().0);
        write!(xml, "<NextContinuationToken>{token}</NextContinuationToken>").unwrap();
    }
    Response::new(Body::from(xml + "</ListBucketResult>"))
}

/// Undoes `aws-chunked`: sizes in hex between the parts, trailers behind the last one.
fn unchunked(body: &[u8]) -> Bytes {
    let (mut rest, mut whole) = (body, Vec::new());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(line.split(';').next().unwrap(), 16).unwrap();
        if size == 0 {
            return Bytes::from(whole);
        }
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", const_hex::encode(&Sha256::digest(body)[..16]))
}

fn http_date(time: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .unwrap()
}

fn error(status: u16, code: &str) -> Response<Body> {
    let xml = format!("<Error><Code>{code}</Code><Message>made up</Message></Error>");
    Response::builder().status(status).body(Body::from(xml)).unwrap()
}
