//! A time is read as one after 1970, or refused.

#![no_main]

use std::sync::LazyLock;

use jiff::tz::TimeZone;

static BERLIN: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/Berlin").unwrap());

libfuzzer_sys::fuzz_target!(|text: &str| {
    for zone in [&TimeZone::UTC, &*BERLIN] {
        if let Ok(time) = sync_core::values::event_time(text, zone) {
            assert!(time.seconds() > 0);
        }
    }
});
