//! The README's commands, run as they stand there.

use crate::support::{Folder, Stand, hours_ago};

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let (folder, stand) = (Folder::new(), Stand::start());
    let (at, _) = hours_ago(2);
    let row = |n: u32| format!("o-{n},order_completed,{at},jane{n}@shop.example,https://shop.example/{n}\n");
    let rows: String = (0..9).map(row).collect();
    folder.write(
        "orders.csv",
        format!("order_id,event,created_at,email,url\n{rows}"),
    );
    let readme = include_str!("../../README.md");
    let block = readme.split("```").nth(1).unwrap();
    let mut done = Vec::new();
    for line in block
        .lines()
        .filter_map(|line| line.split('#').next())
        .filter(|line| line.contains("tideline "))
    {
        let (before, command) = line.split_once("tideline ").unwrap();
        let token = before.trim().strip_prefix("TIKTOK_ACCESS_TOKEN=");
        let command = command.replace("http://127.0.0.1:8099", &stand.url());
        let arguments: Vec<&str> = command.split_whitespace().collect();
        done.push(arguments[0].to_owned());
        // One that serves until it is stopped stands beside this test.
        if arguments != ["sandbox"] {
            let ran = folder.run_with(&arguments, token);
            assert_eq!(ran.code, 0, "{line}: {ran:?}");
        }
    }
    assert_eq!(done, ["demo", "init", "validate", "preview", "sandbox", "run"]);
    assert_eq!(stand.state().event_count(), 9);
    stand.stop();
}
