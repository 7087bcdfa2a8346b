//! What an audience promises: who is in it after each export, and what the state knows of it.
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

use sync_core::run::{RunKind, RunStatus};
use tideline_tests::{Act, Bench, MIRROR, NO_ROW, People, Setup, World, add_spec, names, noted, refuse_adds};

async fn world(setup: Setup, spec: &str) -> World {
    let bench = Rc::new(Bench::start().await.unwrap());
    let setup = Setup {
        spec: spec.to_owned(),
        ..setup
    };
    World::new(&bench, setup).await.unwrap()
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(3, 4)]
}

/// Nothing waits, the audience is that, and the state agrees.
fn check(world: &World, expected: &str) {
    world.check_no_errors().unwrap();
    world.check_rest().unwrap();
    world.check_members(&names(expected)).unwrap();
    world.check_audience(true).unwrap();
}

fn holders(world: &World, id: &str) -> BTreeSet<String> {
    world.holders().unwrap().remove(id).unwrap_or_default()
}

fn refusal() -> Act {
    Act::Answer(
        40002,
        "Invalid value for batch_data.0.0.id: not a valid string.".into(),
    )
}

/// Exports one after the other under `mirror`, and who is in the audience after each.
#[tokio::test]
async fn a_mirrored_audience_is_equal_to_the_newest_export() {
    let row = |key, names| People::default().row(key, names);
    let cases: Vec<(&str, Vec<(People, &str)>)> = vec![
        (
            "an identifier that two rows share leaves with the last of them",
            vec![
                (row("k1", "e1 p1").row("k2", "e1"), "e1 p1"),
                (row("k2", "e1"), "e1"),
                (row("k3", "e3"), "e3"),
            ],
        ),
        (
            "another email: the old one goes, the new one comes",
            vec![(row("k1", "e1 p1"), "e1 p1"), (row("k1", "e2 p1"), "e2 p1")],
        ),
        (
            "an identifier that moves to another row stays",
            vec![
                (row("k1", "e1").row("k2", "e2"), "e1 e2"),
                (row("k1", "e2").row("k3", "e1"), "e1 e2"),
                (row("k1", "e1").row("k3", "e2"), "e1 e2"),
            ],
        ),
        (
            "a known row that is rejected leaves",
            vec![
                (People::rows(1, 4), "e1 e2 e3"),
                (People::rows(1, 3).bad("k3"), "e1 e2"),
            ],
        ),
        (
            "the first row of a key counts",
            vec![
                (row("k1", "e1").row("k1", "e2"), "e1"),
                (row("k1", "e2").row("k1", "e1"), "e2"),
            ],
        ),
        (
            "lists make several persons, of which some go",
            vec![
                (row("k1", "e1 e2 e3 p1"), "e1 e2 e3 p1"),
                (row("k1", "e2 p2"), "e2 p2"),
            ],
        ),
        (
            "everybody leaves, and comes back",
            vec![
                (People::rows(0, 7), "e0 e1 e2 e3 e4 e5 e6"),
                (People::default().bad("x"), ""),
                (People::rows(0, 7), "e0 e1 e2 e3 e4 e5 e6"),
            ],
        ),
    ];
    for setup in setups() {
        for (what, exports) in &cases {
            let mut world = world(setup.clone(), MIRROR).await;
            for (number, (people, expected)) in exports.iter().enumerate() {
                world.people(&format!("{number}.csv"), people).await.unwrap();
                println!("{what}, {number}");
                check(&world, expected);
                let held: BTreeSet<String> = world.holders().unwrap().into_keys().collect();
                assert_eq!(held, names(expected), "what is gone is forgotten: {what}");
            }
        }
    }
}

