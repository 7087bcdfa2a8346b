//! The sample export: the same for the same seed, number of rows and hour.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sync_core::rejection::Code;

use super::faults::{FAULTS, spoil};
use super::order::Order;
use super::spec::COLUMNS;

const SEED: u64 = 20_261_101;

/// One row of so many is bad: about 3 %.
const WINDOW: u64 = 33;

/// What a run over the sample has to find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The `event_id` of each good row.
    pub(crate) accepted: BTreeSet<String>,
    /// Bad rows by code, the expired ones among them.
    pub(crate) rejected: BTreeMap<&'static str, u64>,
}

/// Writes the sample. `base` is the hour at which it ends.
pub(crate) fn write_sample(rows: u64, base: Timestamp, out: &mut dyn Write) -> io::Result<Expected> {
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut expected = Expected::default();
    let mut faults = Faults::default();
    let mut bad_at = 0;
    writeln!(out, "{}", COLUMNS.join(","))?;
    for number in 0..rows {
        if number % WINDOW == 0 {
            // Not the first row: a duplicate needs a good one before it.
            bad_at = number + rng.random_range(1..WINDOW);
        }
        let mut order = Order::new(&mut rng, number, rows / 3, base);
        if number != bad_at {
            order.write(out, COLUMNS.len())?;
            expected.accepted.insert(order.event_id);
            continue;
        }
        let fault = faults.next();
        let earlier = expected.accepted.last().cloned().unwrap_or_default();
        let fields = spoil(&mut order, fault, &earlier, base);
        order.write(out, fields)?;
        *expected.rejected.entry(fault.as_str()).or_default() += 1;
    }
    Ok(expected)
}

/// The faults in turn, over and over; rows of 200 KB only once.
#[derive(Default)]
struct Faults {
    made: usize,
}

impl Faults {
    fn next(&mut self) -> Code {
        loop {
            let at = self.made % FAULTS.len();
            let first_round = self.made < FAULTS.len();
            self.made += 1;
            match FAULTS.get(at) {
                Some(Code::RowTooLarge) if !first_round => {}
                Some(fault) => return *fault,
                None => return Code::RaggedRow,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preview::{Joined, RowProblem, Sink, Walk};
    use std::path::Path;
    use tiktok::Endpoint;

    fn sample(rows: u64) -> (Vec<u8>, Expected) {
        let mut text = Vec::new();
        let expected = write_sample(rows, "2026-11-01T10:00:00Z".parse().unwrap(), &mut text).unwrap();
        (text, expected)
    }

    #[test]
    fn the_same_hour_gives_the_same_sample() {
        assert_eq!(sample(700), sample(700));
    }

    #[test]
    fn three_percent_are_bad_in_every_way() {
        let (_, expected) = sample(12_000);
        let bad: u64 = expected.rejected.values().sum();
        assert_eq!(bad + expected.accepted.len() as u64, 12_000);
        assert!((330..=390).contains(&bad), "{bad}");
        assert_eq!(expected.rejected.len(), FAULTS.len());
    }

    #[test]
    fn the_rules_find_each_fault_as_it_is_meant() {
        struct Codes(BTreeMap<String, u64>, String);
        impl Sink for Codes {
            fn request(&mut self, _: Endpoint, body: &[u8]) -> io::Result<()> {
                self.1.push_str(std::str::from_utf8(body).unwrap());
                Ok(())
            }
            fn rejected(&mut self, problem: &RowProblem<'_>) -> io::Result<()> {
                *self.0.entry(problem.code.to_owned()).or_default() += 1;
                Ok(())
            }
            fn warning(&mut self, _: &RowProblem<'_>) -> io::Result<()> {
                Ok(())
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let now = Timestamp::now();
        let expected = write_sample(1_500, now, &mut file.as_file()).unwrap();
        let spec = sync_core::spec::read("shop-events.yaml", super::super::SPEC).unwrap();
        assert_eq!(spec.warnings, []);
        let mut codes = Codes(BTreeMap::new(), String::new());
        let none = Joined::load(&spec.spec, Path::new(""), file.path(), None).unwrap();
        let walk = Walk::new(&spec.spec, now.as_second(), None, none);
        let counts = walk.file(file.path(), &mut codes).unwrap().unwrap();
        let mut meant: BTreeMap<String, u64> = expected
            .rejected
            .iter()
            .map(|(code, rows)| ((*code).to_owned(), *rows))
            .collect();
        assert_eq!(meant.remove("expired"), Some(counts.expired));
        assert_eq!(codes.0, meant);
        assert_eq!(counts.accepted, expected.accepted.len() as u64);
        for id in &expected.accepted {
            assert!(codes.1.contains(&format!("\"event_id\":\"{id}\"")), "{id}");
        }
    }
}
