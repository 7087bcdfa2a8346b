//! What happens when all goes well.

use tiktok::oauth::Ability;
use tiktok_sandbox::ADVERTISERS;

use crate::bench::{BUCKET, Bench, Browser, NOW, parameter};

#[tokio::test]
async fn a_link_becomes_a_connected_destination_and_a_page_without_a_code() {
    let bench = Bench::start().await;
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    assert_eq!(parameter(&back, "code"), parameter(&back, "auth_code"));
    let (first, page) = bench.come_back(&mut browser, &back).await;
    assert_eq!(
        (first.header("location"), first.body.as_str()),
        (Some("done"), "")
    );
    assert_eq!(page.status, 200);
    for part in [
        "Authorization successful",
        "<b>acme</b>",
        ADVERTISERS[0],
        "Sandbox account 2",
        "tideline/acme-exports/destinations/acme",
        "destination: acme",
    ] {
        assert!(page.body.contains(part), "{part} is missing in {}", page.body);
    }
    let (connection, _) = bench.connection("acme").await.unwrap();
    let ids: Vec<&str> = connection
        .accounts
        .iter()
        .map(|account| account.id.as_str())
        .collect();
    assert_eq!(ids, ADVERTISERS);
    assert_eq!(connection.connected_at, "2027-01-15T08:01:00Z");
    assert!(
        Ability::ALL
            .into_iter()
            .all(|ability| connection.can(ability) == Some(true))
    );
    let keys = bench.keys().await;
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(
        keys[0].starts_with("oauth/used/") && keys[1] == "wake/acme.json",
        "{keys:?}"
    );
}

#[tokio::test]
async fn connecting_again_makes_a_new_version_of_the_same_destination() {
    let bench = Bench::start().await;
    let spec = "destination: acme\ntype: web_events\nmodel: {path: models/web/, primary_key: id}\nevent: {pixel_code: C4, name: {value: Purchase}}\nmappings:\n  - {from: at, to: event_time}\n  - {from: email, to: user.email}\n";
    bench.ctx.store.put("syncs/web.yaml", spec.into()).await.unwrap();
    let mut versions = Vec::new();
    for _ in 0..2 {
        let mut browser = Browser::default();
        let back = bench.authorise(&mut browser, "acme").await;
        let (_, page) = bench.come_back(&mut browser, &back).await;
        assert!(page.body.contains("the sync web sends"), "{}", page.body);
        versions.push(bench.connection("acme").await.unwrap().1);
    }
    assert_ne!(versions[0], versions[1]);
    let destinations = bench
        .ctx
        .secrets
        .list("tideline/acme-exports/destinations/")
        .await;
    assert_eq!(destinations.unwrap().len(), 1);
    assert!(bench.ctx.store.get("syncs/web.yaml").await.unwrap().is_some());
}

#[tokio::test]
async fn two_destinations_can_be_on_their_way_in_one_browser() {
    let bench = Bench::start().await;
    let mut browser = Browser::default();
    let one = bench.authorise(&mut browser, "one").await;
    let two = bench.authorise(&mut browser, "two").await;
    for (back, name) in [(one, "one"), (two, "two")] {
        let (_, page) = bench.come_back(&mut browser, &back).await;
        assert!(page.body.contains(&format!("<b>{name}</b>")));
    }
}

#[tokio::test]
async fn without_the_names_of_the_accounts_their_ids_have_to_do() {
    let bench = Bench::start().await;
    bench.fault(&serde_json::json!({"path": "/oauth2/advertiser/get/", "code": 50000}));
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    let (_, page) = bench.come_back(&mut browser, &back).await;
    assert_eq!(page.status, 200);
    let (connection, _) = bench.connection("acme").await.unwrap();
    assert_eq!(connection.accounts[1].id, ADVERTISERS[1]);
    assert_eq!(connection.accounts[1].name, "");
}

#[tokio::test]
async fn the_page_is_shown_again_for_a_while_and_in_no_other_browser() {
    let bench = Bench::start().await;
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    bench.come_back(&mut browser, &back).await;
    assert_eq!(bench.ask(&mut browser, "done", NOW + 900).await.status, 200);
    assert_eq!(bench.ask(&mut browser, "done", NOW + 2_000).await.status, 404);
    assert_eq!(
        bench.ask(&mut Browser::default(), "done", NOW + 62).await.status,
        404
    );
    assert!(
        bench
            .secrets()
            .await
            .contains(&format!("tideline/{BUCKET}/destinations/acme"))
    );
}
