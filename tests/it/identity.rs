//! Which task is which, over what people and spreadsheets do to a manifest between runs: nothing that is there is bought again,
//! and what is unknown stays so.

use crate::support::{SandboxService, TestDir};

const SHEET: &str =
    "id,prompt,sku\n007,a mug on linen --ar 4:5 --v 7,A-1\ncup,a cup on linen,A-2\njar,a jar on linen,A-3\n";

/// The sheet with one more column, which has a value in the first row.
fn with_column(name: &str, value: &str) -> String {
    let cells = [name, value, "", ""];
    SHEET.lines().zip(cells).map(|(line, cell)| format!("{line},{cell}\n")).collect()
}

/// A batch whose three tasks are done.
fn done(service: &SandboxService) -> TestDir {
    let dir = TestDir::with_csv(SHEET);
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 3);
    dir
}

/// A batch whose one submit's outcome is unknown.
fn unknown(prompt: &str) -> (SandboxService, TestDir) {
    let service = SandboxService::with_faults("accept-cut");
    let dir = TestDir::with_csv(&format!("id,prompt\n007,{prompt}\n"));
    dir.run(&service.url()).expect_code(6);
    assert_eq!(service.submits(), 1);
    (service, dir)
}

#[test]
fn a_task_with_another_id_or_spelling_is_not_submitted_again() {
    for (what, sheet) in [
        ("007 became 7", SHEET.replace("007,", "7,")),
        ("an id in another case", SHEET.replace("cup,a", "CUP,a")),
        ("an id renamed", SHEET.replace("jar,a", "glass jar,a")),
        ("the id column gone", SHEET.replace("id,prompt", "name,prompt")),
        ("the ids sorted alone", SHEET.replace("007,a", "cup,a").replace("\ncup,a cup", "\n007,a cup")),
        ("a no-break space and two blanks", SHEET.replace("a mug on", "a\u{a0}mug  on")),
        ("flags in another order", SHEET.replace("--ar 4:5 --v 7", "--v 7 --ar 4:5")),
        ("a ratio that became a time", SHEET.replace("--ar 4:5", "--ar 04:05")),
        ("a zero-width space", SHEET.replace("a cup", "a\u{200b} cup")),
        ("a mode", with_column("mode", "relaxed")),
        ("a timeout", with_column("timeout", "900")),
    ] {
        let service = SandboxService::with_faults("");
        let dir = done(&service);
        dir.write("spring.csv", &sheet);
        let ran = dir.run(&service.url()).expect_code(0);
        assert_eq!(service.submits(), 3, "{what}: {ran:?}");
        let results = dir.results();
        assert_eq!(results.count("done"), 3, "{what}");
        assert!(results.rows.iter().all(|row| row.images().len() == 4), "{what}");
    }
}

#[test]
fn composed_and_decomposed_characters_are_one_prompt() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt\na,a cafe\u{301}\n");
    dir.run(&service.url()).expect_code(0);
    dir.write("spring.csv", "id,prompt\na,a caf\u{e9}\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 1);
}

#[test]
fn reordering_or_adding_matrix_keys_submits_nothing_again() {
    let manifest = |matrix: &str| {
        format!(
            "version: 1\ndefaults: {{ mode: fast }}\nprompts:\n  - id: hero\n    prompt: \"{{{{ color }}}} {{{{ thing }}}}\"\n    matrix:\n{matrix}"
        )
    };
    let (color, thing) = ("      color: [red, blue]\n", "      thing: [mug, cup]\n");
    let service = SandboxService::with_faults("");
    let dir = TestDir::empty();
    dir.write("spring.yaml", manifest(&format!("{color}{thing}")));
    dir.run_of("spring.yaml", &service.url()).expect_code(0);
    for matrix in [format!("{thing}{color}"), format!("{color}{thing}      place: [desk]\n")] {
        dir.write("spring.yaml", manifest(&matrix));
        dir.run_of("spring.yaml", &service.url()).expect_code(0);
        assert_eq!(service.submits(), 4, "{matrix}");
    }
}

