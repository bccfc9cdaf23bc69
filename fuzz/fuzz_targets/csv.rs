//! Whatever stands in a .csv manifest, it is read or refused: no panic, no endless expansion.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mjbatch::fuzz::manifest("fuzz.csv", bytes));
