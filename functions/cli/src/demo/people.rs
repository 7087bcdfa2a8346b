//! The shop's customers. Nobody of them exists: addresses end in `.example`, and a number decides who somebody is.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

/// A country that the shop sells to.
#[derive(Clone, Copy, Default)]
pub(super) struct Country {
    /// ISO 3166-1.
    pub(super) code: &'static str,
    /// ISO 4217.
    pub(super) currency: &'static str,
    /// Mobile numbers as people there write them; `#` is any digit.
    national: &'static str,
    /// The same numbers as the rest of the world writes them.
    international: &'static str,
}

const fn country(
    code: &'static str,
    currency: &'static str,
    national: &'static str,
    international: &'static str,
) -> Country {
    Country {
        code,
        currency,
        national,
        international,
    }
}

/// Where the customers live. The numbers lie in ranges that are in use, or are set aside for films.
const COUNTRIES: [Country; 7] = [
    country("DE", "EUR", "01512 #######", "+49 1512 #######"),
    country("FR", "EUR", "06 12 ## ## ##", "+33 6 12 ## ## ##"),
    country("GB", "GBP", "07400 ######", "+44 7400 ######"),
    country("US", "USD", "(212) 555-01##", "+1 212-555-01##"),
    country("ES", "EUR", "612 ### ###", "+34 612 ### ###"),
    country("IT", "EUR", "347 #######", "+39 347 #######"),
    country("NL", "EUR", "06 1#######", "0031 6 1#######"),
];

const FIRST_NAMES: [&str; 12] = [
    "Anna", "Ben", "Chloé", "David", "Elif", "Femke", "Giulia", "Hugo", "Inés", "Jürgen", "Kate", "Luca",
];
const LAST_NAMES: [&str; 10] = [
    "Becker", "Dubois", "Garcia", "Jansen", "Kowalski", "Moreau", "Rossi", "Smith", "Taylor", "Weber",
];
const HOSTS: [&str; 4] = ["mail.example", "post.example", "inbox.example", "company.example"];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
];

/// A customer.
pub(super) struct Person {
    pub(super) country: Country,
    pub(super) first_name: &'static str,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) customer_id: String,
    pub(super) ip: String,
    pub(super) user_agent: &'static str,
}

impl Person {
    /// The customer of this number.
    pub(super) fn of_number(number: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(number);
        let country = pick(&mut rng, &COUNTRIES);
        let first_name = pick(&mut rng, &FIRST_NAMES);
        let last_name = pick(&mut rng, &LAST_NAMES);
        let host = pick(&mut rng, &HOSTS);
        let plain: String = first_name.chars().filter(char::is_ascii).collect();
        let email = match rng.random_range(0..20) {
            0 => format!("{}.{last_name}{number}@{host}", plain.to_uppercase()),
            1 => format!(" {plain}.{last_name}{number}@{host} "),
            _ => format!("{plain}.{last_name}{number}@{host}").to_lowercase(),
        };
        let pattern = if rng.random_bool(0.5) {
            country.national
        } else {
            country.international
        };
        let phone = digits(&mut rng, pattern);
        // Documentation ranges; some surf from an office, whose address says nothing.
        let host = rng.random_range(1..255);
        let ip = match rng.random_range(0..50) {
            0 => format!("10.0.0.{host}"),
            1..=16 => format!("192.0.2.{host}"),
            17..=33 => format!("198.51.100.{host}"),
            _ => format!("203.0.113.{host}"),
        };
        let user_agent = pick(&mut rng, &AGENTS);
        Self {
            country,
            first_name,
            email,
            phone,
            customer_id: format!("C-{}", 10_000 + number),
            ip,
            user_agent,
        }
    }
}

/// One of a table; of an empty one the default.
pub(super) fn pick<T: Copy + Default>(rng: &mut StdRng, table: &[T]) -> T {
    table.choose(rng).copied().unwrap_or_default()
}

fn digits(rng: &mut StdRng, pattern: &str) -> String {
    let digit = |c| {
        if c == '#' {
            char::from(b'0' + rng.random_range(0..10))
        } else {
            c
        }
    };
    pattern.chars().map(digit).collect()
}
