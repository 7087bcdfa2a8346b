//! The way to an installation: commands that are proposed in a text get the options that lead to it.

use std::path::{Path, PathBuf};

use crate::place::{DEFAULT_STORE, Place};
use crate::shell::{option_of_this_command, quoted};

/// Commands that talk to TikTok, or to the sandbox in its place.
const WITH_ENDPOINT: [&str; 10] = [
    "run",
    "ingest",
    "deliver",
    "retry",
    "resync",
    "cancel",
    "housekeeping",
    "connect",
    "destinations",
    "disconnect",
];
/// Commands that look at an installation.
const WITH_STORE: [&str; 3] = ["runs", "rejected", "debug"];

/// Where the state lies, and where calls go.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    store: Place,
    endpoint: Option<String>,
    /// The spec that a text may call `SPEC`.
    spec: Option<PathBuf>,
    /// The export that a text may call `FILE`.
    file: Option<PathBuf>,
}

impl Way {
    pub(crate) fn new(store: &Place, endpoint: Option<&str>) -> Self {
        Self {
            store: store.clone(),
            endpoint: endpoint.map(str::to_owned),
            spec: None,
            file: None,
        }
    }

    /// The way that this process was given.
    pub(crate) fn of_this_process() -> Self {
        let store = option_of_this_command("--store").unwrap_or_else(|| DEFAULT_STORE.to_owned());
        let store = store
            .parse()
            .unwrap_or_else(|_| Place::Folder(DEFAULT_STORE.into()));
        Self::new(&store, option_of_this_command("--endpoint").as_deref())
    }

    /// The same, with the file of the spec.
    #[must_use]
    pub(crate) fn with_spec(self, spec: Option<PathBuf>) -> Self {
        Self { spec, ..self }
    }

    /// The same, with an export.
    #[must_use]
    pub(crate) fn with_file(&self, file: &Path) -> Self {
        Self {
            file: Some(file.to_owned()),
            ..self.clone()
        }
    }

    /// A text whose commands, in backticks, lead to this installation.
    pub(crate) fn complete(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for (number, piece) in text.split('`').enumerate() {
            if number > 0 {
                out.push('`');
            }
            out.push_str(piece);
            // Every second piece stands in backticks.
            if number % 2 == 1 {
                out.truncate(out.len() - piece.len());
                out.push_str(&self.command(piece));
            }
        }
        out
    }

    /// A command with the options that lead to this installation.
    pub(crate) fn command(&self, command: &str) -> String {
        let Some(rest) = command.strip_prefix("tideline ") else {
            return command.to_owned();
        };
        let name = rest.split(' ').next().unwrap_or_default();
        let sends = WITH_ENDPOINT.contains(&name);
        if !sends && !WITH_STORE.contains(&name) {
            return command.to_owned();
        }
        let words = command.split(' ').map(|word| {
            let known = match word {
                "SPEC" => self.spec.as_ref(),
                "FILE" => self.file.as_ref(),
                _ => None,
            };
            known.map_or_else(|| word.to_owned(), |path| quoted(&path.to_string_lossy()))
        });
        let mut whole = words.collect::<Vec<_>>().join(" ");
        if !command.contains("--store") {
            whole.push_str(&self.store.as_option());
        }
        if let Some(endpoint) = self
            .endpoint
            .as_ref()
            .filter(|_| sends && !command.contains("--endpoint"))
        {
            whole.push_str(" --endpoint ");
            whole.push_str(&quoted(endpoint));
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_of_a_text_leads_to_the_installation() {
        let folder = Place::Folder("my store".into());
        let way = Way::new(&folder, Some("http://127.0.0.1:8099")).with_spec(Some("web.yaml".into()));
        assert_eq!(
            way.complete("look at `tideline runs`, then `tideline retry web`; `tideline run SPEC FILE` does it; `_SUCCESS`"),
            "look at `tideline runs --store 'my store'`, then `tideline retry web --store 'my store' --endpoint http://127.0.0.1:8099`; \
             `tideline run web.yaml FILE --store 'my store' --endpoint http://127.0.0.1:8099` does it; `_SUCCESS`"
        );
        let one_file = way.with_file(Path::new("a b.csv"));
        assert_eq!(
            one_file.complete("`tideline deliver SPEC FILE`"),
            "`tideline deliver web.yaml 'a b.csv' --store 'my store' --endpoint http://127.0.0.1:8099`"
        );
        let bucket = Way::new(&Place::Bucket("acme".into()), None);
        assert_eq!(
            bucket.complete("`tideline cancel X`"),
            "`tideline cancel X --store s3://acme`"
        );
        let usual = Way::new(&Place::Folder(".tideline".into()), None);
        for text in [
            "`tideline retry web`",
            "`tideline sandbox`",
            "no command",
            "` odd",
        ] {
            assert_eq!(usual.complete(text), text);
        }
    }
}
