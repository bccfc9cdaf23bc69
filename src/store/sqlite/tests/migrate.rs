//! States of an older program, for which a task was its prompt letter by letter and its mode too.

use super::super::schema::tests::make_of_version;
use super::*;
use crate::plan::{Plan, Step};
use crate::task::{Decision, RowRef};

/// The version before which a mode made another task.
const BY_MODE: i32 = 5;

/// A state in which `a` was done as a fast task, and then listed as a relaxed one that waits.
/// `redone` says of each of the two whether a `redo` of the manifest was carried out.
fn with_other_mode(redone: [bool; 2]) -> TestDir {
    let dir = TestDir::new();
    make_of_version(BY_MODE, &dir.path);
    let db = Connection::open(&dir.path).unwrap();
    db.execute_batch(&format!(
        "INSERT INTO header (only_row, batch, service, columns, manifest, file, created_at)
             VALUES (1, 'spring', 'the sandbox', '[]', zeroblob(32), 'spring.csv', 0);
         INSERT INTO task (key, id, fingerprint, prompt, mode)
             VALUES (1, 'a', zeroblob(16), 'mug', 'fast'), (2, 'a', randomblob(16), 'mug ', 'relaxed');
         INSERT INTO state (task, position, vars, state, redone)
             VALUES (1, NULL, '[]', 'done', {}), (2, 0, '[\"A-1\"]', 'pending', {});
         INSERT INTO attempt (key, task, intended_at, task_id, outcome, mode) VALUES (1, 1, 1000, 'job-1', 'done', 'fast');",
        redone[0], redone[1]
    ))
    .unwrap();
    dir
}

fn plan_of(dir: &TestDir, decision: Option<Decision>) -> Plan {
    let tasks = [Task { decision, ..Task::new("a", "mug", Mode::Relaxed) }];
    plan::compare(tasks.into_iter(), &open(&dir.path).unwrap().known_tasks().unwrap())
}

#[test]
fn what_was_sent_in_another_mode_takes_the_place_of_what_waits() {
    let dir = with_other_mode([false, false]);
    assert_eq!(plan_of(&dir, None).to_submit.total(), 0);
    assert_eq!(dir.states(), [("a".to_owned(), State::Done)]);
    let record = &dir.records()[0];
    assert_eq!((record.task.vars.as_slice(), record.attempts), (&["A-1".to_owned()][..], 1));
}

#[test]
fn a_redo_that_the_manifest_still_has_is_carried_out_once_over_an_update() {
    for (redone, expected) in [
        // It was carried out, and the mode edited since.
        ([true, true], 0),
        // It was written together with the mode, and never carried out.
        ([false, true], 1),
        // The manifest was seen without it since: this is another one.
        ([true, false], 1),
        ([false, false], 1),
    ] {
        let dir = with_other_mode(redone);
        let planned = plan_of(&dir, Some(Decision::Redo));
        assert_eq!(planned.to_submit.total(), expected, "{redone:?}");
        let tasks =
            || [Task { decision: Some(Decision::Redo), ..Task::new("a", "mug", Mode::Relaxed) }].into_iter();
        let mut store = open(&dir.path).unwrap();
        let manifest_ref =
            ManifestRef { batch: "spring", columns: &[], hash: [7; 32], file: Path::new("spring.csv") };
        store.sync_manifest(manifest_ref, tasks(), &planned).unwrap();
        let again = plan::compare(tasks(), &store.known_tasks().unwrap());
        assert!(!matches!(again.steps[0], Step::Redo(_)), "{redone:?}: {again:?}");
        drop(store);
    }
}

#[test]
fn a_state_that_was_updated_has_letters_and_keeps_what_it_had() {
    let dir = with_other_mode([true, true]);
    assert_eq!(BatchStore::found_in(dir.path.parent().unwrap())[0].letters, None);
    let counts = BatchStore::at(&dir.path).snapshot().unwrap().counts().unwrap();
    assert_eq!((counts.of(Status::Done), counts.total()), (1, 1));
    let letters = BatchStore::at(&dir.path).look().unwrap().letters.unwrap();
    let row_ref = RowRef { batch: letters.clone(), task: TaskRow(1), attempts: 1 };
    assert_eq!(row_ref.to_string().parse(), Ok(row_ref));
    drop(open(&dir.path).unwrap());
    assert_eq!(BatchStore::at(&dir.path).look().unwrap().letters, Some(letters));
}
