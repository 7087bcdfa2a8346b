//! A sync spec is read, or each of its errors names its place.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(errors) = sync_core::spec::read("x.yaml", text) {
        assert!(!errors.errors.is_empty());
    }
});
