//! No identity of a row is in anything that comes out, whether the row goes or not.

use crate::support::{hour_ago, spec, tideline, write_files};

#[test]
fn no_raw_identity_is_in_bodies_rejections_warnings_logs_or_the_store() {
    let machine = tokio::runtime::Runtime::new().unwrap();
    let sandbox = machine
        .block_on(tiktok_sandbox::Sandbox::start(
            tiktok_sandbox::SandboxConfig::default(),
        ))
        .unwrap();
    let mappings = "  - {from: at, to: event_time}\n  - {from: email, to: user.email}\n  - {from: phone, to: user.phone}\n  \
                    - {from: ext, to: user.external_id}\n  - {from: first, to: user.first_name}\n  - {from: last, to: \
                    user.last_name}\n  - {from: zip, to: user.zip_code}\n  - {from: ip, to: user.ip}\n  - {from: gaid, to: user.gaid}\n  \
                    - {from: email, to: event_id}\n";
    let text = spec(
        "web_events",
        "",
        "",
        mappings,
        "name: quiet\nidentity: {default_country: DE}\n",
    );
    let at = hour_ago().to_string();
    // Good ones, broken ones, and a key that is an address.
    let row = |n: usize, good: bool| -> Vec<String> {
        let email = if good {
            format!("zquirrel{n}@zhop.example")
        } else {
            format!("zquirrel{n} at zhop.example")
        };
        let phone = if good {
            format!("030 7766554{n:02}")
        } else {
            format!("07766554{n:02}zz")
        };
        let id = if n.is_multiple_of(2) {
            format!("zquirrel{n}@zhop.example")
        } else {
            format!("k-{n}")
        };
        let ip = format!("10.77.66.{n}");
        [
            id,
            at.clone(),
            email,
            phone,
            format!("zcustomer-{n}"),
            format!("Zebediah{n}"),
            format!("Zwingli{n}"),
            format!("Z0776{n}"),
            ip,
            format!("zdevice-{n}"),
        ]
        .to_vec()
    };
    let mut rows: Vec<Vec<String>> = (0..40).map(|n| row(n, n % 3 != 0)).collect();
    for row in rows.iter_mut().step_by(4) {
        row[4].clear();
    }
    let header = [
        "id", "at", "email", "phone", "ext", "first", "last", "zip", "ip", "gaid",
    ];
    let folder = tempfile::tempdir().unwrap();
    write_files(&folder, &text, &header, &rows);
    let mut written = String::new();
    let url = sandbox.url();
    for arguments in [
        &["preview", "spec.yaml", "rows.csv"][..],
        &["preview", "spec.yaml", "rows.csv", "--output", "json"],
        &["run", "spec.yaml", "rows.csv", "--endpoint", &url],
        &["runs", "--output", "json"],
    ] {
        let (code, out, err) = tideline(&folder, arguments);
        assert!(matches!(code, 0 | 3), "{arguments:?} {code} {err}");
        written += &(out + &err);
    }
    assert!(sandbox.state().event_count() > 0);
    // What the live debugger keeps is compressed, so it is looked at apart.
    let runs = folder.path().join(".tideline/runs/quiet");
    let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap();
    let run = run.file_name().into_string().unwrap();
    let calls = folder
        .path()
        .join(format!(".tideline/calls/quiet/{run}/0-0.jsonl.gz"));
    for call in runtime::call_log::read_calls(&std::fs::read(calls).unwrap()) {
        written += &serde_json::to_string(&call.unwrap()).unwrap();
    }
    for arguments in [
        &["debug", &run, "--output", "json"][..],
        &["debug", &run, "--call", "0-0/1"],
    ] {
        let (code, out, err) = tideline(&folder, arguments);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("[identity]"), "{out}");
        written += &out;
    }
    let mut folders = vec![folder.path().join(".tideline")];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                written += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
            }
        }
    }
    written += &serde_json::to_string(&sandbox.state().events()).unwrap();
    let written = written.to_lowercase();
    for raw in [
        "zquirrel",
        "zhop",
        "7766554",
        "zcustomer",
        "zebediah",
        "zwingli",
        "z0776",
        "10.77.66",
        "zdevice",
    ] {
        assert!(!written.contains(raw), "{raw} came out");
    }
    machine.block_on(sandbox.stop());
}
