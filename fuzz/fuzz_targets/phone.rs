//! Phone numbers, alone and in lists, are read or refused, and no message repeats them.

#![no_main]

use sync_core::identity::{Country, each_value, phone};
use sync_core::spec::{Hashing, PhoneRule};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for country in ["", "DE", "US", "IT", "BR"] {
        each_value(text, true, &mut |value| {
            let Ok(value) = value else { return };
            if let Err(error) = phone(&value, Country::new(country), PhoneRule::WithPlus, Hashing::Auto) {
                let digits = value.bytes().filter(u8::is_ascii_digit).count();
                assert!(digits < 6 || !error.message.contains(&*value));
            }
        });
    }
});
