//! Exports as files of this machine, read piece by piece.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sync_core::csv::{BrokenFile, CsvReader, Parsed};
use sync_core::spec::CsvOptions;

use crate::exit::WrongUsage;

/// Takes a file chunk by chunk; the second argument is true with the last one.
pub(crate) type TakeChunk<'t> = dyn FnMut(&[u8], bool) -> Result<(), BrokenFile> + 't;

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// Opens an export that an argument names.
pub(crate) fn open(path: &Path) -> anyhow::Result<File> {
    let wrong = |why: String| WrongUsage::because(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| wrong(format!("the file cannot be read: {error}")))?;
    let metadata = file
        .metadata()
        .map_err(|error| wrong(format!("the file cannot be read: {error}")))?;
    if metadata.is_dir() {
        return Err(wrong(
            "expected a file, found a folder: name the export itself".to_owned(),
        ));
    }
    Ok(file)
}

/// Hands the rows of an export to `take`, until the end or its first error. The outer error is the machine's, the
/// inner one the file's.
pub(crate) fn each(
    path: &Path,
    csv: &CsvOptions,
    take: &mut dyn FnMut(Parsed<'_>) -> Result<(), BrokenFile>,
) -> anyhow::Result<Result<(), BrokenFile>> {
    let mut reader = CsvReader::new(csv, &path.to_string_lossy());
    chunks(path, &mut open(path)?, &mut |chunk, last| {
        reader.read(chunk, last, take)
    })
}

/// Hands a file to `take` chunk by chunk, until the end or its first error; `last` comes true once, with an empty
/// chunk.
pub(crate) fn chunks(
    path: &Path,
    file: &mut File,
    take: &mut TakeChunk<'_>,
) -> anyhow::Result<Result<(), BrokenFile>> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file
            .read(&mut chunk)
            .map_err(|error| anyhow::Error::new(error).context(format!("reading {}", path.display())))?;
        let piece = chunk.get(..read).unwrap_or_default();
        if let Err(broken) = take(piece, read == 0) {
            return Ok(Err(broken));
        }
        if read == 0 {
            return Ok(Ok(()));
        }
    }
}
