//! Whatever a service replies, it is understood or called unreadable: the first two bytes are the
//! HTTP status.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((status, body)) = bytes.split_first_chunk() {
        mjbatch::fuzz::reply(u16::from_be_bytes(*status), body);
    }
});
