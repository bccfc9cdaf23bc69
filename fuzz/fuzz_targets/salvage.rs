//! Whatever is left of a state file, its taskIds are listed or it is refused, and it is never
//! written to.
#![no_main]

use std::cell::LazyCell;

thread_local! {
    static FOLDER: LazyCell<std::path::PathBuf> = LazyCell::new(|| {
        let folder = std::env::temp_dir().join(format!("mjbatch-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        folder
    });
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.with(|folder| folder.join("fuzz.mjbatch"));
    std::fs::write(&path, bytes).expect("a temporary file");
    mjbatch::fuzz::salvage(&path);
    assert_eq!(std::fs::read(&path).expect("it is still there"), bytes, "it was written to");
});
