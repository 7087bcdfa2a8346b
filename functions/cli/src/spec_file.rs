//! Sync specs as files of this machine.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use runtime::store::Store;
use sync_core::names::SyncName;
use sync_core::run::keys;
use sync_core::spec::{self, SpecErrors, SpecIssue, SpecRead, SyncSpec};

use crate::console::Console;
use crate::exit::WrongUsage;

/// A spec with the text that it was read from.
pub(crate) struct SpecFile {
    pub(crate) spec: SyncSpec,
    pub(crate) text: String,
}

/// Reads and checks a spec. A file that cannot be read is an error of the spec too, so that all of it comes in one
/// form.
pub(crate) fn read(path: &Path) -> Result<(String, SpecRead), SpecErrors> {
    let name = path.display().to_string();
    let unreadable = |message: String| {
        let issue = SpecIssue {
            file: name.clone(),
            line: 1,
            column: 1,
            path: String::new(),
            message,
        };
        SpecErrors {
            errors: vec![issue],
            warnings: Vec::new(),
        }
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(format!("expected a file: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("expected UTF-8 text".to_owned()))?;
    spec::read(&name, &text).map(|read| (text, read))
}

/// Reads the spec that a command works with. Its warnings go to stderr; with errors the command cannot be done.
pub(crate) fn load(path: &Path, console: &mut Console) -> anyhow::Result<SpecFile> {
    match read(path) {
        Ok((text, SpecRead { spec, warnings })) => {
            for warning in &warnings {
                writeln!(console.err, "{}", Warning(warning))?;
            }
            Ok(SpecFile { spec, text })
        }
        Err(errors) => Err(WrongUsage::InvalidSpec(errors).into()),
    }
}

/// The spec of a sync, as it lies in the bucket or in the folder in its place.
pub(crate) async fn of_store(store: &dyn Store, sync: &SyncName) -> anyhow::Result<SpecFile> {
    let key = keys::spec(sync);
    let object = store.get(&key).await?.with_context(|| format!("{key} is gone"))?;
    let text = String::from_utf8_lossy(&object.body).into_owned();
    let spec = spec::read(&key, &text).map_err(WrongUsage::InvalidSpec)?.spec;
    Ok(SpecFile { spec, text })
}

/// A warning about a spec: `file:line:column: path: warning: what to know`.
pub(crate) struct Warning<'a>(pub(crate) &'a SpecIssue);

impl std::fmt::Display for Warning<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let SpecIssue {
            file,
            line,
            column,
            path,
            message,
        } = self.0;
        write!(f, "{file}:{line}:{column}: ")?;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "warning: {message}")
    }
}
