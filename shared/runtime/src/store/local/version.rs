//! The versions of local objects.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;

use sha2::{Digest, Sha256};

use crate::store::ETag;

/// Up to this size a version is a digest of the content.
const DIGEST_UP_TO: u64 = 1 << 20;

/// The version of an open file. Reads the file when it is small, from where it stands.
pub(super) fn of_file(file: &mut File, metadata: &Metadata) -> io::Result<ETag> {
    if metadata.len() > DIGEST_UP_TO {
        return Ok(of_large(metadata));
    }
    let mut body = Vec::new();
    file.take(DIGEST_UP_TO).read_to_end(&mut body)?;
    Ok(of_content(&body))
}

/// The version of content that was read, with the metadata of the file that it came from.
pub(super) fn of_body(body: &[u8], metadata: &Metadata) -> ETag {
    if metadata.len() > DIGEST_UP_TO {
        of_large(metadata)
    } else {
        of_content(body)
    }
}

fn of_content(body: &[u8]) -> ETag {
    let digest = Sha256::digest(body);
    ETag::new(&const_hex::encode(
        digest.first_chunk::<16>().map_or(digest.as_slice(), |half| half),
    ))
}

fn of_large(metadata: &Metadata) -> ETag {
    ETag::new(&format!(
        "{}-{}.{:09}-{}",
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ino()
    ))
}