#[tokio::test]
async fn only_what_has_changed_is_sent_and_nobody_is_added_and_removed_at_once() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        let before = People::rows(0, 9).row("k9", "e9 p1");
        world.people("1.csv", &before).await.unwrap();
        let calls = noted(&world.bench.front);
        // k0 is gone, k1 takes over its email, k9 has another phone.
        let after = People::rows(2, 9).row("k1", "e0").row("k9", "e9 p2");
        let run = world.people("2.csv", &after).await.unwrap();
        check(&world, "e0 e2 e3 e4 e5 e6 e7 e8 e9 p2");
        let of = |adds: bool| -> BTreeSet<String> {
            let calls = calls.lock().unwrap();
            calls
                .iter()
                .filter(|call| call.0 == adds)
                .flat_map(|call| call.1.clone())
                .collect()
        };
        assert_eq!((of(true), of(false)), (names("e0 e9 p2"), names("e1 p1")));
        let record = world.record(&run).await.unwrap();
        let counts = &record.counts;
        assert_eq!((counts.unchanged, counts.to_send, counts.changed), (7, 2, 2));
        assert_eq!((counts.removed, counts.to_delete, record.sums.deleted), (1, 2, 2));
        assert_eq!(record.status, RunStatus::Completed);
    }
}

#[tokio::test]
async fn under_add_nobody_is_ever_removed() {
    for setup in setups() {
        let mut world = world(setup, &add_spec()).await;
        let calls = noted(&world.bench.front);
        world.people("1.csv", &People::rows(0, 3)).await.unwrap();
        world
            .people("2.csv", &People::default().row("k1", "e5").bad("k2"))
            .await
            .unwrap();
        world
            .people("3.csv", &People::default().row("k7", "e7"))
            .await
            .unwrap();
        check(&world, "e0 e1 e2 e5 e7");
        assert!(calls.lock().unwrap().iter().all(|call| call.0));
        // What earlier rows of a key brought stays known.
        assert_eq!(holders(&world, "e1"), names("k1"));
    }
}

#[tokio::test]
async fn refused_people_are_not_called_synced_and_go_again() {
    for spec in [MIRROR.to_owned(), add_spec()] {
        for setup in setups() {
            let mut world = world(setup, &spec).await;
            world.bench.front.script(refuse_adds("e2"));
            let run = world.people("1.csv", &People::rows(0, 5)).await.unwrap();
            check(&world, "e0 e1 e3 e4");
            let record = world.record(&run).await.unwrap();
            assert_eq!((record.sums.refused, record.sums.accepted), (1, 4));
            assert_eq!(record.status, RunStatus::CompletedWithErrors);
            assert!(!world.known().unwrap()["k2"], "nobody is sure of it");
            // What was refused may be there all the same, for all that is known.
            assert_eq!(holders(&world, "e2"), names("k2"));
            world.bench.front.script(|_| Act::Pass);
            let run = world.people("2.csv", &People::rows(0, 5)).await.unwrap();
            let counts = world.record(&run).await.unwrap().counts;
            assert_eq!((counts.unchanged, counts.to_send), (4, 1));
            check(&world, "e0 e1 e2 e3 e4");
            assert!(world.known().unwrap()["k2"]);
        }
    }
}

#[tokio::test]
async fn a_removal_that_was_refused_stays_known_as_nobodys_until_the_next_export() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.people("1.csv", &People::rows(0, 4)).await.unwrap();
        world
            .bench
            .front
            .script(|call| if call.removes() { refusal() } else { Act::Pass });
        let run = world.people("2.csv", &People::rows(0, 2)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!((record.sums.deleted, record.sums.not_deleted), (0, 2));
        assert_eq!(record.status, RunStatus::CompletedWithErrors);
        check(&world, "e0 e1 e2 e3");
        assert_eq!(holders(&world, "e2"), names(NO_ROW));
        world.bench.front.script(|_| Act::Pass);
        // e3 has a row again meanwhile: it stays.
        world
            .people("3.csv", &People::rows(0, 2).row("k9", "e3"))
            .await
            .unwrap();
        check(&world, "e0 e1 e3");
        assert_eq!(
            (holders(&world, "e2"), holders(&world, "e3")),
            (names(""), names("k9"))
        );
    }
}

