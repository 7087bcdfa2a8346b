//! The sandbox and the client agree: each field is sent once for real, and read back as it was meant.

use serde_json::{Value, json};
use tiktok_sandbox::{Sandbox, SandboxConfig};

use crate::support::{at_path, hour_ago, preview, spec, tideline, write_files};
use crate::targets::{ALL, Wide, cases};

#[test]
fn each_field_is_sent_by_run_and_read_back_equal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cases = cases();
    for kind in ALL {
        let sandbox = runtime
            .block_on(Sandbox::start(SandboxConfig::default()))
            .unwrap();
        let wide = Wide::new(kind, &cases);
        let folder = tempfile::tempdir().unwrap();
        write_files(&folder, &wide.spec, &wide.header(), &wide.rows);
        let url = sandbox.url();
        let (code, out, err) = tideline(
            &folder,
            &[
                "run",
                "spec.yaml",
                "rows.csv",
                "--endpoint",
                &url,
                "--output",
                "json",
            ],
        );
        assert_eq!(code, 0, "{kind}: {out}{err}");
        let shown = preview(&wide.spec, &wide.header(), &wide.rows);
        let held: Vec<Value> = sandbox
            .state()
            .events()
            .into_iter()
            .map(|event| serde_json::to_value(event).unwrap())
            .collect();
        assert_eq!(held.len(), cases.len(), "{kind}");
        for (n, case) in cases.iter().enumerate() {
            let key = format!("row-{n}");
            let stored = held.iter().find(|event| event["event_id"] == key).unwrap();
            assert_eq!(at_path(&stored["body"], case.to), case.json, "{kind} {}", case.to);
            assert_eq!(
                shown.row(n).events,
                [stored["body"].clone()],
                "{kind} {}",
                case.to
            );
            let facts = json!([
                stored["event_source"],
                stored["event"],
                stored["event_time"],
                stored["received"]
            ]);
            let source = kind.strip_suffix("_events").unwrap();
            assert_eq!(facts, json!([source, "Purchase", wide.at, 1]));
        }
        runtime.block_on(sandbox.stop());
    }
}

/// `event_set_id`, names and lists as a shop's till writes them, in calls of at most 100 events.
#[test]
fn offline_events_go_in_calls_of_a_hundred() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime
        .block_on(Sandbox::start(SandboxConfig::default()))
        .unwrap();
    let mappings =
        "  - {from: at, to: timestamp}\n  - {from: email, to: emails}\n  - {from: phone, to: phones}\n";
    let text = spec(
        "offline_events",
        "",
        "",
        mappings,
        "name: till\nidentity: {default_country: US}\n",
    )
    .replace("  batch_size: 100\n", "");
    let at = hour_ago().to_string();
    let row = |n: usize| {
        vec![
            format!("row-{n}"),
            at.clone(),
            format!("jane{n}@shop.example"),
            String::new(),
        ]
    };
    let rows: Vec<_> = (0..250).map(row).collect();
    let folder = tempfile::tempdir().unwrap();
    write_files(&folder, &text, &["id", "at", "email", "phone"], &rows);
    let url = sandbox.url();
    let (code, out, err) = tideline(
        &folder,
        &[
            "run",
            "spec.yaml",
            "rows.csv",
            "--endpoint",
            &url,
            "--output",
            "json",
        ],
    );
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(sandbox.state().event_count(), 250);
    assert_eq!(sandbox.state().calls_to("/event/track/"), 3);
    runtime.block_on(sandbox.stop());
}
