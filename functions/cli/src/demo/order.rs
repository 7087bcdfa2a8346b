//! One row of the sample: something that a customer did in the shop.

use std::fmt::Write as _;
use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;

use super::people::{Person, pick};

/// The shop's own names for events, and whether they have a value.
const EVENTS: [(&str, bool); 8] = [
    ("order_completed", true),
    ("order_completed", true),
    ("order_completed", true),
    ("checkout_started", true),
    ("product_added", true),
    ("product_viewed", true),
    ("account_created", false),
    ("Subscribe", false),
];

/// Products: id, name, price in hundredths.
const PRODUCTS: [(&str, &str, u32); 6] = [
    ("SKU-1001", "Trail shoe", 8_995),
    ("SKU-1002", "Rain jacket \"Storm\"", 12_900),
    ("SKU-1003", "Socks, 3 pairs", 1_450),
    ("SKU-1004", "Water bottle", 1_995),
    ("SKU-1005", "Running vest", 3_400),
    ("SKU-1006", "Cap", 1_250),
];

/// The newest events are this old, the oldest one less than `max_age`.
const NEWEST: SignedDuration = SignedDuration::from_mins(5);
const SECONDS: std::ops::Range<i64> = 0..26 * 86_400;

/// A row, each field as it stands in the file.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) event_id: String,
    pub(super) event: String,
    pub(super) occurred_at: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) customer_id: String,
    pub(super) first_name: Vec<u8>,
    pub(super) country: String,
    pub(super) ip: String,
    pub(super) user_agent: String,
    pub(super) url: String,
    pub(super) value: String,
    pub(super) currency: String,
    pub(super) items: String,
    pub(super) limited: String,
}

impl Order {
    /// A good row. `base` is the time at which the sample ends.
    pub(super) fn new(rng: &mut StdRng, number: u64, customers: u64, base: Timestamp) -> Self {
        let person = Person::of_number(rng.random_range(0..customers.max(1)));
        let (event, has_value) = pick(rng, &EVENTS);
        let (items, hundredths) = if has_value {
            basket(rng)
        } else {
            (String::new(), 0)
        };
        let value = if has_value {
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        } else {
            String::new()
        };
        let mut url = format!(
            "https://shop.example/{}/{event}",
            person.country.code.to_lowercase()
        );
        if rng.random_bool(0.4) {
            // Writing to a `String` never fails.
            let _ = write!(url, "?ttclid=E.C.P.{:016x}", rng.random::<u64>());
        }
        let before = NEWEST + SignedDuration::from_secs(rng.random_range(SECONDS));
        let mut order = Self {
            event_id: format!("ev-{:07}", number + 1),
            event: event.to_owned(),
            occurred_at: time(base, before),
            email: person.email,
            phone: person.phone,
            customer_id: person.customer_id,
            first_name: person.first_name.as_bytes().to_vec(),
            country: person.country.code.to_owned(),
            ip: person.ip,
            user_agent: person.user_agent.to_owned(),
            url,
            value,
            currency: if has_value {
                person.country.currency.to_owned()
            } else {
                String::new()
            },
            items,
            limited: if rng.random_bool(0.05) {
                "true".to_owned()
            } else {
                String::new()
            },
        };
        order.forget_some(rng);
        order
    }

    /// Nobody knows everything about everybody; something is always left to know somebody by.
    fn forget_some(&mut self, rng: &mut StdRng) {
        if rng.random_bool(0.4) {
            self.phone.clear();
        }
        match rng.random_range(0..10) {
            0 => self.email.clear(),
            1..=3 => self.customer_id.clear(),
            _ => {}
        }
    }

    /// Takes everything away that tells whose row it is.
    pub(super) fn forget_person(&mut self) {
        for field in [
            &mut self.email,
            &mut self.phone,
            &mut self.customer_id,
            &mut self.ip,
        ] {
            field.clear();
        }
        // The click id in it counts as an identifier.
        "https://shop.example/".clone_into(&mut self.url);
    }

    /// Writes the first fields of the row as a line of CSV.
    pub(super) fn write(&self, out: &mut dyn Write, fields: usize) -> io::Result<()> {
        let all = [
            self.event_id.as_bytes(),
            self.event.as_bytes(),
            self.occurred_at.as_bytes(),
            self.email.as_bytes(),
            self.phone.as_bytes(),
            self.customer_id.as_bytes(),
            &self.first_name,
            self.country.as_bytes(),
            self.ip.as_bytes(),
            self.user_agent.as_bytes(),
            self.url.as_bytes(),
            self.value.as_bytes(),
            self.currency.as_bytes(),
            self.items.as_bytes(),
            self.limited.as_bytes(),
        ];
        for (at, field) in all.into_iter().take(fields).enumerate() {
            if at > 0 {
                out.write_all(b",")?;
            }
            write_field(out, field)?;
        }
        out.write_all(b"\n")
    }
}

/// A time before the base, in whole seconds.
pub(super) fn time(base: Timestamp, before: SignedDuration) -> String {
    base.checked_sub(before).unwrap_or(base).to_string()
}

/// What somebody buys: the JSON of it, and its value in hundredths.
fn basket(rng: &mut StdRng) -> (String, u32) {
    let mut items = Vec::new();
    let mut sum = 0;
    for _ in 0..rng.random_range(1..=3) {
        let (id, name, price) = pick(rng, &PRODUCTS);
        let quantity = rng.random_range(1..=3_u32);
        sum += price * quantity;
        let price = format!("{}.{:02}", price / 100, price % 100);
        items.push(serde_json::json!({
            "content_id": id, "content_name": name, "quantity": quantity, "price": price,
        }));
    }
    (serde_json::Value::from(items).to_string(), sum)
}

fn write_field(out: &mut dyn Write, field: &[u8]) -> io::Result<()> {
    if !field
        .iter()
        .any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
    {
        return out.write_all(field);
    }
    out.write_all(b"\"")?;
    for piece in field.split_inclusive(|byte| *byte == b'"') {
        out.write_all(piece)?;
        if piece.ends_with(b"\"") {
            out.write_all(b"\"")?;
        }
    }
    out.write_all(b"\"")
}