#[tokio::test]
async fn what_had_no_answer_goes_by_itself_added_and_removed() {
    for setup in setups() {
        for lost in [Act::Http(503), Act::ResetAfter] {
            let mut world = world(setup.clone(), MIRROR).await;
            world.people("1.csv", &People::rows(0, 4)).await.unwrap();
            let act = lost.clone();
            world.bench.front.script(move |call| match call.path.as_str() {
                "/segment/mapping/" => act.clone(),
                _ => Act::Pass,
            });
            let run = world.people("2.csv", &People::rows(2, 6)).await.unwrap();
            let record = world.record(&run).await.unwrap();
            assert_eq!((record.sums.carried_out, record.sums.not_deleted), (2, 2));
            assert_eq!(holders(&world, "e0"), names(NO_ROW));
            assert_eq!(holders(&world, "e5"), names("k5"));
            assert!(!world.known().unwrap()["k5"]);
            world.check_audience(true).unwrap();
            world.bench.front.script(|_| Act::Pass);
            world.pass(30).await.unwrap();
            check(&world, "e2 e3 e4 e5");
            assert_eq!(holders(&world, "e0"), names(""));
            assert!(world.known().unwrap()["k5"]);
            let retried = world
                .records()
                .into_iter()
                .find(|record| record.kind == RunKind::Retry);
            assert_eq!(retried.unwrap().sums.accepted, 2);
        }
    }
}

#[tokio::test]
async fn runs_of_many_parts_make_the_same_audience_as_small_ones() {
    let exports = [
        People::rows(0, 12).row("k3", "e40").bad("x"),
        People::rows(4, 14).row("k20", "e4 e21 p1").bad("k0"),
        People::rows(4, 9).row("k20", "e21 p1").row("k21", "e4"),
    ];
    let mut seen = Vec::new();
    for setup in [
        Setup::small(),
        Setup::cut(3, 4),
        Setup::cut(1, 2),
        Setup::cut(5, 100),
    ] {
        let mut world = world(setup, MIRROR).await;
        let mut after = Vec::new();
        for (number, people) in exports.iter().enumerate() {
            let run = world.people(&format!("{number}.csv"), people).await.unwrap();
            world.check_rest().unwrap();
            world.check_audience(true).unwrap();
            let record = world.record(&run).await.unwrap();
            after.push((world.members(), world.holders().unwrap(), world.known().unwrap()));
            after
                .last_mut()
                .unwrap()
                .0
                .insert(format!("{:?} {:?}", record.counts, record.sums));
        }
        seen.push(after);
    }
    assert!(seen.windows(2).all(|two| two[0] == two[1]), "{seen:#?}");
}

/// S3 tells whole seconds, so of two exports of one second nobody knows which is older.
#[tokio::test]
async fn an_export_of_the_same_second_as_the_last_one_is_not_called_late() {
    for setup in setups() {
        let setup = Setup { tick: 0, ..setup };
        let mut world = world(setup, MIRROR).await;
        world.people("b.csv", &People::rows(0, 4)).await.unwrap();
        // Both landed in that second too; the name that comes last is the newest of them.
        let mut landed = Vec::new();
        for (name, people) in [("aa.csv", People::rows(1, 7)), ("ab.csv", People::rows(2, 6))] {
            landed.push(world.land_file(name, people.csv()).await.unwrap());
        }
        assert_eq!(world.store.now() % 1_000, 0);
        world.work().await.unwrap();
        check(&world, "e2 e3 e4 e5");
        let mut statuses = Vec::new();
        for run in &landed {
            statuses.push(world.record(run).await.unwrap().status);
        }
        assert_eq!(statuses, [RunStatus::Superseded, RunStatus::Completed]);
    }
}
