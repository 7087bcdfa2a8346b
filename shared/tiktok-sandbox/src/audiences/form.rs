//! Reads `multipart/form-data` (RFC 7578).

use memchr::memmem;

use crate::{
    call::Call,
    refusal::{PARAM_ERROR, Refusal},
};

/// One part of a form.
#[derive(Debug)]
pub(crate) struct Part<'body> {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content: &'body [u8],
}

/// All parts of a call's form, or 40002 when it is none.
pub(crate) fn parts(call: &Call) -> Result<Vec<Part<'_>>, Refusal> {
    let boundary = call.content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary")
            .then(|| value.trim_matches('"').to_owned())
    });
    let read = boundary.and_then(|boundary| read(&call.body, &boundary));
    read.ok_or_else(|| Refusal::new(PARAM_ERROR, "Request body is not a valid multipart form."))
}

fn read<'body>(body: &'body [u8], boundary: &str) -> Option<Vec<Part<'body>>> {
    let line = format!("\r\n--{boundary}");
    let first = line.as_bytes().get(2..)?;
    let start = memmem::find(body, first)?;
    let mut rest = body.get(start + first.len()..)?;
    let mut parts = Vec::new();
    // After each boundary: `--` ends the form, a line break begins a part.
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let end = memmem::find(rest, line.as_bytes())?;
        parts.push(part(rest.get(..end)?)?);
        rest = rest.get(end + line.len()..)?;
    }
    Some(parts)
}

fn part(text: &[u8]) -> Option<Part<'_>> {
    let head_end = memmem::find(text, b"\r\n\r\n")?;
    let head = std::str::from_utf8(text.get(..head_end)?).ok()?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    Some(Part {
        name: parameter(disposition, "name")?,
        file_name: parameter(disposition, "filename"),
        content: text.get(head_end + 4..)?,
    })
}

fn parameter(disposition: &str, wanted: &str) -> Option<String> {
    disposition.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        (name == wanted).then(|| value.trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<&[(&str, Option<&str>, &str)]>) {
        let parts = read(body.as_bytes(), "B");
        let parts: Option<Vec<_>> = parts.as_ref().map(|parts| {
            let shown = |part: &Part<'_>| {
                (
                    part.name.clone(),
                    part.file_name.clone(),
                    String::from_utf8(part.content.to_vec()).unwrap(),
                )
            };
            parts.iter().map(shown).collect()
        });
        let expected: Option<Vec<_>> = expected.map(|parts| {
            let owned = |(name, file, content): &(&str, Option<&str>, &str)| {
                ((*name).to_owned(), file.map(str::to_owned), (*content).to_owned())
            };
            parts.iter().map(owned).collect()
        });
        assert_eq!(parts, expected, "{body:?}");
    }

    #[test]
    fn a_form_is_read_and_a_broken_one_refused() {
        check(
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\nContent-Type: text/csv\r\n\r\nl1\r\nl2\n\r\n--B--\r\n",
            Some(&[("a", None, "1"), ("file", Some("x.csv"), "l1\r\nl2\n")]),
        );
        check("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", None);
        check("{}", None);
    }
}
