//! What the handler depends on.

use std::sync::Arc;
use std::time::Duration;

use runtime::secrets::Secrets;
use runtime::store::Store;
use tiktok::{ApiBase, Client};

/// A person waits, and the HTTP API gives up after 30 seconds: two tries of an exchange and the list of accounts fit.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// What the handler depends on. Made once, at cold start.
pub struct Context {
    /// The bucket, or the folder in its place.
    pub store: Arc<dyn Store>,
    /// Where the app, the key of the links and the tokens lie.
    pub secrets: Arc<dyn Secrets>,
    /// The way to TikTok.
    pub client: Client,
    /// Where TikTok is: its authorisation page lies beside the API.
    pub base: ApiBase,
    /// The bucket's name, a part of secrets' names.
    pub bucket: String,
}
