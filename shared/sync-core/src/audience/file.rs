//! Persons as files for TikTok's customer-file API.

use serde::{Deserialize, Serialize};

use super::{IdKind, Person};

/// TikTok takes files of up to 50 MB through the API (reported by vendors; TikTok publishes no number).
pub const MAX_FILE_BYTES: usize = 50_000_000;
/// TikTok takes this many files for one audience (reported by vendors).
pub const MAX_FILES: usize = 500;
/// TikTok uses no audience with fewer people.
pub const MIN_PEOPLE: u64 = 1_000;

/// How the lines of a file look: one identifier a line where one kind is mapped, a column for each kind with a header
/// where several are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLayout {
    kinds: Vec<IdKind>,
    header: bool,
}

impl FileLayout {
    /// Files of these kinds. `header` asks for a header in files of one kind too.
    pub fn new(kinds: Vec<IdKind>, header: bool) -> Self {
        let header = header || kinds.len() > 1;
        Self { kinds, header }
    }

    /// `calculate_type` of the upload and of the audience.
    pub fn calculate_type(&self) -> &'static str {
        match self.kinds.as_slice() {
            [kind] => kind.file_name(),
            _ => "MULTIPLE_TYPES",
        }
    }

    fn write_header(&self, out: &mut Vec<u8>) {
        let name = |kind: &IdKind| match kind {
            IdKind::Email => "email_SHA256",
            IdKind::Phone => "phone_SHA256",
            IdKind::Idfa => "IDFA_SHA256",
            IdKind::Gaid => "GAID_SHA256",
        };
        if self.header {
            let names: Vec<&str> = self.kinds.iter().map(name).collect();
            out.extend_from_slice(names.join(",").as_bytes());
            out.push(b'\n');
        }
    }

    fn write_person(&self, person: &Person, out: &mut Vec<u8>) {
        for (at, kind) in self.kinds.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if let Some(hash) = person.get(*kind) {
                out.extend_from_slice(hash.as_bytes());
            }
        }
        out.push(b'\n');
    }
}

/// A file that is full, or the last one.
#[derive(PartialEq, Eq)]
pub struct AudienceFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its lines, without the header.
    pub lines: u64,
}

/// Its hashes name people.
impl std::fmt::Debug for AudienceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudienceFile")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

/// Writes persons into files of a bounded size. The same persons always make the same files.
pub struct FileWriter {
    layout: FileLayout,
    most: usize,
    bytes: Vec<u8>,
    lines: u64,
}

impl FileWriter {
    /// Files of this layout with at most `most` bytes each.
    pub fn new(layout: FileLayout, most: usize) -> Self {
        Self {
            layout,
            most,
            bytes: Vec::new(),
            lines: 0,
        }
    }

    /// Adds a person. When the file is full, the full one comes back.
    pub fn push(&mut self, person: &Person) -> Option<AudienceFile> {
        if self.bytes.is_empty() {
            self.layout.write_header(&mut self.bytes);
        }
        let before = self.bytes.len();
        self.layout.write_person(person, &mut self.bytes);
        if self.bytes.len() <= self.most || self.lines == 0 {
            self.lines += 1;
            return None;
        }
        let line = self.bytes.split_off(before);
        let full = self.take();
        self.layout.write_header(&mut self.bytes);
        self.bytes.extend_from_slice(&line);
        self.lines = 1;
        full
    }

    /// The rest, when there is one.
    pub fn take(&mut self) -> Option<AudienceFile> {
        let lines = std::mem::take(&mut self.lines);
        let bytes = std::mem::take(&mut self.bytes);
        (lines > 0).then_some(AudienceFile { bytes, lines })
    }
}

/// One file of an upload, as its batch names it: where it lies, and what TikTok checks of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadedFile {
    /// Its key in the bucket.
    pub key: String,
    /// The name that TikTok sees.
    pub name: String,
    /// MD5 of its bytes in lower-case hexadecimal: `file_signature`.
    pub md5: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its lines, without the header.
    pub lines: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Sha256Hex;

    fn person(kinds: &[(IdKind, &str)]) -> Person {
        let mut person = Person::default();
        for (kind, text) in kinds {
            person.set(*kind, Sha256Hex::of(text.as_bytes()));
        }
        person
    }

    #[test]
    fn one_kind_is_one_hash_a_line() {
        let layout = FileLayout::new(vec![IdKind::Email], false);
        assert_eq!(layout.calculate_type(), "EMAIL_SHA256");
        let mut writer = FileWriter::new(layout, MAX_FILE_BYTES);
        assert_eq!(writer.push(&person(&[(IdKind::Email, "a")])), None);
        assert_eq!(writer.push(&person(&[(IdKind::Email, "b")])), None);
        let file = writer.take().unwrap();
        let (a, b) = (Sha256Hex::of(b"a"), Sha256Hex::of(b"b"));
        assert_eq!(
            String::from_utf8(file.bytes).unwrap(),
            format!("{}\n{}\n", a.as_str(), b.as_str())
        );
        assert_eq!((file.lines, writer.take()), (2, None));
    }

    #[test]
    fn several_kinds_are_a_table() {
        let layout = FileLayout::new(vec![IdKind::Email, IdKind::Gaid], false);
        assert_eq!(layout.calculate_type(), "MULTIPLE_TYPES");
        let mut writer = FileWriter::new(layout, MAX_FILE_BYTES);
        writer.push(&person(&[(IdKind::Gaid, "g")]));
        let text = String::from_utf8(writer.take().unwrap().bytes).unwrap();
        let hash = Sha256Hex::of(b"g");
        assert_eq!(text, format!("email_SHA256,GAID_SHA256\n,{}\n", hash.as_str()));
    }

    #[test]
    fn files_keep_their_bound_and_hold_every_person_once() {
        let layout = FileLayout::new(vec![IdKind::Email], true);
        let mut writer = FileWriter::new(layout, 200);
        let mut files = Vec::new();
        for number in 0..7 {
            files.extend(writer.push(&person(&[(IdKind::Email, &number.to_string())])));
        }
        files.extend(writer.take());
        assert_eq!(
            files.iter().map(|file| file.lines).collect::<Vec<_>>(),
            [2, 2, 2, 1]
        );
        assert!(files.iter().all(|file| file.bytes.len() <= 200));
        assert!(files.iter().all(|file| file.bytes.starts_with(b"email_SHA256\n")));
    }
}
