//! Exports as files of this machine, read piece by piece.

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use sync_core::csv::{BrokenFile, CsvReader, Parsed};
use sync_core::run::keys::is_hidden;
use sync_core::spec::CsvOptions;

use crate::console::Console;
use crate::exit::WrongUsage;

/// Takes a file chunk by chunk; the second argument is true with the last one.
pub(crate) type TakeChunk<'t> = dyn FnMut(&[u8], bool) -> Result<(), BrokenFile> + 't;

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// Of the files that arguments name, those that are exports: names that begin with `_` or `.`, and files of no bytes, are
/// none. What is skipped is told in one line.
///
/// # Errors
/// [`WrongUsage`] where a file cannot be read, or none of them is an export.
pub(crate) fn only_exports(files: &[PathBuf], console: &mut Console) -> anyhow::Result<Vec<PathBuf>> {
    let (mut exports, mut skipped) = (Vec::new(), Vec::new());
    for file in files {
        if is_export(file)? {
            exports.push(file.clone());
        } else {
            skipped.push(file.display().to_string());
        }
    }
    if skipped.is_empty() {
        return Ok(exports);
    }
    let rule = "names that begin with _ or ., and files of no bytes, are no exports";
    if exports.is_empty() {
        return Err(WrongUsage::because(format!(
            "no export among {}: {rule}",
            skipped.join(", ")
        )));
    }
    writeln!(console.err, "skipped: {} ({rule})", skipped.join(", "))?;
    Ok(exports)
}

/// Whether a file is an export.
fn is_export(file: &Path) -> anyhow::Result<bool> {
    let name = file.file_name().map(|name| name.to_string_lossy());
    if name.is_some_and(|name| is_hidden(&name)) {
        return Ok(false);
    }
    let size = open(file)?.metadata().map_or(0, |metadata| metadata.len());
    Ok(size > 0)
}

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
