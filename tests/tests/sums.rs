//! Laws of whole runs over any export: every row is accounted for once, and the snapshot is what was accepted.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::collections::BTreeSet;
use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tideline_tests::{Act, ApiCall, Bench, Export, Setup, World};

/// A row of an export: which key, what is wrong with it.
#[derive(Debug, Clone, Copy)]
enum Row {
    Valid(u8),
    Bad(u8),
    Old(u8),
    NoKey,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = prop_oneof![
        6 => (0u8..20).prop_map(Row::Valid),
        1 => (0u8..20).prop_map(Row::Bad),
        1 => (0u8..20).prop_map(Row::Old),
        1 => Just(Row::NoKey),
    ];
    proptest::collection::vec(row, 0..25)
}

fn export(rows: &[Row]) -> Export {
    rows.iter().fold(Export::default(), |export, row| match row {
        Row::Valid(key) => export.row(&format!("k{key}"), "a"),
        Row::Bad(key) => export.bad(&format!("k{key}")),
        Row::Old(key) => export.old(&format!("k{key}")),
        Row::NoKey => export.row("", "a"),
    })
}

/// The keys whose first row is valid.
fn valid(rows: &[Row]) -> BTreeSet<String> {
    let (mut seen, mut valid) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let (key, good) = match row {
            Row::Valid(key) => (key, true),
            Row::Bad(key) | Row::Old(key) => (key, false),
            Row::NoKey => continue,
        };
        if seen.insert(*key) && good {
            valid.insert(format!("k{key}"));
        }
    }
    valid
}

fn bad_day(refused: &BTreeSet<u8>, flaky: &[bool]) -> impl FnMut(&ApiCall) -> Act + Send + 'static + use<> {
    let refused: Vec<String> = refused.iter().map(|key| format!("k{key}")).collect();
    let flaky = flaky.to_vec();
    move |call| {
        let at = usize::try_from(call.number).unwrap_or_default() % flaky.len();
        let blamed = call.ids.iter().position(|id| refused.contains(id));
        match blamed {
            Some(row) => Act::Answer(
                40002,
                format!("Invalid value for data.{row}.properties.content_type: bad."),
            ),
            None if flaky[at] => Act::ResetAfter,
            None => Act::Pass,
        }
    }
}

/// Runs of the same file with many rejected rows and an unreliable TikTok, and then calm ones.
async fn check(
    bench: &Rc<Bench>,
    cut: bool,
    days: &[Vec<Row>],
    refused: &BTreeSet<u8>,
    flaky: &[bool],
) -> anyhow::Result<()> {
    let setup = if cut { Setup::cut(4, 4) } else { Setup::small() };
    let mut world = World::new(bench, setup).await?;
    bench.front.script(bad_day(refused, flaky));
    for (number, rows) in days.iter().enumerate() {
        world.run(&format!("{number}.csv"), &export(rows)).await?;
        world.check_records()?;
    }
    bench.front.script(bad_day(refused, &[false]));
    world.pass(60).await?;
    world.check_no_errors()?;
    world.check_rest()?;
    let mut expected: BTreeSet<String> = days.iter().flat_map(|rows| valid(rows)).collect();
    for key in refused {
        expected.remove(&format!("k{key}"));
    }
    world.check_keys(expected)?;
    // The same rows once more: nothing is sent.
    let before = world.received();
    if let Some(rows) = days.last() {
        let good: Vec<Row> = rows
            .iter()
            .copied()
            .filter(|row| matches!(row, Row::Valid(_)))
            .collect();
        let good: Vec<Row> = good
            .into_iter()
            .filter(|row| !matches!(row, Row::Valid(key) if refused.contains(key)))
            .collect();
        let known = valid(&good).iter().all(|key| before.contains_key(key));
        world.run("again.csv", &export(&good)).await?;
        anyhow::ensure!(
            !known || world.received() == before,
            "what is the same was sent again"
        );
    }
    world.check_rest()
}

#[test]
fn whatever_comes_and_whatever_tiktok_says_the_sums_add_up() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bench = runtime.block_on(async { Rc::new(Bench::start().await.unwrap()) });
    let days = proptest::collection::vec(rows(), 1..4);
    let refused = proptest::collection::btree_set(0u8..20, 0..3);
    let flaky = proptest::collection::vec(proptest::bool::weighted(0.3), 1..7);
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(100)
    };
    let mut runner = TestRunner::new(config);
    let law = runner.run(
        &(any::<bool>(), days, refused, flaky),
        |(cut, days, refused, flaky)| {
            let judged = runtime.block_on(check(&bench, cut, &days, &refused, &flaky));
            judged.map_err(|error| TestCaseError::fail(format!("{error:#}")))
        },
    );
    if let Err(error) = law {
        panic!("{error}");
    }
}
