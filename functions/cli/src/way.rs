//! The way to an installation: commands that are proposed in a text get the options that lead to it.

use std::path::PathBuf;

use crate::place::Place;
use crate::shell::quoted;

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
}

impl Way {
    pub(crate) fn new(store: &Place, endpoint: Option<&str>) -> Self {
        Self {
            store: store.clone(),
            endpoint: endpoint.map(str::to_owned),
            spec: None,
        }
    }

    /// The same, with the file of the spec.
    #[must_use]
    pub(crate) fn with_spec(self, spec: Option<PathBuf>) -> Self {
        Self { spec, ..self }
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
        let words = command.split(' ').map(|word| match (&self.spec, word) {
            (Some(spec), "SPEC") => quoted(&spec.to_string_lossy()),
            _ => word.to_owned(),
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
