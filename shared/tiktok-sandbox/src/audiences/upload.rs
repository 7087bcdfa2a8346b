//! `POST /dmp/custom_audience/file/upload/`: a file of digests.

use std::collections::HashMap;

use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use crate::{
    audiences::{
        audience::Ids,
        form::{self, Part},
        id_kind::{self, MULTIPLE_TYPES},
        store::UploadedFile,
    },
    call::Call,
    codes,
    refusal::{PARAM_ERROR, Refusal},
    settings::{Settings, Strictness},
    state::{Access, SandboxState},
};

/// TikTok's limit for one file.
pub(crate) const MAX_FILE_BYTES: usize = 50 * 1024 * 1024;
/// What the form must hold.
const REQUIRED: [&str; 4] = ["advertiser_id", "file", "file_signature", "calculate_type"];
/// What it may hold: a name for the file, in two spellings.
const OPTIONAL: [&str; 2] = ["name", "file_name"];
/// A header may come so many times in one file.
const MAX_SAME_COLUMNS: usize = 3;

pub(crate) fn upload(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let parts = form::parts(call)?;
    let missing: Vec<&str> = REQUIRED
        .into_iter()
        .filter(|name| !parts.iter().any(|part| part.name == *name))
        .collect();
    if !missing.is_empty() {
        return Err(Refusal::new(
            PARAM_ERROR,
            format!("Missing required field(s): {}.", missing.join(", ")),
        ));
    }
    let unknown = parts
        .iter()
        .find(|Part { name, .. }| !REQUIRED.contains(&name.as_str()) && !OPTIONAL.contains(&name.as_str()));
    if let Some(part) = unknown
        && access.settings.unknown_fields == Strictness::Refuse
    {
        return Err(Refusal::field(&part.name, "unknown field"));
    }
    let advertiser_id = text(&parts, "advertiser_id")?;
    let signature = text(&parts, "file_signature")?;
    let calculate_type = id_kind::file_kind(text(&parts, "calculate_type")?).ok_or_else(|| refused(40909))?;
    let Some(file) = parts.iter().find(|part| part.name == "file") else {
        return Err(refused(40905));
    };
    let file_name = file.file_name.as_deref().unwrap_or_default();
    // The end must be exactly `.csv` or `.txt`: capitals are refused.
    if ![Some("csv"), Some("txt")].contains(&file_name.rsplit_once('.').map(|(_, end)| end)) {
        return Err(refused(40908));
    }
    if file.content.is_empty() {
        return Err(refused(40906));
    }
    if file.content.len() > MAX_FILE_BYTES {
        return Err(refused(40907));
    }
    if const_hex::encode(Md5::digest(file.content)) != signature {
        return Err(refused(40900));
    }
    let ids = read_file(file.content, calculate_type, &access.settings)?;
    access.advertiser(advertiser_id)?;
    let mut memory = state.lock();
    let uploaded_ms = memory.clock.now_ms();
    let file = UploadedFile {
        advertiser_id: advertiser_id.to_owned(),
        calculate_type,
        ids,
        uploaded_ms,
    };
    let file_path = memory.audiences.keep_file(signature, file);
    Ok(json!({"file_path": file_path}))
}

fn refused(code: u32) -> Refusal {
    Refusal::new(code, codes::message(code))
}

