//! Bad input is answered by a clear error, and nothing is lost; odd input is read as it was meant.

use crate::support::{SandboxService, TestDir, assert_paid_once, csv_rows};

/// What is said of this manifest, before anything is spent or left behind.
#[track_caller]
fn refused(name: &str, content: &[u8]) -> String {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::empty());
    dir.write(name, content);
    let ran = dir.mjbatch(&format!("run {name}")).with_service(&service.url()).expect_code(2);
    assert_eq!((service.submits(), dir.files()), (0, vec![name.to_owned()]));
    assert_eq!(ran.stdout, "");
    ran.stderr
}

#[test]
fn a_missing_file_is_an_error_that_suggests_a_similar_name() {
    let dir = TestDir::with_tasks(1);
    let ran = dir.mjbatch("run sprong.csv --sandbox").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: there is no file `sprong.csv`
     |
     = note: nothing was submitted
     = help: did you mean `spring.csv`?
    ");
    assert_eq!(dir.files(), ["spring.csv"]);
}

#[test]
fn a_csv_without_tasks_is_an_error_with_a_reason() {
    insta::assert_snapshot!(refused("spring.csv", b""), @"
    error: the manifest is empty
     --> spring.csv:1:1
      |
    1 |
      | ^
      |
      = note: nothing was submitted
      = help: the smallest table is
              prompt,mode
              a ceramic mug on grey linen --ar 1:1,fast
    ");
    insta::assert_snapshot!(refused("spring.csv", b"id,prompt\n"), @"
    error: the table has no rows
     --> spring.csv:1:10
      |
    1 | id,prompt
      |          ^ expected rows after the header
      |
      = note: nothing was submitted
      = help: the smallest table is
              prompt,mode
              a ceramic mug on grey linen --ar 1:1,fast
    ");
    insta::assert_snapshot!(refused("spring.csv", b"id,text\na,a mug\n"), @"
    error: the table has no column `prompt`
     --> spring.csv:1:1
      |
    1 | id,text
      | ^^^^^^^ the first row names the columns
      |
      = note: the columns are `id`, `text`
      = note: nothing was submitted
      = help: name the column that holds the prompts `prompt`
    ");
}

#[test]
fn a_file_that_is_no_text_or_no_manifest_is_an_error_with_a_reason() {
    insta::assert_snapshot!(refused("spring.csv", b"id,prompt\na,a m\xfcg\n"), @r#"
    error: the file is not UTF-8
     --> spring.csv:2:6
      |
    2 | a,a m�g
      |      ^ the byte 0xfc
      |
      = note: it is byte 16 of the file
      = note: nothing was submitted
      = help: save it as UTF-8; in Excel, as "CSV UTF-8 (Comma delimited)"
    "#);
    insta::assert_snapshot!(refused("spring.txt", b"a mug"), @"
    error: the format of `spring.txt` is not known from its name
     |
     = note: a manifest is a .yaml or .yml file, or a table in a .csv or .tsv file
     = note: nothing was submitted
    ");
    insta::assert_snapshot!(refused("spring.yaml", b"version: 1\nprompts:\n  - promt: a mug\n"), @"
    error: an entry of `prompts` has no key `promt`
     --> spring.yaml:3:5
      |
    3 |   - promt: a mug
      |     ^^^^^ unknown key
      |
      = note: the keys are `prompt`, `id`, `mode`, `timeout`, `hook_url`, `vars`, `params`, `data`, `matrix`, `zip`, `permutations`, `repeat`, `priority`
      = note: nothing was submitted
      = help: did you mean `prompt`?
    ");
}

#[test]
fn byte_order_marks_windows_line_ends_and_quoted_line_breaks_are_read() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("\u{feff}id,prompt\r\nmug,\"a mug\r\non linen\"\r\n\r\ncup,a cup\r\n");
    dir.run(&service.url()).expect_code(0);
    let results = dir.results();
    assert_eq!(results.column("id"), ["mug", "cup"]);
    assert_eq!(results.column("prompt"), ["a mug on linen", "a cup"]);
    let paid = assert_paid_once(&[&service.ledger()]);
    assert!(paid.contains_key("a mug on linen") && paid.contains_key("a cup"), "{paid:?}");
}

#[test]
fn a_prompt_of_a_hundred_thousand_characters_is_sent_in_full() {
    let prompt: String = "ä mug of €5, ".chars().cycle().take(99_990).chain("end --ar 1:1".chars()).collect();
    let (service, dir) =
        (SandboxService::with_faults(""), TestDir::with_csv(&format!("id,prompt\nlong,\"{prompt}\"\n")));
    dir.run(&service.url()).expect_code(0);
    assert!(prompt.chars().count() > 100_000);
    assert_eq!(service.ledger().jobs[0].prompt, prompt);
    assert_eq!(dir.results().column("prompt"), [prompt]);
}

#[test]
fn a_file_that_is_no_state_is_left_unchanged() {
    let other_database = {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 7")
            .unwrap();
        std::fs::read(path).unwrap()
    };
    let service = SandboxService::with_faults("");
    for content in [b"my diary\n".to_vec(), vec![0; 5000], other_database] {
        let dir = TestDir::with_tasks(1);
        dir.write("spring.mjbatch", &content);
        let ran = dir.run(&service.url()).expect_code(2);
        assert!(ran.stderr.contains("spring.mjbatch is not a state file of mjbatch"), "{}", ran.stderr);
        assert!(dir.read("spring.mjbatch") == content, "it was changed");
        let status = dir.mjbatch("status spring.csv").expect_code(2);
        assert!(status.stderr.contains("is not a state file"), "{}", status.stderr);
        assert!(dir.read("spring.mjbatch") == content, "it was changed by looking");
        assert_eq!(dir.files(), ["spring.csv", "spring.mjbatch"], "nothing is left beside it");
    }
    assert_eq!(service.submits(), 0);
}

#[test]
fn a_state_is_not_used_with_another_service() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    dir.run(&service.url()).expect_code(0);
    let (before, submits) = (dir.read("spring.results.csv"), service.submits());
    let ran = dir.run("http://192.0.2.1").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"
    warning: the API key goes to http://192.0.2.1 in the clear
     |
     = help: use an https:// address
    error: spring.mjbatch belongs to a service on this machine, and this run would use http://192.0.2.1
     |
     = note: it is the state of `spring.csv`
     = note: the taskIds of one service mean nothing at another
     = note: nothing was submitted
     = help: choose the service that the state belongs to, or another file with `--state`, which pays anew
    ");
    dir.mjbatch("run spring.csv --sandbox --state spring.mjbatch").expect_code(2);
    assert_eq!((dir.read("spring.results.csv"), service.submits()), (before, submits));
    dir.run(&service.url()).expect_code(0);
}

#[test]
fn state_and_results_may_be_elsewhere_and_names_may_have_blanks() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::empty());
    std::fs::create_dir(dir.path("out put")).unwrap();
    dir.write("out put/my spring.csv", csv_rows(2));
    let url = service.url();
    let call = dir.mjbatch("run").arg("out put/my spring.csv").arg("--state=out put/a.state");
    call.arg("--results=out put/a.csv")
        .with_service(&url)
        .args("--poll-min 20ms --poll-max 100ms")
        .expect_code(0);
    let mut made: Vec<_> =
        std::fs::read_dir(dir.path("out put")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    made.sort();
    assert_eq!(made, ["a.csv", "a.state", "my spring.csv"]);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    dir.run(&service.url()).expect_code(0);
    let mode = std::fs::metadata(dir.path("spring.mjbatch")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_an_error_before_anything_is_submitted() {
    use std::os::unix::fs::PermissionsExt as _;
    if rustix::process::geteuid().is_root() {
        return; // root can write everywhere
    }
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    std::fs::set_permissions(dir.folder(), std::fs::Permissions::from_mode(0o500)).unwrap();
    let ran = dir.run(&service.url()).output();
    std::fs::set_permissions(dir.folder(), std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!((ran.code, service.submits()), (Some(2), 0), "{ran:?}");
    assert_eq!(dir.files(), ["spring.csv"]);
}

#[cfg(unix)]
#[test]
fn results_that_cannot_be_replaced_are_an_error_before_anything_is_submitted() {
    use std::os::unix::fs::PermissionsExt as _;
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    dir.write("spring.results.csv", "mine");
    std::fs::set_permissions(dir.path("spring.results.csv"), std::fs::Permissions::from_mode(0o400)).unwrap();
    dir.run(&service.url()).expect_code(2);
    assert_eq!((dir.read("spring.results.csv"), service.submits()), (b"mine".to_vec(), 0));
}
