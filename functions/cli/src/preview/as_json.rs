//! A preview as one JSON object.

use std::io::{self, Write};

use tiktok::Endpoint;

use super::{Counts, RowProblem, Sink, path};

/// Keeps everything until the file has proved whole: half an object helps nobody.
#[derive(Default)]
pub(crate) struct JsonSink {
    requests: Vec<u8>,
    rejected: Vec<u8>,
    warnings: Vec<u8>,
}

impl JsonSink {
    /// Writes the object. Bodies stand in it byte by byte as they would go out.
    pub(crate) fn write(&self, counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        let members = [
            (&b"{\"requests\":["[..], &self.requests),
            (b"],\"rejected\":[", &self.rejected),
            (b"],\"warnings\":[", &self.warnings),
        ];
        for (head, elements) in members {
            out.write_all(head)?;
            out.write_all(elements)?;
        }
        out.write_all(b"],\"counts\":")?;
        serde_json::to_writer(&mut *out, counts)?;
        out.write_all(b"}\n")
    }
}

impl Sink for JsonSink {
    fn request(&mut self, endpoint: Endpoint, body: &[u8]) -> io::Result<()> {
        separate(&mut self.requests);
        let path = path(endpoint);
        write!(
            self.requests,
            "{{\"method\":\"POST\",\"path\":\"{path}\",\"body\":"
        )?;
        self.requests.extend_from_slice(body);
        self.requests.push(b'}');
        Ok(())
    }

    fn rejected(&mut self, problem: &RowProblem<'_>) -> io::Result<()> {
        separate(&mut self.rejected);
        Ok(serde_json::to_writer(&mut self.rejected, problem)?)
    }

    fn warning(&mut self, problem: &RowProblem<'_>) -> io::Result<()> {
        separate(&mut self.warnings);
        Ok(serde_json::to_writer(&mut self.warnings, problem)?)
    }
}

fn separate(list: &mut Vec<u8>) {
    if !list.is_empty() {
        list.push(b',');
    }
}
