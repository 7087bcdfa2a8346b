//! What a file is by its first bytes, when it is not text.

use super::BrokenFile;

/// Says what a file is by its first bytes, when it is not text.
pub(super) fn check_magic(bytes: &[u8]) -> Result<(), BrokenFile> {
    let known = [
        (&b"\xff\xfe"[..], "the file is UTF-16: export it as UTF-8"),
        (b"\xfe\xff", "the file is UTF-16: export it as UTF-8"),
        (
            b"\x1f\x8b",
            "the file is compressed with gzip, which is not built yet: export it uncompressed",
        ),
        (
            b"\x28\xb5\x2f\xfd",
            "the file is compressed with zstd, which is not built yet: export it uncompressed",
        ),
        (b"PK\x03\x04", "the file is a zip archive: export it uncompressed"),
        (
            b"PAR1",
            "the file is Parquet, which is not built yet: export it as CSV",
        ),
        (
            b"\0",
            "the file begins with a zero byte and is no text: export it as UTF-8 CSV",
        ),
    ];
    match known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, message)) => Err(BrokenFile::whole(*message)),
        None => Ok(()),
    }
}
