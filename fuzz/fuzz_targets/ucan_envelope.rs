#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| greatseal_fuzz::ucan_envelope::check(data));
