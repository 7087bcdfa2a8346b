//! All audiences, and the uploaded files that wait for their use.

use std::collections::{BTreeMap, HashMap};

use crate::{
    audiences::audience::{Audience, AudienceOrigin, AudienceRecord, Ids},
    codes,
    refusal::{PARAM_ERROR, Refusal},
    settings::Settings,
};

/// The id of the first audience.
const FIRST_ID: u64 = 160_000_001;

/// A file between its upload and its use.
#[derive(Debug)]
pub(crate) struct UploadedFile {
    pub(crate) advertiser_id: String,
    pub(crate) calculate_type: &'static str,
    pub(crate) ids: Ids,
    pub(crate) uploaded_ms: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Audiences {
    made: u64,
    all: BTreeMap<String, Audience>,
    files: HashMap<String, UploadedFile>,
}

impl Audiences {
    /// Makes an audience and tells its id; 40002 when the account has as many as it may. Two may have the same name.
    pub(crate) fn add(
        &mut self,
        advertiser_id: &str,
        name: &str,
        origin: AudienceOrigin,
        ids: Ids,
        now_ms: i64,
        settings: &Settings,
    ) -> Result<String, Refusal> {
        let owned = self
            .all
            .values()
            .filter(|audience| audience.advertiser_id == advertiser_id)
            .count();
        if owned >= settings.max_audiences {
            let words = format!("The advertiser has {owned} audiences, which is the limit.");
            return Err(Refusal::new(PARAM_ERROR, words));
        }
        let id = (FIRST_ID + self.made).to_string();
        self.made += 1;
        let mut audience = Audience {
            id: id.clone(),
            advertiser_id: advertiser_id.to_owned(),
            name: name.to_owned(),
            origin,
            ids,
            created_ms: now_ms,
            changed_ms: now_ms,
            ready_ms: now_ms + settings.processing_ms,
            history: Vec::new(),
        };
        audience.record_change("CREATE", format!("Created {name}"), now_ms);
        self.all.insert(id.clone(), audience);
        Ok(id)
    }

    /// An audience of this advertiser: 40007 when there is none, 40001 when it is another's.
    pub(crate) fn of(&mut self, id: &str, advertiser_id: &str) -> Result<&mut Audience, Refusal> {
        let Some(audience) = self.all.get_mut(id) else {
            return Err(Refusal::new(40007, format!("Audience {id} does not exist.")));
        };
        if audience.advertiser_id == advertiser_id {
            return Ok(audience);
        }
        Err(Refusal::new(
            40001,
            format!("No permission to operate audience {id}."),
        ))
    }

    pub(crate) fn find(&mut self, id: &str) -> Option<&mut Audience> {
        self.all.get_mut(id)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.all.remove(id);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Audience> {
        self.all.values()
    }

    pub(crate) fn records(&self, now_ms: i64) -> Vec<AudienceRecord> {
        self.all
            .values()
            .map(|audience| audience.record(now_ms))
            .collect()
    }

    /// Keeps a file and tells its path.
    pub(crate) fn keep_file(&mut self, signature: &str, file: UploadedFile) -> String {
        let path = format!(
            "custom_audience/{}/{}-{signature}",
            file.advertiser_id,
            self.files.len() + 1
        );
        self.files.insert(path.clone(), file);
        path
    }

    /// The ids of some files together: 40905 for an unknown path, 40001 for another advertiser's file,
    /// 40910 for one that waited too long, 40002 for one of another type.
    pub(crate) fn files(
        &self,
        paths: &[String],
        advertiser_id: &str,
        calculate_type: &'static str,
        now_ms: i64,
        settings: &Settings,
    ) -> Result<Ids, Refusal> {
        let mut together = Ids::new();
        for path in paths {
            let Some(file) = self.files.get(path) else {
                return Err(Refusal::new(40905, codes::message(40905)));
            };
            if file.advertiser_id != advertiser_id {
                return Err(Refusal::new(
                    40001,
                    "No permission to use a file of another advertiser.",
                ));
            }
            if now_ms - file.uploaded_ms >= settings.file_seconds.saturating_mul(1000) {
                return Err(Refusal::new(40910, codes::message(40910)));
            }
            if file.calculate_type != calculate_type {
                return Err(Refusal::field(
                    "calculate_type",
                    "not the calculate_type of the file",
                ));
            }
            for (kind, digests) in &file.ids {
                together.entry(kind).or_default().extend(digests);
            }
        }
        Ok(together)
    }
}
