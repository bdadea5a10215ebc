#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| greatseal_fuzz::ucan_policies::check(data));
