//! One name for one number and one status: text, JSON, `runs`, the report and the log line of a run say the same, and
//! every line adds up.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sync_core::run::{Figure, Record, RunStatus};

use crate::second_actions::{Bench, PIXEL, TOKEN, lines};
use crate::support::{Ran, hours_ago, web_spec};

/// What a run says of itself somewhere: its status, and each number that is not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    status: String,
    numbers: BTreeMap<&'static str, u64>,
}

impl Said {
    fn new(status: &str, numbers: impl IntoIterator<Item = (&'static str, u64)>) -> Self {
        let numbers = numbers.into_iter().filter(|(_, number)| *number > 0);
        Self {
            status: status.to_owned(),
            numbers: numbers.collect(),
        }
    }

    fn sum(&self, figures: &[Figure]) -> u64 {
        let number = |figure: &Figure| self.numbers.get(figure.name());
        figures.iter().filter_map(number).sum()
    }
}

fn number(text: &str) -> u64 {
    let digits = text.trim().replace(',', "");
    digits.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// The figure of a name.
fn figure(name: &str) -> Option<Figure> {
    Figure::all().find(|figure| figure.name() == name)
}

/// `12 rows = 3 rejected + 9 to send`, `9 to send = 9 accepted`.
fn in_text(ran: &Ran) -> Said {
    let head = ran.out.lines().next().unwrap();
    let status = head.split_once(": ").unwrap().1.split_once(" (run ").unwrap().0;
    let mut numbers = Vec::new();
    let is_sum = |line: &&str| line.contains(" = ") && !line.contains(" identifier");
    for line in ran.out.lines().filter(is_sum) {
        let (sum, terms) = line.trim().split_once(" = ").unwrap();
        let mut total = 0;
        for term in terms.split(" + ").filter(|term| *term != "0") {
            let (count, name) = term.split_once(' ').unwrap();
            total += number(count);
            numbers.push((
                figure(name).unwrap_or_else(|| panic!("{line}")).name(),
                number(count),
            ));
        }
        let mut left = 0;
        for term in sum.split(" + ") {
            let (count, name) = term.split_once(' ').unwrap();
            left += number(count);
            match figure(name) {
                Some(figure) => numbers.push((figure.name(), number(count))),
                None => numbers.push((Figure::Queried.name(), number(count))),
            }
        }
        assert_eq!(left, total, "{line} does not add up");
    }
    Said::new(status, numbers)
}

/// The record as JSON, with the number of rows that wait still.
fn in_json(shown: &Value) -> Said {
    let record: Record = serde_json::from_value(shown.clone()).unwrap();
    let left_over = shown["left_over"].as_u64().unwrap();
    let numbers = Figure::all().map(|figure| (figure.name(), figure.of(&record, left_over)));
    Said::new(record.status.name(), numbers)
}

/// The line of a run in the table of `runs`, by the headings above it.
fn in_table(table: &str, run: &str) -> Said {
    let heading = table.lines().next().unwrap();
    let line = table
        .lines()
        .find(|line| line.split_whitespace().nth(1) == Some(run))
        .unwrap_or_else(|| panic!("{run} is not in\n{table}"));
    let names: Vec<(usize, &'static str)> = Figure::all()
        .filter_map(|figure| {
            let name = figure.name().to_uppercase();
            // Each heading ends where its column does.
            Some((
                heading.find(&format!("  {name}"))? + 2 + name.len(),
                figure.name(),
            ))
        })
        .collect();
    let from = heading.find("STATUS").unwrap();
    let to = heading.find("ENDED").unwrap();
    let numbers = names.into_iter().map(|(end, name)| {
        let cell: String = line.chars().take(end).collect();
        (name, number(cell.rsplit(' ').next().unwrap()))
    });
    let status: String = line.chars().skip(from).take(to - from).collect();
    Said::new(status.trim(), numbers)
}

fn in_report(html: &str) -> Said {
    let status = html
        .split_once("<title>")
        .unwrap()
        .1
        .split_once("</title>")
        .unwrap()
        .0;
    let status = status.split_once(" · ").unwrap().1;
    let mut numbers = BTreeMap::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once("<th>") {
        let (name, after) = after.split_once("</th>").unwrap();
        rest = after;
        let value = after
            .strip_prefix("<td>")
            .and_then(|cell| cell.split_once("</td>"));
        if let (Some(figure), Some((value, _))) = (figure(name), value) {
            let before = numbers.insert(figure.name(), number(value));
            assert!(
                before.is_none_or(|before| before == number(value)),
                "{name}: {html}"
            );
        }
    }
    Said::new(status, numbers)
}

/// The line `run ended` with its fields.
fn in_log(ran: &Ran, run: &str) -> Said {
    let line = ran
        .err
        .lines()
        .find(|line| line.contains("run ended") && line.contains(&format!("run={run} ")))
        .unwrap_or_else(|| panic!("{run}: {}", ran.err));
    let field = |name: &str| {
        let value = line.split_once(&format!(" {name}="))?.1;
        Some(value.split(' ').next()?.trim_matches('"').to_owned())
    };
    let status: RunStatus = serde_json::from_value(json!(field("status").unwrap())).unwrap();
    let numbers = Figure::all().map(|figure| {
        let name = figure.name().replace(' ', "_");
        let value = field(&name).unwrap_or_else(|| panic!("{name} is not in {line}"));
        (figure.name(), number(&value))
    });
    Said::new(status.name(), numbers.collect::<Vec<_>>())
}

/// What all runs of a sync say, in `runs` as a table and as JSON and in their reports, which has to be the same.
#[track_caller]
fn agree(bench: &Bench, sync: &str) -> BTreeMap<String, Said> {
    let table = bench.folder.run(&["runs", sync]).out;
    let mut all = BTreeMap::new();
    for shown in lines(&bench.folder.run(&["runs", sync, "--output", "json"])) {
        let Some(run) = shown["run"].as_str().filter(|_| shown["finished"].is_number()) else {
            continue;
        };
        let said = in_json(&shown);
        assert_eq!(in_table(&table, run), said, "the table of runs, {run}");
        let report = bench
            .folder
            .read(format!(".tideline/runs/{sync}/{run}/report.html"));
        assert_eq!(in_report(&report), said, "the report of {run}");
        assert_eq!(
            said.sum(&Figure::BEFORE[1..]),
            said.sum(&[Figure::Queried]),
            "{run}: {said:?}"
        );
        assert_eq!(
            said.sum(&Figure::AFTER[1..]),
            said.sum(&[Figure::ToSend, Figure::CarriedIn]),
            "{run}: {said:?}"
        );
        all.insert(run.to_owned(), said);
    }
    all
}

/// Runs a command whose text and log have to say what the record says; returns that.
#[track_caller]
fn told(bench: &Bench, arguments: &[&str], token: &str) -> Said {
    let ran = bench.with_token(&[arguments, &["--verbose"]].concat(), token);
    let head = ran
        .out
        .lines()
        .find(|line| line.contains(" (run "))
        .unwrap_or_else(|| panic!("{ran:?}"));
    let run = head
        .split_once(" (run ")
        .unwrap()
        .1
        .split(')')
        .next()
        .unwrap()
        .to_owned();
    let text = Ran {
        out: format!("{head}{}", ran.out.split_once(head).unwrap().1),
        ..ran
    };
    let sync = arguments[1].strip_suffix(".yaml").unwrap_or(arguments[1]);
    let said = agree(bench, sync)[&run].clone();
    assert_eq!(in_text(&text), said, "{}", text.out);
    assert_eq!(in_log(&text, &run), said, "{}", text.out);
    said
}

#[track_caller]
fn check(said: &Said, status: RunStatus, numbers: &[(Figure, u64)]) {
    let numbers = numbers.iter().map(|(figure, number)| (figure.name(), *number));
    assert_eq!(*said, Said::new(status.name(), numbers));
}

/// A row of each kind: sent, rejected, twice there, too old.
fn mixed(bench: &Bench, name: &str, first: u32) {
    let (at, _) = hours_ago(2);
    let (old, _) = hours_ago(24 * 30);
    let row = |n: u32, at: &str, email: &str| {
        format!("o-{n},Purchase,{at},{email},,https://shop.example/{n},{n}.50\n")
    };
    let rows = [
        row(first, &at, "jane@shop.example"),
        row(first + 1, &at, "joe@shop.example"),
        row(first + 1, &at, "joe@shop.example"),
        row(first + 2, &at, "no address"),
        row(first + 3, &old, "old@shop.example"),
        row(first + 4, &at, "bad@shop.example"),
    ];
    bench.folder.write(
        name,
        format!("id,event,at,email,phone,url,value\n{}", rows.concat()),
    );
}

const RUN: [&str; 3] = ["run", "web.yaml", "a.csv"];

#[test]
fn events_with_every_kind_of_trouble_say_the_same_everywhere() {
    use Figure::{
        Accepted, Expired, LeftOver, Queried, Refused, Rejected, ToSend, Unanswered, Unchanged, Withheld,
    };
    let bench = Bench::new();
    let max_age = web_spec("").replace("  batch_size: 2", "  batch_size: 2\n  max_age: 10d");
    bench.spec(&max_age);
    // Under a test event code.
    bench.spec(&max_age.replace("  batch_size: 2", "  batch_size: 2\n  test_event_code: TEST1"));
    mixed(&bench, "a.csv", 0);
    let usual = [(Queried, 6), (Rejected, 2), (Expired, 1), (ToSend, 3)];
    let sent = [&usual[..], &[(Accepted, 3)]].concat();
    check(&told(&bench, &RUN, TOKEN), RunStatus::CompletedWithErrors, &sent);
    // Stopped by a guard.
    bench.spec(&format!("{max_age}guards: {{min_rows: 7}}\n"));
    check(
        &told(&bench, &RUN, TOKEN),
        RunStatus::StoppedByGuard,
        &[(Queried, 6), (Withheld, 6)],
    );
    // The wrong token: left over, and unanswered as soon as a later run has taken them in.
    bench.spec(&max_age);
    let waits = [&usual[..], &[(LeftOver, 3)]].concat();
    check(
        &told(&bench, &RUN, "wrong"),
        RunStatus::NeedsReauthorisation,
        &waits,
    );
    check(
        &told(&bench, &["retry", "web"], "wrong"),
        RunStatus::NeedsReauthorisation,
        &[(Figure::CarriedIn, 3), (LeftOver, 3)],
    );
    let runs = agree(&bench, "web");
    let waiting: u64 = runs.values().map(|said| said.sum(&[LeftOver])).sum();
    let before: u64 = runs.values().map(|said| said.sum(&[Unanswered])).sum();
    assert_eq!(
        (waiting, before),
        (3, 3),
        "rows that wait are counted once: {runs:#?}"
    );
    // A pixel that the token may not use.
    bench.every(40001, "No permission to operate pixel.");
    mixed(&bench, "a.csv", 10);
    let both = [&usual[..], &[(Figure::CarriedIn, 3), (LeftOver, 6)]].concat();
    check(&told(&bench, &RUN, TOKEN), RunStatus::Misconfigured, &both);
    // TikTok refuses one row for good.
    bench.every(40002, "Invalid value for data[0].user.email");
    check(
        &told(&bench, &["retry", "web"], TOKEN),
        RunStatus::CompletedWithErrors,
        &[(Figure::CarriedIn, 6), (Refused, 6)],
    );
    bench.well();
    mixed(&bench, "a.csv", 20);
    check(&told(&bench, &RUN, TOKEN), RunStatus::CompletedWithErrors, &sent);
    assert_eq!(bench.received(PIXEL, false).len(), 3);
    // Unchanged rows beside new ones.
    let kept = bench.folder.read("a.csv");
    mixed(&bench, "a.csv", 30);
    let new = bench.folder.read("a.csv");
    let rows = new.split_once('\n').unwrap().1;
    bench.folder.write("a.csv", format!("{kept}{rows}"));
    check(
        &told(&bench, &RUN, TOKEN),
        RunStatus::CompletedWithErrors,
        &[
            (Queried, 12),
            (Unchanged, 3),
            (Rejected, 4),
            (Expired, 2),
            (ToSend, 3),
            (Accepted, 3),
        ],
    );
    // A file that cannot be read.
    bench.folder.write("a.csv", "id,event\n1,x\n");
    check(&told(&bench, &RUN, TOKEN), RunStatus::Aborted, &[]);
    // Cancelled between its two halves.
    mixed(&bench, "a.csv", 40);
    let half = bench.ask(&["ingest", "web.yaml", "a.csv"]).json();
    bench.say(&["cancel", half["run"].as_str().unwrap()]);
    let cancelled = agree(&bench, "web")[half["run"].as_str().unwrap()].clone();
    check(
        &cancelled,
        RunStatus::Cancelled,
        &[&usual[..], &[(Unanswered, 3)]].concat(),
    );
    // Resynced, and nothing waits anywhere.
    bench.say(&["resync", "web", "--yes"]);
    let runs = agree(&bench, "web");
    assert!(runs.values().any(|said| said.status == "resynced"));
    assert_eq!(runs.values().map(|said| said.sum(&[LeftOver])).sum::<u64>(), 0);
}

/// Some rows are answered before the token is withdrawn, and some are not.
#[test]
fn a_run_that_is_stopped_in_the_midst_says_how_many_rows_wait() {
    let bench = Bench::new();
    bench.export("a.csv", 0..400, "jane@shop.example");
    let withdrawn = json!([{"path": "/event/track/", "every": 3, "times": 1, "code": 40105}]);
    bench.fault(&withdrawn);
    let first = told(&bench, &RUN, TOKEN);
    assert_eq!(first.status, "needs re-authorisation");
    let (accepted, left) = (first.sum(&[Figure::Accepted]), first.sum(&[Figure::LeftOver]));
    assert!(accepted >= 2 && left >= 2 && accepted + left == 400, "{first:?}");
    let rest = told(&bench, &["retry", "web"], TOKEN);
    check(
        &rest,
        RunStatus::Completed,
        &[(Figure::CarriedIn, left), (Figure::Accepted, left)],
    );
    assert_eq!(bench.live(), 400);
}

const AUDIENCE: &str = "\
destination: acme
type: custom_audience
mode: mirror
model: {path: models/vip/, primary_key: id, run_on: each_file}
audience: {advertiser_id: \"7100000000000000001\", name: VIP, via: segment}
mappings:
  - {from: email, to: email}
guards: {max_removed_percent: 100}
";

#[test]
fn audiences_say_the_same_everywhere_and_removed_is_what_tiktok_confirmed() {
    let bench = Bench::new();
    bench.folder.write("vip.yaml", AUDIENCE);
    let run = ["run", "vip.yaml", "a.csv"];
    let people = |ids: std::ops::Range<u32>| {
        let rows: Vec<String> = ids.map(|n| format!("{n},p{n}@x.example\n")).collect();
        bench
            .folder
            .write("a.csv", format!("id,email\n{}9999,no address\n", rows.concat()));
    };
    people(0..10);
    check(
        &told(&bench, &run, TOKEN),
        RunStatus::CompletedWithErrors,
        &[
            (Figure::Queried, 11),
            (Figure::Rejected, 1),
            (Figure::ToSend, 10),
            (Figure::Accepted, 10),
        ],
    );
    // TikTok takes no removal.
    bench.fault(&json!([{"path": "/segment/mapping/", "every": 1, "code": 40002}]));
    people(0..8);
    let ran = bench.ask(&run);
    assert_eq!(ran.code, 1, "{ran:?}");
    let removed = |at: usize| {
        let table = bench.folder.run(&["runs", "vip"]).out;
        let line = table.lines().nth(1 + at).unwrap().to_owned();
        assert!(table.lines().next().unwrap().ends_with("REMOVED"), "{table}");
        number(line.rsplit(' ').next().unwrap())
    };
    assert_eq!(removed(0), 0, "nothing was confirmed");
    bench.well();
    people(0..7);
    told(&bench, &run, TOKEN);
    assert_eq!(removed(0), 3, "two from before, and one");
    let held = bench.stand.state().audiences()[0].ids["EMAIL_SHA256"].len();
    assert_eq!(held, 7);
}

/// The exit code of a run that has ended so, as `docs/runs.md` tells it.
fn exit_of(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Completed | RunStatus::Superseded | RunStatus::Resynced => "0",
        RunStatus::CompletedWithErrors => "3; 1 where rows were lost, or identifiers not removed",
        RunStatus::Waiting => "1; 0 after `ingest`",
        RunStatus::Running => "",
        RunStatus::Postponed
        | RunStatus::Interrupted
        | RunStatus::Incomplete
        | RunStatus::Aborted
        | RunStatus::StoppedByGuard
        | RunStatus::Misconfigured
        | RunStatus::NeedsReauthorisation
        | RunStatus::Cancelled => "1",
    }
}

#[test]
fn the_page_about_runs_has_the_words_of_the_code() {
    let statuses: Vec<String> = RunStatus::ALL
        .iter()
        .map(|status| {
            let json = serde_json::to_value(status).unwrap();
            let json = json.as_str().unwrap();
            format!(
                "| {} | `{json}` | {} | {} |\n",
                status.name(),
                status.meaning(),
                exit_of(*status)
            )
        })
        .collect();
    let figures: Vec<String> = Figure::all()
        .map(|figure| {
            format!(
                "| {} | `{}` | {} |\n",
                figure.name(),
                figure.in_json(),
                figure.meaning()
            )
        })
        .collect();
    let page = include_str!("../../../../docs/runs.md");
    for table in [
        format!(
            "| Status | In JSON | Meaning | Exit |\n|---|---|---|---|\n{}",
            statuses.concat()
        ),
        format!(
            "| Number | In JSON | Meaning |\n|---|---|---|\n{}",
            figures.concat()
        ),
    ] {
        assert!(page.contains(&table), "docs/runs.md lacks\n{table}");
    }
}
