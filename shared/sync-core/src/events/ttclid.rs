//! TikTok's click id in a page's address.

/// The value of the query parameter `ttclid` of a URL, percent-decoded into `scratch` where that is needed.
/// `None` when there is none, or it is empty or no text.
pub(super) fn ttclid_of<'s, 'u: 's>(url: &'u str, scratch: &'s mut String) -> Option<&'s str> {
    let (_, behind) = url.split_once('?')?;
    let query = behind.split_once('#').map_or(behind, |(query, _)| query);
    let raw = query
        .split('&')
        .find_map(|pair| {
            pair.split_once('=')
                .filter(|(name, value)| *name == "ttclid" && !value.is_empty())
        })
        .map(|(_, value)| value)?;
    if !raw.contains(['%', '+']) {
        return Some(raw);
    }
    *scratch = decoded(raw)?;
    Some(scratch.as_str())
}

fn decoded(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let hex = |byte: Option<&u8>| {
            byte.and_then(|&b| char::from(b).to_digit(16))
                .and_then(|n| u8::try_from(n).ok())
        };
        match (byte, hex(tail.first()), hex(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.trim().is_empty() && !text.contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_click_id_is_read_from_the_query() {
        for (url, expected) in [
            ("https://shop.example/?ttclid=E.C.P.v1ct", Some("E.C.P.v1ct")),
            (
                "https://shop.example/a?x=1&ttclid=E.C-P_1&y=2#top",
                Some("E.C-P_1"),
            ),
            ("/thanks?ttclid=abc", Some("abc")),
            ("https://shop.example/?ttclid=E%2EC%2B1", Some("E.C+1")),
            ("https://shop.example/?ttclid=100%", Some("100%")),
            ("https://shop.example/?ttclid=&ttclid=2", Some("2")),
            ("https://shop.example/?ttclid=", None),
            ("https://shop.example/?ttclid", None),
            ("https://shop.example/?xttclid=1&ttclid2=3", None),
            ("https://shop.example/#?x&ttclid=1", None),
            ("https://shop.example/?a=1#ttclid=1", None),
            ("https://shop.example/?ttclid=%ff", None),
            ("https://shop.example/?ttclid=%00", None),
            ("ttclid=1", None),
            ("", None),
        ] {
            assert_eq!(ttclid_of(url, &mut String::new()), expected, "{url}");
        }
    }
}
