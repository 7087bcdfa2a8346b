//! The batch of a file upload: all files of an export together.

use sync_core::audience::{FileLayout, UploadedFile, kinds_of};
use sync_core::diff::{KeyDigest, RowFingerprint};
use sync_core::run::{BatchHeader, BatchWriter, NewRow, UploadJob};
use sync_core::spec::{AudienceRef, Via};

use crate::run::Run;
use crate::spool::Spool;

/// Writes the batch that uploads these files, if there are any. `people` is how many rows they are made of.
pub(crate) fn write(
    run: &Run<'_>,
    files: &[UploadedFile],
    people: u64,
    spool: &mut Spool,
) -> anyhow::Result<()> {
    let Some(audience) = run.spec.audience.as_ref().filter(|_| !files.is_empty()) else {
        return Ok(());
    };
    let Via::FileUpload {
        retention_days,
        audience_enhancement,
        file_header,
    } = &audience.via
    else {
        return Ok(());
    };
    let layout = FileLayout::new(kinds_of(run.spec), *file_header);
    let job = UploadJob {
        advertiser_id: audience.advertiser_id.clone(),
        calculate_type: layout.calculate_type().to_owned(),
        name: match &audience.audience {
            AudienceRef::Name(name) => Some(name.clone()),
            AudienceRef::Id(_) => None,
        },
        audience_id: run
            .plan
            .audience
            .as_ref()
            .and_then(|audience| audience.id.clone()),
        retention_days: *retention_days,
        audience_enhancement: *audience_enhancement,
        append: run.plan.only_adds(),
        people,
    };
    let header = BatchHeader::of_upload(&job, run.sync, run.id, &run.spec.destination)?;
    let mut writer = BatchWriter::new(header);
    for (number, file) in (1_u64..).zip(files) {
        let payload = serde_json::to_vec(file)?;
        // More files than a batch has rows are refused before.
        let _ = writer.push(&NewRow {
            key: KeyDigest::from_u128(u128::from(number)),
            fingerprint: RowFingerprint::UNSURE,
            record: number,
            line: None,
            shown_key: b"null",
            time: 0,
            payload: &payload,
        });
    }
    if let Some((bytes, rows)) = writer.take() {
        spool.keep(&bytes, rows)?;
    }
    Ok(())
}
