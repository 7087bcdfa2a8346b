//! Exports that cannot be read, and exports that only look so.

use crate::support::{Folder, hours_ago, web_spec};

#[test]
fn a_broken_export_is_told_what_where_and_what_to_do() {
    let folder = Folder::new();
    folder.write("web.yaml", web_spec(""));
    let header = "id,event,at,email,phone,url,value";
    for (name, content, said) in [
        (
            "empty.csv",
            Vec::new(),
            "the file is empty: an export needs at least a header line with the column names",
        ),
        ("blank.csv", b"\r\n\n".to_vec(), "the file is empty"),
        ("bom-only.csv", b"\xef\xbb\xbf".to_vec(), "the file is empty"),
        (
            "missing.csv",
            b"id,event,at,e-mail,url,value\n".to_vec(),
            "The export lacks columns that the spec names: `email` (named by mappings: user.email, did you mean `e-mail`?); `phone` (named by mappings: user.phone). Add them to the export or correct the spec",
        ),
        (
            "no-header.csv",
            b"o-1,Purchase,2026-11-01,a@b.example,,https://b.example,1\n".to_vec(),
            "column 5 has no name: each column needs a name in the header line",
        ),
        (
            "double.csv",
            format!("{header},email\n").into_bytes(),
            "line 1: the header names the column \"email\" twice: rename or drop one of them",
        ),
        (
            "latin1-header.csv",
            b"id,\xe4\n".to_vec(),
            "line 1: the name of column 2 is not UTF-8: export the file as UTF-8",
        ),
        (
            "quote.csv",
            format!("{header}\no-1,\"Purchase\n").into_bytes(),
            "line 2: a quote that opens in the row that begins here is never closed",
        ),
        (
            "utf16.csv",
            b"\xff\xfei\0d\0".to_vec(),
            "the file is UTF-16: export it as UTF-8",
        ),
        (
            "zip.csv",
            b"PK\x03\x04....".to_vec(),
            "the file is a zip archive: export it uncompressed",
        ),
    ] {
        folder.write(name, content);
        for form in ["text", "json"] {
            let ran = folder.run(&["preview", "web.yaml", name, "--output", form]);
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{name}: {ran:?}");
            let begins = format!("error: {name}: ");
            assert!(
                ran.err.starts_with(&begins) && ran.err.contains(said),
                "{name}: {ran:?}"
            );
        }
    }
}

#[test]
fn marks_of_other_systems_change_nothing() {
    let folder = Folder::new();
    let (at, _) = hours_ago(1);
    folder.write("web.yaml", web_spec(""));
    let plain =
        format!("id,event,at,email,phone,url,value\no-1,Purchase,{at},a@b.example,,https://b.example,1\n");
    folder.write("plain.csv", &plain);
    folder.write("crlf.csv", plain.replace('\n', "\r\n"));
    folder.write("bom.csv", format!("\u{feff}{plain}"));
    folder.write("no-end.csv", plain.trim_end());
    folder.write("tabs.tsv", plain.replace(',', "\t"));
    let preview = |name: &str| folder.run(&["preview", "web.yaml", name, "--output", "json"]);
    let expected = preview("plain.csv");
    assert_eq!(
        (expected.code, expected.json()["counts"]["accepted"].as_u64()),
        (0, Some(1))
    );
    for name in ["crlf.csv", "bom.csv", "no-end.csv", "tabs.tsv"] {
        let ran = preview(name);
        assert_eq!((ran.code, ran.out), (0, expected.out.clone()), "{name}");
    }
}

#[test]
fn a_bad_row_never_spoils_its_neighbours() {
    let folder = Folder::new();
    let (at, _) = hours_ago(1);
    folder.write("web.yaml", web_spec(""));
    let mut csv = b"id,event,at,email,phone,url,value\n".to_vec();
    for id in ["o-1", "o-\u{ff}", "o-2"] {
        csv.extend_from_slice(id.replace('\u{ff}', "").as_bytes());
        if id.contains('\u{ff}') {
            csv.push(0xff);
        }
        csv.extend_from_slice(format!(",Purchase,{at},a@b.example,,https://b.example,1\n").as_bytes());
    }
    folder.write("a.csv", csv);
    let ran = folder.run(&["preview", "web.yaml", "a.csv", "--output", "json"]);
    let shown = ran.json();
    assert_eq!(ran.code, 3);
    assert_eq!(shown["rejected"][0]["code"], "invalid_utf8");
    assert_eq!(
        (&shown["rejected"][0]["line"], &shown["rejected"][0]["column"]),
        (&3.into(), &"id".into())
    );
    assert_eq!(shown["requests"][0]["body"]["data"].as_array().unwrap().len(), 2);
}