#[test]
fn an_unknown_task_with_another_id_is_not_submitted() {
    for sheet in [
        "id,prompt\n7,a mug --ar 4:5\n",
        "prompt\na mug --ar 4:5\n",
        "id,prompt\n007,a  mug --ar 04:05\n",
        "id,prompt,mode\n007,a mug --ar 4:5,relaxed\n",
    ] {
        let (service, dir) = unknown("a mug --ar 4:5");
        dir.write("spring.csv", sheet);
        dir.run(&service.url()).expect_code(6);
        assert_eq!(service.submits(), 1, "{sheet}");
        let listed = dir.mjbatch("resolve spring.csv").expect_code(6);
        assert!(listed.stdout.contains("a mug --ar 4:5"), "{}", listed.stdout);
    }
}

#[test]
fn an_unknown_task_stays_unknown_when_its_row_changes() {
    let (service, dir) = unknown("a mug");
    dir.write("spring.csv", "id,prompt\nother,a pot\n");
    let other = SandboxService::with_faults("");
    dir.run(&other.url()).expect_code(6);
    let status = dir.mjbatch("status spring.csv").expect_code(0);
    assert!(status.stdout.contains("1 unknown") && status.stdout.contains("mjbatch resolve"), "{status:?}");
    let listed = dir.mjbatch("resolve spring.csv --json").expect_code(6);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!((&listed["tasks"][0]["id"], &listed["tasks"][0]["prompt"]), (&"007".into(), &"a mug".into()));
    // Edited: the new prompt is another task, and the lost one is still named by its id.
    dir.write("spring.csv", "id,prompt\n007,a cup\nother,a pot\n");
    dir.run(&other.url()).expect_code(6);
    assert_eq!(other.submits(), 2);
    let resent = dir.mjbatch("resolve spring.csv --task 007 --resend").expect_code(6);
    assert!(resent.stdout.contains("no longer in the manifest"), "{resent:?}");
    let job = service.ledger().jobs[0].task_id.clone();
    dir.mjbatch("resolve spring.csv --task 007 --found").args(&job).expect_code(0);
    dir.run(&service.url()).output();
    assert_eq!(
        (service.submits(), other.submits()),
        (1, 2),
        "its job is followed, and nothing is paid again"
    );
}

#[test]
fn plan_and_run_report_a_renamed_task() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    dir.write("spring.csv", SHEET.replace("007,", "7,").replace("jar,a", "pot,a"));
    let plan = dir.mjbatch("plan spring.csv --all").expect_code(0);
    assert!(plan.stdout.contains("renamed: it was `007`") && plan.stdout.contains("2 renamed"), "{plan:?}");
    assert!(plan.stderr.contains("2 tasks have another id and the same prompt"), "{plan:?}");
    assert!(plan.stderr.contains("`7` was `007`, `pot` was `jar`"), "{plan:?}");
    let ran = dir.run(&service.url()).expect_code(0);
    assert!(ran.stderr.contains("2 tasks have another id"), "{ran:?}");
    assert_eq!(dir.results().column("id"), ["7", "cup", "pot"]);
    assert_eq!(service.submits(), 3);
}

#[test]
fn pending_tasks_are_submitted_as_the_manifest_now_has_them() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt,mode\na,a mug,fast\nb,a cup,fast\n");
    dir.run(&service.url()).args("--limit 1").expect_code(10);
    dir.write("spring.csv", "id,prompt,mode\na,a mug,relaxed\nb,a  cup,relaxed\n");
    dir.run(&service.url()).expect_code(0);
    let sent: Vec<_> =
        service.ledger().jobs.iter().map(|job| (job.prompt.clone(), job.mode.to_string())).collect();
    assert_eq!(sent, [("a mug".to_owned(), "fast".to_owned()), ("a  cup".to_owned(), "relaxed".to_owned())]);
    assert_eq!(dir.results().column("mode"), ["fast", "relaxed"], "the mode it was sent in");
}

