//! Persons as files, and the call that makes an audience of them or replaces what is in one.

use std::io;

use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use sync_core::audience::{AudienceFile, FileLayout, FileWriter, MAX_FILE_BYTES, Person, kinds_of};
use sync_core::names::SyncName;
use sync_core::spec::{Audience, AudienceRef, SyncSpec, Via};
use tiktok::Endpoint;
use tiktok::audiences::{Change, create_body, update_body, upload_fields};

use super::Sink;

/// The upload of an audience's files.
pub(super) struct Upload<'a> {
    sync: &'a SyncName,
    audience: &'a Audience,
    calculate_type: &'static str,
    writer: FileWriter,
    files: u32,
}

impl<'a> Upload<'a> {
    pub(super) fn new(spec: &'a SyncSpec, audience: &'a Audience, header: bool) -> Self {
        let layout = FileLayout::new(kinds_of(spec), header);
        Self {
            sync: &spec.name,
            audience,
            calculate_type: layout.calculate_type(),
            writer: FileWriter::new(layout, MAX_FILE_BYTES),
            files: 0,
        }
    }

    pub(super) fn add(&mut self, person: &Person, sink: &mut dyn Sink) -> io::Result<()> {
        let full = self.writer.push(person);
        full.map_or(Ok(()), |file| self.upload(&file, sink))
    }

    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        if let Some(file) = self.writer.take() {
            self.upload(&file, sink)?;
        }
        if self.files == 0 {
            return Ok(());
        }
        let (endpoint, body) = self.last_call();
        sink.request(endpoint, body.to_string().as_bytes())
    }

    /// A file's form. `RUN` stands for the id of a run, which real names hold.
    fn upload(&mut self, file: &AudienceFile, sink: &mut dyn Sink) -> io::Result<()> {
        let name = format!("{}-RUN-0-{}.csv", self.sync, self.files);
        self.files += 1;
        let md5 = const_hex::encode(<[u8; 16]>::from(Md5::digest(&file.bytes)));
        let sha256 = const_hex::encode(<[u8; 32]>::from(Sha256::digest(&file.bytes)));
        let fields = upload_fields(self.audience.advertiser_id.as_str(), self.calculate_type, &md5);
        let mut body: Map<String, Value> = fields
            .iter()
            .map(|(field, value)| ((*field).to_owned(), json!(value)))
            .collect();
        body.insert("file_name".to_owned(), json!(name));
        let digest = json!({
            "name": name,
            "md5": md5,
            "sha256": sha256,
            "bytes": file.bytes.len(),
            "lines": file.lines,
        });
        body.insert("file".to_owned(), digest);
        sink.request(
            Endpoint::AudienceUpload,
            Value::Object(body).to_string().as_bytes(),
        )
    }

    /// What is made of the files. `PATH-1` stands for TikTok's path of the first one, and so on.
    fn last_call(&self) -> (Endpoint, Value) {
        let advertiser = self.audience.advertiser_id.as_str();
        let paths: Vec<String> = (1..=self.files).map(|number| format!("PATH-{number}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let (retention, enhancement) = match self.audience.via {
            Via::FileUpload {
                retention_days,
                audience_enhancement,
                ..
            } => (retention_days, audience_enhancement),
            Via::Segment { .. } => (None, false),
        };
        match &self.audience.audience {
            AudienceRef::Name(name) => (
                Endpoint::AudienceCreate,
                create_body(
                    advertiser,
                    name,
                    self.calculate_type,
                    &paths,
                    retention,
                    enhancement,
                ),
            ),
            AudienceRef::Id(id) => (
                Endpoint::AudienceUpdate,
                update_body(advertiser, id.as_str(), &paths, Change::Replace, enhancement),
            ),
        }
    }
}
