//! Hooks deliver what became of a batch to a command or a URL: complete, signed, at least once, and never in the way.

use aws_lc_rs::hmac;

use crate::support::{
    CliCommand, CommandOutput, HookReceiver, SandboxService, TestDir, reply, sorted, wait_until,
};

const SECRET: &str = "a-secret-of-the-receiver";

/// A folder whose `m.yaml` has three tasks and this under `batch:`.
fn test_dir(batch: &str) -> TestDir {
    let dir = TestDir::empty();
    dir.write("rows.csv", "id,prompt,sku\nmug,a mug,A-1\nbowl,a bowl,A-2\njar,a jar,A-3\n");
    dir.write("m.yaml", manifest(batch));
    dir
}

fn manifest(batch: &str) -> String {
    format!(
        "version: 1\nname: Spring\nbatch:\n  {batch}\nprompts:\n  - {{ data: rows.csv, prompt: \"{{{{ prompt }}}}\" }}\n"
    )
}

fn run(dir: &TestDir, service: &SandboxService) -> CliCommand {
    let words = "run m.yaml --poll-min 20ms --poll-max 100ms --lost-after 300ms --retries 0";
    dir.mjbatch(words).with_service(&service.url()).env("HOOK_SECRET", SECRET).env("PATH", "/usr/bin:/bin")
}

