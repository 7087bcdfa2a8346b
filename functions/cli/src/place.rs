//! Where an installation's state lies: a folder of this machine, or a bucket.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use runtime::secrets::{FileSecrets, names};
use runtime::store::{LocalStore, Store};

use crate::local;
use crate::shell::quoted;
use crate::way::Way;

/// The longest that a function of a deployed installation lives after its message was taken, and a minute.
#[cfg(feature = "aws")]
const QUIET_SECONDS: i64 = 960;

/// The folder that commands take without `--store`.
pub(crate) const DEFAULT_STORE: &str = ".tideline";

/// A folder or a bucket, as `--store` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder in the place of a bucket.
    Folder(PathBuf),
    /// A bucket.
    Bucket(String),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(bucket) = text.strip_prefix("s3://") else {
            return Ok(Self::Folder(PathBuf::from(text)));
        };
        let bucket = bucket.strip_suffix('/').unwrap_or(bucket);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        if (3..=63).contains(&bucket.len()) && bucket.chars().all(plain) {
            Ok(Self::Bucket(bucket.to_owned()))
        } else {
            Err("expected a folder, or s3:// and the name of a bucket alone".to_owned())
        }
    }
}

impl Place {
    /// How a command that is shown to somebody names it, with a blank before it; nothing for the default.
    pub(crate) fn as_option(&self) -> String {
        match self {
            Self::Folder(folder) if folder.as_os_str() == DEFAULT_STORE => String::new(),
            Self::Folder(folder) => format!(" --store {}", quoted(&folder.to_string_lossy())),
            Self::Bucket(bucket) => format!(" --store s3://{bucket}"),
        }
    }

    /// Whether somebody may be at work there: the functions of an installation, or a process on a folder.
    pub(crate) fn is_held(&self) -> bool {
        match self {
            Self::Folder(folder) => local::is_held(folder),
            Self::Bucket(_) => true,
        }
    }

    /// How commands that are proposed lead there: to the stand-in for TikTok too, where a folder belongs to one.
    pub(crate) async fn way(&self, ctx: &ingest::Context, endpoint: Option<&str>) -> Way {
        let bound = match (self, endpoint) {
            (Self::Folder(_), None) => local::endpoint_of(ctx.store.as_ref()).await,
            _ => None,
        };
        Way::new(self, endpoint.or(bound.as_deref()))
    }

    /// Opens it for reading and for requests. A folder has to be there.
    pub(crate) async fn open(&self) -> anyhow::Result<ingest::Context> {
        match self {
            Self::Folder(folder) => {
                anyhow::ensure!(
                    folder.is_dir(),
                    "there is no folder {}: nothing was run there; name another one with --store",
                    folder.display()
                );
                let store: Arc<dyn Store> = Arc::new(LocalStore::open(folder)?);
                let secrets = Arc::new(FileSecrets::open(folder)?);
                let settings = ingest::Settings {
                    quiet_seconds: 0,
                    exports_land: false,
                    ..ingest::Settings::default()
                };
                Ok(ingest::Context::new(
                    store,
                    secrets,
                    names::LOCAL.to_owned(),
                    settings,
                ))
            }
            Self::Bucket(bucket) => open_bucket(bucket).await,
        }
    }
}

#[cfg(feature = "aws")]
async fn open_bucket(bucket: &str) -> anyhow::Result<ingest::Context> {
    let clients = runtime::aws::AwsClients::load().await;
    let store = Arc::new(runtime::store::S3Store::new(clients.s3, bucket));
    let secrets = Arc::new(runtime::secrets::AwsSecrets::new(clients.secrets));
    let settings = ingest::Settings {
        quiet_seconds: QUIET_SECONDS,
        ..ingest::Settings::default()
    };
    Ok(ingest::Context::new(store, secrets, bucket.to_owned(), settings))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the same signature with the AWS SDK")]
async fn open_bucket(_: &str) -> anyhow::Result<ingest::Context> {
    Err(crate::exit::WrongUsage::because(
        "this tideline was built without the AWS SDK: build it with `cargo build --release --locked --bin tideline`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_folder_or_a_bucket() {
        let bucket = Ok(Place::Bucket("acme-exports".into()));
        assert_eq!("s3://acme-exports".parse(), bucket);
        assert_eq!("s3://acme-exports/".parse(), bucket);
        assert_eq!(".tideline".parse(), Ok(Place::Folder(".tideline".into())));
        for wrong in ["s3://", "s3://a/b", "s3://Upper", "s3://x"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
