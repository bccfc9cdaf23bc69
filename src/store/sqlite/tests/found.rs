//! Letters of a batch, and the states of a folder.

use super::super::schema::tests::{bring_to_version, make_of_version};
use super::*;
use crate::store::FoundState;

fn letters(path: &Path) -> Option<String> {
    BatchStore::at(path).snapshot().unwrap().header().unwrap().letters
}

fn found(dir: &TestDir) -> Vec<FoundState> {
    BatchStore::found_in(dir.path.parent().unwrap())
}

#[test]
fn letters_are_drawn_once_and_a_copy_keeps_them() {
    let (dir, other) = (TestDir::new(), TestDir::new());
    drop(open(&dir.path).unwrap());
    let drawn = letters(&dir.path).unwrap();
    assert!(drawn.len() == 8 && drawn.bytes().all(|letter| letter.is_ascii_lowercase()), "{drawn}");
    drop(open(&dir.path).unwrap());
    assert_eq!(letters(&dir.path).as_ref(), Some(&drawn));
    drop(open(&other.path).unwrap());
    assert_ne!(letters(&other.path).as_ref(), Some(&drawn));

    let copy = dir.path.with_file_name("copy.mjbatch");
    std::fs::copy(&dir.path, &copy).unwrap();
    drop(open(&copy).unwrap());
    assert_eq!(letters(&copy).as_ref(), Some(&drawn));
    let backup = dir.path.with_file_name("backup.mjbatch");
    BatchStore::at(&dir.path).back_up(&backup).unwrap();
    assert_eq!(letters(&backup), Some(drawn));
}

#[test]
fn an_older_state_gets_letters_when_it_is_written_to() {
    let dir = TestDir::new();
    make_of_version(6, &dir.path);
    let db = Connection::open(&dir.path).unwrap();
    db.execute(
        "INSERT INTO header (only_row, batch, service, columns, file, created_at)
         VALUES (1, 'spring', 'the sandbox', '[]', 'spring.csv', 0)",
        [],
    )
    .unwrap();
    drop(db);
    let before = std::fs::read(&dir.path).unwrap();
    let [state] = found(&dir).try_into().unwrap();
    assert_eq!((state.letters, state.manifest_path), (None, None));
    assert_eq!((state.manifest_file.as_deref(), state.batch.as_str()), (Some("spring.csv"), "spring"));
    assert_eq!(std::fs::read(&dir.path).unwrap(), before, "nothing is brought up to date by a look");

    drop(open(&dir.path).unwrap());
    let drawn = letters(&dir.path).unwrap();
    assert_eq!(found(&dir)[0].letters.as_ref(), Some(&drawn));
    bring_to_version(super::super::schema::tests::newest(), &dir.path);
    drop(open(&dir.path).unwrap());
    assert_eq!(letters(&dir.path), Some(drawn));
}

#[test]
fn a_state_knows_where_its_manifest_is_and_is_found_by_its_header_while_it_is_written() {
    let dir = TestDir::new();
    let folder = dir.path.parent().unwrap().canonicalize().unwrap();
    std::fs::write(dir.path.with_file_name("spring.csv"), "").unwrap();
    let mut store = open(&dir.path).unwrap();
    let manifest = dir.path.with_file_name("spring.csv");
    let manifest_ref = ManifestRef { batch: "spring", columns: &[], hash: [7; 32], file: &manifest };
    store.sync_manifest(manifest_ref, std::iter::empty(), &Default::default()).unwrap();
    let header = store.header().unwrap();
    assert_eq!(header.manifest_path.unwrap().canonicalize().unwrap(), folder.join("spring.csv"));

    let (_, writer) = store.begin(Prices::default()).unwrap();
    let expected = FoundState {
        location: dir.path.as_path().into(),
        batch: "spring".to_owned(),
        service: "the sandbox".to_owned(),
        letters: letters(&dir.path),
        manifest_file: Some("spring.csv".to_owned()),
        manifest_path: Some(dir.path.with_file_name("spring.csv")),
        manifest_hash: Some([7; 32]),
    };
    assert_eq!(found(&dir), std::slice::from_ref(&expected));
    record_the_end(&writer);
    drop(writer);
    assert_eq!(found(&dir), [expected]);

    let store = open(&dir.path).unwrap();
    std::fs::rename(&manifest, dir.path.with_file_name("summer.csv")).unwrap();
    store.record_manifest_file(&dir.path.with_file_name("summer.csv")).unwrap();
    assert_eq!(store.manifest_file().unwrap().as_deref(), Some("summer.csv"));
    assert_eq!(found(&dir)[0].manifest_path, Some(dir.path.with_file_name("summer.csv")));
}

fn record_the_end(writer: &BatchWriter) {
    writer.end("done", None).blocking_recv().unwrap().unwrap();
}

#[test]
fn what_is_no_state_is_left_out_and_left_as_it_is() {
    let dir = TestDir::new();
    drop(open(&dir.path).unwrap());
    let beside = |name: &str| dir.path.with_file_name(name);
    std::fs::write(beside("empty.mjbatch"), "").unwrap();
    std::fs::write(beside("text.mjbatch"), "prompt\na mug\n").unwrap();
    std::fs::write(beside("cut.mjbatch"), &std::fs::read(&dir.path).unwrap()[..5000]).unwrap();
    std::fs::create_dir(beside("folder.mjbatch")).unwrap();
    Connection::open(beside("theirs.mjbatch")).unwrap().execute_batch("CREATE TABLE header (x)").unwrap();
    std::fs::write(beside("spring.csv"), "prompt\n").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("spring.mjbatch", beside("a-link.mjbatch")).unwrap();
        std::os::unix::fs::symlink("nowhere", beside("nowhere.mjbatch")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(beside("pipe.mjbatch")).status().unwrap().success());
    }
    let files = || {
        let mut names: Vec<_> = std::fs::read_dir(dir.path.parent().unwrap()).unwrap().collect();
        names.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
        names.into_iter().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    let before = files();
    let states: Vec<String> = found(&dir).iter().map(|state| state.location.to_string()).collect();
    assert_eq!(states, [dir.path.display().to_string()]);
    assert_eq!(files(), before, "no file is made");
    assert_eq!(BatchStore::found_in(Path::new("/no/such/folder")), []);
}