fn status(dir: &TestDir) -> serde_json::Value {
    let ran = dir.mjbatch("status m.yaml --json").expect_code(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

const ALL: [&str; 3] = ["bowl", "jar", "mug"];

#[test]
fn a_url_gets_a_signed_post_for_each_task_that_is_done() {
    let (receiver, service) = (HookReceiver::accepting(), SandboxService::with_faults(""));
    let dir =
        test_dir(&format!("on_done: {{ url: '{}/hook?x=1', secret_env: HOOK_SECRET }}", receiver.url()));
    let ran = run(&dir, &service).expect_code(0);
    assert!(ran.stderr.contains("hooks: 3 delivered"), "{ran:?}");
    assert_eq!(sorted(receiver.done_tasks()), ALL);
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    for post in receiver.requests() {
        assert!(post.head.starts_with("POST /hook?x=1 HTTP/1.1"), "{post:?}");
        assert_eq!(post.header("content-type"), Some("application/json"));
        let signed = format!("{}.{}", post.header("x-mjbatch-timestamp").unwrap(), post.body);
        let signature = post.header("x-mjbatch-signature").unwrap().strip_prefix("sha256=").unwrap();
        let bytes: Vec<u8> = (0..signature.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap())
            .collect();
        hmac::verify(&key, signed.as_bytes(), &bytes).unwrap();
        let body = post.json();
        assert_eq!(post.header("x-mjbatch-delivery"), body["delivery"].as_str());
        assert_eq!((&body["batch"], &body["rehearsal"]), (&"Spring".into(), &false.into()));
        let task = &body["task"];
        assert_eq!((&task["status"], task["images"].as_array().unwrap().len()), (&"done".into(), 4));
        assert!(task["vars"]["sku"].as_str().unwrap().starts_with("A-"));
        assert!(!post.head.to_lowercase().contains("api-key"), "{post:?}");
    }
    // What was delivered is not delivered again.
    run(&dir, &service).expect_code(0);
    assert_eq!(receiver.requests().len(), 3);
    assert_eq!(status(&dir)["follow_up"]["told"], 3);
}

#[test]
fn the_end_of_each_run_is_delivered_with_its_summary() {
    let (receiver, service) = (HookReceiver::accepting(), SandboxService::with_faults("job-moderated=jar"));
    let dir = test_dir(&format!("on_finish: {}", receiver.url()));
    run(&dir, &service).args("--limit 1").expect_code(10);
    run(&dir, &service).expect_code(3);
    run(&dir, &service).expect_code(3);
    let bodies: Vec<_> = receiver.requests().iter().map(|post| post.json()).collect();
    let stops: Vec<_> = bodies.iter().map(|body| body["stop"].as_str().unwrap()).collect();
    assert_eq!(stops, ["limit_reached", "finished", "nothing_to_do"]);
    let second = &bodies[1];
    assert_eq!((&second["event"], &second["counts"]["done"]), (&"finish".into(), &2.into()));
    assert_eq!((&second["counts"]["failed"], &second["troubles"][0]["count"]), (&1.into(), &1.into()));
    assert!(second["text"].as_str().unwrap().starts_with("Spring: 2 done · 1 failed"), "{second}");
    let results = std::path::Path::new(second["results"].as_str().unwrap());
    assert!(results.is_absolute() && results.exists(), "{second}");
}

#[test]
fn a_failure_is_delivered_only_where_that_is_configured() {
    for (failed, expected) in [("false", &["bowl", "mug"][..]), ("true", &ALL)] {
        let (receiver, service) =
            (HookReceiver::accepting(), SandboxService::with_faults("job-moderated=jar"));
        let dir = test_dir(&format!("on_done: {{ url: '{}', failed: {failed} }}", receiver.url()));
        run(&dir, &service).expect_code(3);
        assert_eq!(sorted(receiver.done_tasks()), expected);
        let jar =
            receiver.requests().into_iter().map(|post| post.json()).find(|body| body["task"]["id"] == "jar");
        if let Some(jar) = jar {
            assert_eq!(
                (&jar["task"]["status"], &jar["text"]),
                (&"failed".into(), &"Spring: jar failed".into())
            );
            assert!(!jar["task"]["reason"].as_str().unwrap().is_empty());
        }
    }
}

#[test]
fn a_delivery_that_fails_is_retried_with_the_same_id() {
    let stumbles =
        |n, _: &_| if n == 0 { reply("503 Slow down", "", "") } else { reply("204 No Content", "", "") };
    let (receiver, service) = (HookReceiver::with_reply(stumbles), SandboxService::with_faults(""));
    let dir = test_dir(&format!("on_done: {{ url: '{}', at_once: 1 }}", receiver.url()));
    run(&dir, &service).expect_code(0);
    let posts = receiver.requests();
    assert_eq!(posts.len(), 4);
    assert_eq!(posts[0].body, posts[1].body, "the same, with the same `delivery`");
    assert_eq!(
        status(&dir)["follow_up"],
        serde_json::json!({"told": 3, "not_told": 0, "first_not_told": []})
    );
}

#[test]
fn a_receiver_that_refuses_changes_no_exit_code_and_its_deliveries_stay_pending() {
    let hostile = |_, _: &_| reply("422 No", "", "\u{1b}]0;owned\u{7} <b>no such product</b>\nmore");
    let (receiver, service) = (HookReceiver::with_reply(hostile), SandboxService::with_faults(""));
    let dir = test_dir(&format!("on_done: {{ url: '{}', at_once: 1 }}", receiver.url()));
    let ran = run(&dir, &service).expect_code(0);
    let said = "hooks: 0 delivered, 3 not delivered; the first is task `";
    assert!(ran.stderr.contains("warning") && ran.stderr.contains(said), "{ran:?}");
    assert!(ran.stderr.contains("HTTP 422: \u{fffd}]0;owned\u{fffd} <b>no such product</b>"), "{ran:?}");
    assert!(!ran.stderr.contains('\u{1b}'));
    let status = status(&dir);
    assert_eq!((&status["counts"]["done"], &status["follow_up"]["not_told"]), (&3.into(), &3.into()));
    let shown = dir.mjbatch("status m.yaml").expect_code(0).stdout;
    assert!(shown.contains("hooks: 0 delivered, 3 not delivered") && shown.contains("HTTP 422"), "{shown}");
    // Another URL gets the pending deliveries, in a run that has nothing else to do.
    let other = HookReceiver::accepting();
    dir.write("m.yaml", manifest(&format!("on_done: {}", other.url())));
    let ran = run(&dir, &service).expect_code(0);
    assert!(ran.stderr.contains("nothing to do") && ran.stderr.contains("hooks: 3 delivered"), "{ran:?}");
    assert_eq!((sorted(other.done_tasks()), service.submits()), (ALL.map(str::to_owned).to_vec(), 3));
}

#[test]
fn a_redirect_is_not_followed() {
    let other = HookReceiver::accepting();
    let to = format!("Location: {}\r\n", other.url());
    let (receiver, service) = (
        HookReceiver::with_reply(move |_, _| reply("307 Over there", &to, "")),
        SandboxService::with_faults(""),
    );
    let dir = test_dir(&format!("on_finish: {{ url: '{}', secret_env: HOOK_SECRET }}", receiver.url()));
    let ran = run(&dir, &service).expect_code(0);
    assert!(ran.stderr.contains("the first is `on_finish` (HTTP 307: redirects"), "{ran:?}");
    assert_eq!((receiver.requests().len(), other.requests().len()), (1, 0));
}

#[test]
fn earlier_done_tasks_are_delivered_only_with_deliver_all() {
    let (receiver, service) = (HookReceiver::accepting(), SandboxService::with_faults(""));
    let dir = test_dir("retries: 0");
    run(&dir, &service).expect_code(0);
    dir.write("m.yaml", manifest(&format!("on_done: {}", receiver.url())));
    run(&dir, &service).expect_code(0);
    assert_eq!(receiver.done_tasks(), [""; 0]);
    run(&dir, &service).args("--deliver-all").expect_code(0);
    run(&dir, &service).args("--deliver-all").expect_code(0);
    assert_eq!((sorted(receiver.done_tasks()), service.submits()), (ALL.map(str::to_owned).to_vec(), 3));
}

#[test]
fn a_run_with_no_hooks_leaves_its_deliveries_to_the_next_one() {
    let (receiver, service) = (HookReceiver::accepting(), SandboxService::with_faults(""));
    let dir = test_dir(&format!("on_done: {}", receiver.url()));
    let ran = run(&dir, &service).args("--no-hooks").expect_code(0);
    assert!(!ran.stderr.contains("hooks: ") && receiver.requests().is_empty(), "{ran:?}");
    run(&dir, &service).expect_code(0);
    assert_eq!(sorted(receiver.done_tasks()), ALL);
}

#[test]
fn a_sandbox_runs_hooks_only_with_the_hooks_flag_and_marks_its_deliveries() {
    let receiver = HookReceiver::accepting();
    let dir = test_dir(&format!("on_done: {0}\n  on_finish: {0}", receiver.url()));
    let sandbox_run = || dir.mjbatch("run m.yaml --sandbox --speed 3000 --poll-min 20ms --poll-max 100ms");
    let ran = sandbox_run().expect_code(0);
    assert!(
        ran.stderr.contains("`on_done` and `on_finish`: hooks are disabled with `--sandbox`; add `--hooks`"),
        "{ran:?}"
    );
    assert_eq!(receiver.requests().len(), 0);
    sandbox_run().args("--hooks").expect_code(0);
    assert_eq!((receiver.done_tasks().len(), receiver.requests().len()), (3, 4));
    assert!(receiver.requests().iter().all(|post| post.json()["rehearsal"] == true));
}

#[test]
fn images_are_downloaded_before_their_task_is_delivered() {
    let (receiver, service) = (HookReceiver::accepting(), SandboxService::with_faults(""));
    let dir = test_dir(&format!("on_done: {}", receiver.url()));
    run(&dir, &service).args("--download out").expect_code(0);
    assert_eq!(sorted(receiver.done_tasks()), ALL);
    for post in receiver.requests() {
        let files: Vec<_> =
            post.json()["files"].as_array().unwrap().iter().map(|f| f.as_str().unwrap().to_owned()).collect();
        assert_eq!(files.len(), 4);
        assert!(
            files
                .iter()
                .all(|file| std::path::Path::new(file).is_absolute() && std::fs::exists(file).unwrap())
        );
    }
}

#[test]
fn a_hook_that_cannot_work_is_an_error_before_anything_is_submitted() {
    let service = SandboxService::with_faults("");
    for (batch, said) in [
        ("on_done: [./publish.sh]", "there is no command `./publish.sh` beside the manifest"),
        ("on_done: [no-such-command-anywhere]", "in the PATH"),
        ("on_done: [./rows.csv]", "is not executable"),
        ("on_finish: { url: 'https://x.example', secret_env: NOT_SET }", "`NOT_SET` is not set"),
        ("on_finish: { url_env: NOT_SET }", "`NOT_SET` is not set"),
        ("on_finish: { url_env: HOOK_SECRET }", "cannot be used"),
    ] {
        if cfg!(windows) && ["PATH", "executable"].iter().any(|word| said.contains(word)) {
            continue;
        }
        let ran = run(&test_dir(batch), &service).expect_code(2);
        assert!(
            ran.stderr.contains(said) && ran.stderr.contains("nothing was submitted"),
            "{batch}: {ran:?}"
        );
        assert!(ran.stderr.contains("m.yaml:4:") && !ran.stderr.contains(SECRET), "{batch}: {ran:?}");
    }
    assert_eq!(service.submits(), 0);
    let dir = test_dir("retries: 0");
    let ran = run(&dir, &service).args("--deliver-all").expect_code(2);
    assert!(ran.stderr.contains("no hooks: the manifest has no `on_done`"), "{ran:?}");
}

#[test]
fn check_and_plan_show_what_will_be_run() {
    let dir = test_dir("on_done: [./publish.sh, --to, 'a b']\n  on_finish: { url_env: CHAT }");
    let expected = "on_done runs: ./publish.sh --to 'a b'";
    for command in ["check", "plan"] {
        let said = dir.mjbatch(&format!("{command} m.yaml")).expect_code(0).stdout;
        assert!(said.contains(expected) && said.contains("on_finish posts to: the URL in CHAT"), "{said}");
        let json = dir.mjbatch(&format!("{command} m.yaml --json")).expect_code(0).stdout;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["follow_up"][0], expected);
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_delivery_cut_off_by_a_kill_is_sent_by_the_next_run() {
    let fails = [
        "delivery-leaves=abort@2",
        "delivery-answered=abort@2",
        "delivery-recording=abort",
        "recorded=abort@6",
    ];
    for fail in fails {
        let (receiver, service) =
            (HookReceiver::accepting(), SandboxService::with_job_time(300.0..=900.0, ""));
        let dir = test_dir(&format!("on_done: {{ url: '{}', at_once: 1 }}", receiver.url()));
        let failing = run(&dir, &service).env("MJBATCH_FAIL", fail);
        // One after another the sixth record is the last `done`; else all are submitted when the first is delivered.
        let failing = if fail.starts_with("recorded") { failing.args("--concurrency 1") } else { failing };
        assert_eq!(failing.output().code, None, "{fail}");
        run(&dir, &service).expect_code(0);
        let mut delivered = sorted(receiver.done_tasks());
        assert!(delivered.len() <= 4, "{fail}: {delivered:?}");
        delivered.dedup();
        assert_eq!((delivered, service.submits()), (ALL.map(str::to_owned).to_vec(), 3), "{fail}");
        let so_far = receiver.requests().len();
        run(&dir, &service).expect_code(0);
        assert_eq!(receiver.requests().len(), so_far, "{fail}: delivered once more");
    }
}

#[cfg(debug_assertions)]
#[test]
fn the_end_of_a_killed_run_is_delivered_by_the_next() {
    for fail in ["results-written=abort", "delivery-leaves=abort", "delivery-answered=abort"] {
        let (receiver, service) = (HookReceiver::accepting(), SandboxService::with_faults(""));
        let dir = test_dir(&format!("on_finish: {}", receiver.url()));
        assert_eq!(run(&dir, &service).env("MJBATCH_FAIL", fail).output().code, None, "{fail}");
        run(&dir, &service).expect_code(0);
        let stops =
            receiver.requests().iter().map(|post| post.json()["stop"].to_string()).collect::<Vec<_>>();
        assert!(stops.contains(&"\"finished\"".to_owned()), "{fail}: {stops:?}");
        assert_eq!(stops.last().map(String::as_str), Some("\"nothing_to_do\""), "{fail}");
    }
}

#[cfg(unix)]
mod commands {
    use super::*;

    /// A script beside the manifest that is the hook.
    fn script(dir: &TestDir, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        dir.write("hook.sh", format!("#!/bin/sh\n{text}\n"));
        std::fs::set_permissions(dir.path("hook.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn lines(dir: &TestDir, name: &str) -> Vec<serde_json::Value> {
        let text = String::from_utf8(dir.read(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Whether a process runs; a zombie does not.
    fn runs(process: rustix::process::Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
        let is_zombie =
            stat.is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')));
        rustix::process::test_kill_process(process).is_ok() && !is_zombie
    }

    fn first_reason(ran: &CommandOutput) -> &str {
        ran.stderr.lines().find(|line| line.contains("hooks: ")).unwrap_or_default()
    }

    #[test]
    fn a_command_gets_the_result_on_its_standard_input_in_the_manifests_folder_and_no_key() {
        let service = SandboxService::with_faults("");
        let dir = test_dir(
            "on_done: [./hook.sh, '$(touch owned)', 'a b']\n  on_finish: { url_env: CHAT, secret_env: HOOK_SECRET }",
        );
        let receiver = HookReceiver::accepting();
        script(
            &dir,
            "cat >> done.jsonl; env >> env.txt; pwd >> pwd.txt; echo \"$# $1|$2\" >> words.txt; echo noise; echo noise >&2",
        );
        // From another folder.
        let manifest = dir.path("m.yaml");
        let ran = TestDir::empty()
            .mjbatch("run --poll-min 20ms --poll-max 100ms")
            .arg(manifest.to_str().unwrap())
            .with_service(&service.url())
            .env("HOOK_SECRET", SECRET)
            .env("CHAT", &receiver.url())
            .env("CMS_TOKEN", "its-own")
            .env("PATH", "/usr/bin:/bin")
            .expect_code(0);
        assert!(!ran.stderr.contains("noise") && !ran.stdout.contains("noise"), "{ran:?}");
        let messages = lines(&dir, "done.jsonl");
        assert_eq!(messages.len(), 3);
        assert!(
            messages
                .iter()
                .all(|message| message["event"] == "done" && message["task"]["images"][3].is_string())
        );
        let env = String::from_utf8(dir.read("env.txt")).unwrap();
        assert!(
            !env.contains("MIDJOURNEY_API_KEY") && !env.contains(SECRET) && !env.contains(&receiver.url()),
            "{env}"
        );
        assert!(env.contains("CMS_TOKEN=its-own"));
        let folder = dir.folder().canonicalize().unwrap();
        assert!(String::from_utf8(dir.read("pwd.txt")).unwrap().starts_with(folder.to_str().unwrap()));
        assert!(String::from_utf8(dir.read("words.txt")).unwrap().starts_with("2 $(touch owned)|a b\n"));
        assert!(!dir.path("owned").exists(), "no shell read it");
        assert_eq!(receiver.requests().len(), 1);
    }

    #[test]
    fn a_command_that_fails_says_why_and_the_batch_is_done_all_the_same() {
        let service = SandboxService::with_faults("");
        let dir = test_dir("on_done: [./hook.sh]");
        script(&dir, "grep -q '\"id\":\"mug\"' || exit 0; echo 'no room' >&2; exit 4");
        let ran = run(&dir, &service).expect_code(0);
        let said =
            "2 delivered, 1 not delivered; the first is task `mug` (it ended with exit code 4: no room)";
        assert!(first_reason(&ran).contains(said), "{ran:?}");
        assert_eq!(status(&dir)["follow_up"]["first_not_told"][0]["tries"], 4);
        script(&dir, "cat > /dev/null");
        run(&dir, &service).expect_code(0);
        assert_eq!(status(&dir)["follow_up"]["told"], 3);
    }

    #[test]
    fn a_command_that_hangs_holds_up_no_slot_and_is_stopped() {
        let service = SandboxService::with_job_time(10.0..=20.0, "");
        let dir = test_dir("on_done: { command: [./hook.sh], timeout: 2s }");
        script(&dir, "echo x >> begun; sleep 600");
        let running = run(&dir, &service).args("--concurrency 1").start();
        wait_until("all is done while the first is still being delivered", || {
            dir.path("m.mjbatch").exists() && dir.path("begun").exists() && service.jobs() == 3
        });
        assert_eq!(dir.read("begun").len(), 2, "the first command alone was begun");
        let ran = running.wait();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(first_reason(&ran).contains("it took longer than 2s and was stopped"), "{ran:?}");
    }

    #[test]
    fn a_run_that_is_stopped_waits_for_a_command_only_so_long() {
        let service = SandboxService::with_faults("");
        let dir = test_dir("on_done: { command: [./hook.sh], timeout: 10m }");
        script(&dir, "echo $$ > begun; sleep 600");
        let running = run(&dir, &service).start();
        wait_until("a command runs", || dir.path("begun").exists() && service.jobs() == 3);
        running.signal(rustix::process::Signal::INT);
        running.signal(rustix::process::Signal::INT);
        let ran = running.wait();
        assert_eq!(ran.code, Some(0), "all is done: {ran:?}");
        let script = String::from_utf8(dir.read("begun")).unwrap().trim().parse().unwrap();
        let script = rustix::process::Pid::from_raw(script).unwrap();
        wait_until("it is ended with the run", || !runs(script));
    }
}
