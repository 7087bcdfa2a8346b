//! The header of a batch file: what is sent, through which connection, and what its rows are.

use serde::{Deserialize, Serialize};

use super::BATCH_FORMAT;
use crate::audience::{MAX_MAPPING_BYTES, SegmentCalls};
use crate::events::{CallBody, CallCutter, MAX_BODY_BYTES};
use crate::names::{AdvertiserId, AudienceId, DestinationName, RunId, SyncName};
use crate::run::SentTo;
use crate::spec::{EventBlock, OutOfRange};

/// The first line of a batch file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHeader {
    /// [`BATCH_FORMAT`].
    pub format: u32,
    /// The sync.
    pub sync: SyncName,
    /// The run.
    pub run: RunId,
    /// The connection to send through.
    pub destination: DestinationName,
    /// Which event block of the spec made the rows.
    pub block: u32,
    /// TikTok's endpoint, for example `event/track/`.
    pub endpoint: String,
    /// What comes before the rows in a call's body.
    pub head: String,
    /// What comes after them.
    pub tail: String,
    /// Rows per API call, at most.
    pub batch_size: u32,
    /// Seconds after which a row of this batch has become too old to be sent.
    pub max_age: u64,
    /// What the rows are.
    #[serde(default, skip_serializing_if = "BatchKind::is_events")]
    pub kind: BatchKind,
}

/// What the rows of a batch are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchKind {
    /// Events.
    #[default]
    Events,
    /// Persons that are added to an audience. Equal ones go once a call.
    Adds,
    /// Identifiers that are removed from an audience.
    Removals,
    /// Files that become an audience together: `head` is an [`UploadJob`], each row an
    /// [`UploadedFile`](crate::audience::UploadedFile).
    Upload,
}

impl BatchKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn is_events(&self) -> bool {
        *self == Self::Events
    }

    /// The largest body of a call, in bytes.
    fn max_bytes(self) -> usize {
        match self {
            Self::Events => MAX_BODY_BYTES,
            Self::Adds | Self::Removals | Self::Upload => MAX_MAPPING_BYTES,
        }
    }
}

/// What an upload makes of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadJob {
    /// The advertiser account.
    pub advertiser_id: AdvertiserId,
    /// `calculate_type` of files and audience.
    pub calculate_type: String,
    /// The name under which the audience is made where there is none yet; `None`: there is one.
    pub name: Option<String>,
    /// The audience, where it was known when the batch was written.
    pub audience_id: Option<AudienceId>,
    /// `retention_in_days` of a new audience.
    pub retention_days: Option<u16>,
    /// TikTok's own half of Match Booster.
    pub audience_enhancement: bool,
    /// The files add to the audience; otherwise they replace what is in it.
    #[serde(default)]
    pub append: bool,
    /// How many people they hold.
    pub people: u64,
}

impl BatchHeader {
    /// The header of an event block's batches. `number` is the block's place in the spec.
    pub fn of_events(
        block: &EventBlock,
        number: u32,
        sync: &SyncName,
        run: &RunId,
        destination: &DestinationName,
    ) -> Self {
        let body = CallBody::new(block);
        Self {
            format: BATCH_FORMAT,
            sync: sync.clone(),
            run: run.clone(),
            destination: destination.clone(),
            block: number,
            endpoint: "event/track/".to_owned(),
            head: String::from_utf8_lossy(body.head()).into_owned(),
            tail: CallBody::TAIL.to_owned(),
            batch_size: u32::from(block.batch_size),
            // Events out of range that are sent with a warning never become too old.
            max_age: match block.when_out_of_range {
                OutOfRange::Refuse => block.max_age.as_secs(),
                OutOfRange::Warn => u64::MAX,
            },
            kind: BatchKind::Events,
        }
    }

    /// The header of batches that add persons to an audience or remove identifiers from it.
    pub fn of_persons(
        kind: BatchKind,
        head: String,
        persons_per_call: u16,
        sync: &SyncName,
        run: &RunId,
        destination: &DestinationName,
    ) -> Self {
        Self {
            format: BATCH_FORMAT,
            sync: sync.clone(),
            run: run.clone(),
            destination: destination.clone(),
            block: u32::from(kind == BatchKind::Removals),
            endpoint: SegmentCalls::ENDPOINT.to_owned(),
            head,
            tail: SegmentCalls::TAIL.to_owned(),
            batch_size: u32::from(persons_per_call),
            max_age: u64::MAX,
            kind,
        }
    }

    /// The header of the batch that uploads an audience's files.
    pub fn of_upload(
        job: &UploadJob,
        sync: &SyncName,
        run: &RunId,
        destination: &DestinationName,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            format: BATCH_FORMAT,
            sync: sync.clone(),
            run: run.clone(),
            destination: destination.clone(),
            block: 0,
            endpoint: "dmp/custom_audience/file/upload/".to_owned(),
            head: serde_json::to_string(job)?,
            tail: String::new(),
            // All files belong to one job.
            batch_size: u32::MAX,
            max_age: u64::MAX,
            kind: BatchKind::Upload,
        })
    }

    /// The event source of the calls' bodies; `None` for bodies without one.
    pub fn sent_to(&self) -> Option<SentTo> {
        serde_json::from_str(&format!("{}{}", self.head, self.tail)).ok()
    }

    /// A cutter for the calls of this batch. The same rows are always cut alike.
    pub(super) fn cutter(&self) -> CallCutter {
        CallCutter::new(
            self.batch_size as usize,
            self.head.len() + self.tail.len(),
            self.kind.max_bytes(),
        )
    }
}