fn text<'form>(parts: &'form [Part<'_>], name: &str) -> Result<&'form str, Refusal> {
    let part = parts.iter().find(|part| part.name == name);
    match part.map(|part| std::str::from_utf8(part.content)) {
        Some(Ok(text)) if !text.is_empty() => Ok(text),
        _ => Err(Refusal::field(name, "not a valid string")),
    }
}

/// The digests of a file: one a line, or a CSV with a header for several types.
fn read_file(content: &[u8], calculate_type: &'static str, settings: &Settings) -> Result<Ids, Refusal> {
    let broken = |why: String| {
        Refusal::new(
            40915,
            format!("The uploaded file breaks the specification: {why}."),
        )
    };
    let text = std::str::from_utf8(content).map_err(|_| broken("not UTF-8".to_owned()))?;
    let mut lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.is_empty())
        .peekable();
    let columns = if calculate_type == MULTIPLE_TYPES {
        let header = lines.next().map_or("", |(_, header)| header);
        header_columns(header).map_err(broken)?
    } else {
        // The user interface wants a header, the API none; both are taken.
        lines.next_if(|(_, line)| id_kind::column_kind(cell(line)) == Some(calculate_type));
        vec![calculate_type]
    };
    let mut ids = Ids::new();
    for (number, line) in lines {
        let cells: Vec<&str> = line.split(',').map(cell).collect();
        if cells.len() != columns.len() {
            return Err(broken(format!(
                "line {number} has {} columns, not {}",
                cells.len(),
                columns.len()
            )));
        }
        if cells.iter().all(|cell| cell.is_empty()) {
            return Err(broken(format!("line {number} holds no id")));
        }
        for (kind, cell) in columns.iter().zip(cells) {
            if cell.is_empty() && columns.len() > 1 {
                continue;
            }
            let digest = id_kind::digest(kind, cell, settings);
            let digest = digest.ok_or_else(|| broken(format!("line {number} holds no valid {kind}")))?;
            ids.entry(kind).or_default().insert(digest);
        }
    }
    Ok(ids)
}

fn header_columns(header: &str) -> Result<Vec<&'static str>, String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut columns = Vec::new();
    for name in header.split(',').map(cell) {
        let kind = id_kind::column_kind(name).ok_or("the header names an unknown id type")?;
        let times = seen.entry(kind).or_default();
        *times += 1;
        if *times > MAX_SAME_COLUMNS {
            return Err(format!(
                "the header names {kind} more than {MAX_SAME_COLUMNS} times"
            ));
        }
        columns.push(kind);
    }
    Ok(columns)
}

fn cell(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audiences::audience::count;

    fn check(content: &str, calculate_type: &'static str, expected: Result<usize, &str>) {
        let read = read_file(content.as_bytes(), calculate_type, &Settings::default());
        match (read, expected) {
            (Ok(ids), Ok(expected)) => assert_eq!(count(&ids), expected, "{content}"),
            (Err(refusal), Err(words)) => {
                assert_eq!(refusal.code, 40915);
                assert!(refusal.message.contains(words), "{}", refusal.message);
            }
            (read, _) => panic!("{content}: {read:?}"),
        }
    }

    #[test]
    fn files_of_one_type_have_a_digest_a_line() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        check(&format!("{a}\n{b}\r\n{a}\n"), "EMAIL_SHA256", Ok(2));
        check(&format!("Email_SHA256\n{a}\n"), "EMAIL_SHA256", Ok(1));
        check(
            &format!("{a}\nana@example.com\n"),
            "EMAIL_SHA256",
            Err("line 2 holds no valid EMAIL_SHA256"),
        );
        check(&format!("Phone_SHA256\n{a}\n"), "EMAIL_SHA256", Err("line 1"));
    }

    #[test]
    fn files_of_several_types_have_a_header() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        check(
            &format!("email_SHA256,phone_SHA256\n{a},{b}\n{b},\n"),
            "MULTIPLE_TYPES",
            Ok(3),
        );
        check(&format!("{a},{b}\n"), "MULTIPLE_TYPES", Err("header"));
        check(
            "email_sha256,phone_sha256\n,\n",
            "MULTIPLE_TYPES",
            Err("line 2 holds no id"),
        );
        check(
            &format!("email_sha256,phone_sha256\n{a}\n"),
            "MULTIPLE_TYPES",
            Err("line 2 has 1 columns"),
        );
        check(
            "maid,maid,maid,maid\n",
            "MULTIPLE_TYPES",
            Err("more than 3 times"),
        );
    }
}
