//! One row, several events.

use super::*;

fn blocks(rules: [EventNameRule; 2]) -> SyncSpec {
    let mut spec = web(&[("=t", "user.ttclid"), ("=/", "page.url")]);
    spec.events = rules.map(|rule| block(pixel(), rule)).to_vec();
    spec
}

fn names(spec: &SyncSpec, row: &[(&str, &str)]) -> Vec<(usize, String)> {
    let mapped = map(spec, row);
    assert_eq!(mapped.end(), "sent");
    mapped
        .events
        .iter()
        .map(|(block, event)| (*block, event["event"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn each_block_makes_an_event_that_differs_in_its_name() {
    let spec = blocks([value("Purchase"), value("Subscribe")]);
    let mapped = map(&spec, &[]);
    let mut expected = mapped.events[0].1.clone();
    assert_eq!(expected["event"], json!("Purchase"));
    expected["event"] = json!("Subscribe");
    assert_eq!(mapped.events[1], (1, expected));
}

#[test]
fn a_block_whose_map_lacks_the_name_makes_no_event() {
    let spec = blocks([
        from("event", &[("paid", "Purchase"), ("both", "Purchase")]),
        from("event", &[("sub", "Subscribe"), ("both", "Lead")]),
    ]);
    assert_eq!(names(&spec, &[("event", "paid")]), [(0, "Purchase".to_owned())]);
    assert_eq!(names(&spec, &[("event", "sub")]), [(1, "Subscribe".to_owned())]);
    assert_eq!(
        names(&spec, &[("event", "both")]),
        [(0, "Purchase".to_owned()), (1, "Lead".to_owned())]
    );
    refuses(&spec, &[("event", "Purchase")], "event invalid_event_name");
    refuses(&spec, &[("event", "")], "event missing_event_name");
    // A block without a map takes the name as it is.
    let spec = blocks([from("event", &[("paid", "Purchase")]), from("event", &[])]);
    assert_eq!(names(&spec, &[("event", "Search")]), [(1, "Search".to_owned())]);
    refuses(&spec, &[("event", "paid")], "event invalid_event_name");
    let spec = blocks([from("event", &[("paid", "Purchase")]), value("Search")]);
    assert_eq!(names(&spec, &[("event", "")]), [(1, "Search".to_owned())]);
}

#[test]
fn each_block_has_its_own_range_of_times() {
    let mut spec = blocks([value("Purchase"), value("Subscribe")]);
    spec.events[1].max_age = Duration::from_mins(1);
    spec.events[1].max_future = Duration::from_hours(2);
    assert_eq!(names(&spec, &[]), [(0, "Purchase".to_owned())]);
    assert_eq!(
        names(&spec, &[("time", &(NOW + 3_600).to_string())]),
        [(1, "Subscribe".to_owned())]
    );
    assert_eq!(names(&spec, &[("time", &NOW.to_string())]).len(), 2);
    assert_eq!(map(&spec, &[("time", "2026-01-01")]).end(), "expired");
    refuses(
        &spec,
        &[("time", &(NOW + 7_201).to_string())],
        "event_time future_time",
    );
}
