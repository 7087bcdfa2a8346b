//! `POST /segment/audience/`: makes and deletes audiences of the Segment API.

use serde_json::{Value, json};

use crate::{
    audiences::audience::{AudienceOrigin, Ids},
    body::{self, checked_object, optional, required},
    call::Call,
    check,
    refusal::{Refusal, Wrong},
    state::{Access, SandboxState},
};

/// Longer names are cut to 67 characters and three dots.
const MAX_NAME_CHARS: usize = 70;

pub(crate) fn segment_audience(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let settings = &*access.settings;
    let body = checked_object(
        call,
        settings,
        &[
            required("advertiser_id", check::text),
            optional("action", check::text),
            optional("custom_audience_name", check::text),
            optional("delete_audience_id", check::text),
        ],
    )?;
    let advertiser_id = body::text(&body, "advertiser_id");
    let needed = match body.get("action").and_then(Value::as_str).unwrap_or("create") {
        "create" => "custom_audience_name",
        "delete" => "delete_audience_id",
        _ => return Err(Refusal::field("action", "must be create or delete")),
    };
    if !body.contains_key(needed) {
        return Err(Wrong::missing([needed]).refusal(None, settings.messages));
    }
    access.advertiser(advertiser_id)?;
    let mut memory = state.lock();
    if needed == "delete_audience_id" {
        let id = body::text(&body, needed);
        let audience = memory.audiences.of(id, advertiser_id)?;
        if !matches!(audience.origin, AudienceOrigin::Segment) {
            return Err(Refusal::field(needed, "not an audience of the Segment API"));
        }
        memory.audiences.remove(id);
        return Ok(json!({"audience_id": id}));
    }
    let name = cut_name(body::text(&body, needed));
    let now_ms = memory.clock.now_ms();
    let id = memory.audiences.add(
        advertiser_id,
        &name,
        AudienceOrigin::Segment,
        Ids::new(),
        now_ms,
        settings,
    )?;
    Ok(json!({"audience_id": id}))
}

fn cut_name(name: &str) -> String {
    if name.chars().count() <= MAX_NAME_CHARS {
        return name.to_owned();
    }
    name.chars()
        .take(MAX_NAME_CHARS - 3)
        .chain("...".chars())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_over_70_characters_ends_in_dots() {
        assert_eq!(cut_name(&"é".repeat(70)), "é".repeat(70));
        assert_eq!(cut_name(&"é".repeat(71)), "é".repeat(67) + "...");
    }
}