#[test]
fn a_run_with_too_many_changed_prompts_submits_nothing() {
    let sheet = |style: &str| {
        let rows: String = (0..24).map(|n| format!("t{n},product {n}{style}\n")).collect();
        format!("id,prompt\n{rows}")
    };
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv(&sheet(""));
    dir.run(&service.url()).expect_code(0);
    dir.write("spring.csv", sheet(" on linen"));
    let ran = dir.run(&service.url()).args("--prices fast=4").expect_code(2);
    assert!(ran.stderr.contains("24 tasks were edited since they were made"), "{ran:?}");
    assert!(
        ran.stderr.contains("`t0` was: product 0") && ran.stderr.contains("now: product 0 on linen"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("96 quota") && ran.stderr.contains("--max-changed 24"), "{ran:?}");
    assert!(ran.stderr.contains("nothing was submitted"), "{ran:?}");
    let plan = dir.mjbatch("plan spring.csv").expect_code(0);
    assert!(plan.stderr.contains("a run would stop with exit code 2"), "{plan:?}");
    // What this run would submit counts, not what is edited.
    dir.run(&service.url()).args("--limit 20").expect_code(10);
    assert_eq!(service.submits(), 44);
    dir.run(&service.url()).args("--max-changed 24").expect_code(0);
    assert_eq!(service.submits(), 48);
}

#[test]
fn adding_and_removing_a_skip_does_not_retry_a_failed_task() {
    let service = SandboxService::with_faults("job-moderated=mug");
    let sheet = |action: &str| format!("id,prompt,action\na,a mug,{action}\nb,a cup,\n");
    let dir = TestDir::with_csv(&sheet(""));
    dir.run(&service.url()).expect_code(3);
    for (action, code, status) in
        [("skip", 0, "skipped"), ("", 3, "failed"), ("skip", 0, "skipped"), ("", 3, "failed")]
    {
        dir.write("spring.csv", sheet(action));
        dir.run(&service.url()).expect_code(code);
        let results = dir.results();
        assert_eq!((results.column("status")[0], service.submits()), (status, 2), "{action:?}");
        assert_eq!(results.rows[0]["reason"].is_empty(), status == "skipped");
    }
    dir.mjbatch("retry spring.csv").expect_code(0);
    dir.run(&service.url()).expect_code(3);
    assert_eq!(service.submits(), 3, "a retry that was asked for");
}

#[test]
fn an_unknown_task_without_a_row_is_counted_while_a_run_goes_on_and_never_resent_by_itself() {
    let (service, dir) = unknown("a mug");
    let other = SandboxService::with_faults("");
    dir.write("spring.csv", "id,prompt\nother,a pot\n");
    let ran = dir.run(&other.url()).args("--progress json --on-unknown resend").expect_code(6);
    for line in ran.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let counts = event["counts"].as_object().unwrap();
        assert_eq!(counts["unknown"], 1, "{line}");
        assert_eq!(counts.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), 2, "{line}");
    }
    assert_eq!(
        (service.submits(), other.submits()),
        (1, 1),
        "what the manifest has no longer is not sent again"
    );
    // Its job was found: it is followed, and nothing is unknown any more.
    let job = service.ledger().jobs[0].task_id.clone();
    dir.mjbatch("resolve spring.csv --task 007 --found").args(&job).expect_code(0);
    let ran = dir.run(&service.url()).args("--progress json").expect_code(0);
    let last: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["counts"]["unknown"], &last["counts"]["done"]), (&0.into(), &1.into()));
    let status = dir.mjbatch("status spring.csv").expect_code(0);
    assert!(!status.stdout.contains("unknown"), "{status:?}");
    // Its row is back, and so are its images.
    dir.write("spring.csv", "id,prompt\nother,a pot\n007,a mug\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!((service.submits(), other.submits()), (1, 1));
    assert_eq!(dir.results().count("done"), 2);
}
