//! What a run may spend, for how long, on which tasks, and what it sends again: by the service's books.

use mjbatch::task::State;

use crate::support::{SandboxService, TestDir, wait_until};

const PRICES: &str = "--prices fast=4,relaxed=2";

/// Products and colours: a prompt with `vape` in it is turned down.
const SHOP: &str = "id,prompt,product,colour,priority
mug/sage,a sage mug on linen,mug,sage,
mug/rust,a rust mug on linen,mug,rust,5
vape/sage,a sage vape on linen,vape,sage,
vape/rust,a rust vape on linen,vape,rust,
vape/blue,a blue vape on linen,vape,blue,
lamp/blue,a blue lamp on linen,lamp,blue,
";

#[test]
fn a_budget_spans_runs_and_the_rest_is_reported() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(6));
    let budget = |amount: &str| dir.run(&service.url()).args(PRICES).args("--budget").args(amount);
    let ran = budget("10quota").expect_code(8);
    assert_eq!((service.jobs(), service.ledger().quota), (2, 8));
    let said = "stopped: the budget of 10 quota is reached: 4 tasks were not submitted";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    budget("10quota").expect_code(8);
    assert_eq!(service.submits(), 2, "nothing more fits");
    // Of 0.1 USD 13 quota are bought: three jobs.
    let ran = budget("0.1usd").expect_code(8);
    assert!(ran.stderr.contains("0.10 USD (13 quota, an estimate: 1 USD buys 130)"), "{}", ran.stderr);
    assert_eq!(service.jobs(), 3);
    budget("24quota").expect_code(0);
    assert_eq!(service.ledger().quota, 24);
}

#[test]
fn a_budget_without_prices_is_an_error_and_leaves_no_files() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    let ran = dir.run(&service.url()).args("--budget 10quota --prices relaxed=2").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: a budget needs to know what a job costs, and mode `fast` has no price
     |
     = note: the service publishes no prices; your account shows what a job cost
     = note: nothing was submitted
     = help: set them with `--prices fast=4,relaxed=2`, or under `batch:` in the manifest with `prices: { fast: 4, relaxed: 2 }`
    ");
    assert_eq!((service.submits(), dir.files()), (0, vec!["spring.csv".to_owned()]));
}

#[test]
fn a_budget_is_never_exceeded_by_kills_lost_replies_and_failures() {
    const CAP: u64 = 120;
    for (round, faults) in ["accept-cut=0.15, job-fail=0.3", "accept-hang=0.1, job-fail=0.4, submit-cut=0.1"]
        .into_iter()
        .enumerate()
    {
        let service = SandboxService::with_job_time(10.0..=60.0, faults);
        let dir = TestDir::with_tasks(40);
        let run = || {
            let words = format!("{PRICES} --budget {CAP}quota --retries 3 --patience 2s");
            dir.run(&service.url()).args(&words)
        };
        for kill in 0..12u64 {
            let mut running = run().start();
            let before = service.submits();
            let more = 1 + (kill + round as u64) % 4;
            wait_until("more is submitted", || service.submits() >= before + more || running.has_ended());
            std::thread::sleep(std::time::Duration::from_millis(kill * 7 % 11));
            running.kill();
            assert!(service.ledger().quota <= CAP, "{} of {CAP}", service.ledger().quota);
        }
        // Each of these runs may lose replies too, and then stop.
        let mut codes = Vec::new();
        while !matches!(codes.last(), Some(Some(0 | 3 | 8))) && codes.len() < 4 {
            codes.push(run().output().code);
        }
        assert!(service.ledger().quota <= CAP, "{} of {CAP}, {codes:?}", service.ledger().quota);
        let records = dir.records();
        let reserved: u64 = records.iter().map(|record| u64::from(record.attempts) * 4).sum();
        assert!((service.ledger().quota..=CAP).contains(&reserved), "{reserved} reserved, {codes:?}");
        assert!(reserved > CAP - 4 || dir.count([State::Pending]) == [0], "{reserved} reserved, {codes:?}");
        assert!(records.iter().all(|record| record.attempts <= 4), "{records:?}");
    }
}

#[test]
fn a_failed_job_is_retried_and_every_attempt_is_reported() {
    let (service, dir) = (SandboxService::with_faults("job-fail=first:2"), TestDir::with_tasks(1));
    let ran = dir.run(&service.url()).args(PRICES).args("--retries 2").expect_code(0);
    assert!(ran.stderr.contains("retry t0: Internal error while generating the images"), "{}", ran.stderr);
    let results = dir.results();
    assert_eq!((results.column("attempts"), results.column("quota")), (vec!["3"], vec!["12"]));
    assert_eq!((results.column("status"), results.column("reason")), (vec!["done"], vec![""]));
    assert_eq!((service.jobs(), service.ledger().quota), (3, 12));

    let (service, dir) = (SandboxService::with_faults("job-fail"), TestDir::with_tasks(1));
    dir.run(&service.url()).args("--retries 1").expect_code(3);
    assert_eq!((service.jobs(), dir.results().column("attempts")), (2, vec!["2"]));
    dir.run(&service.url()).args("--retries 5").expect_code(3);
    assert_eq!(service.jobs(), 2, "what failed for good stays so");
}

#[test]
fn a_pending_retry_and_its_count_survive_a_kill() {
    let (service, dir) = (SandboxService::with_faults("job-fail"), TestDir::with_tasks(1));
    for run in 1..=2 {
        let running = dir.run(&service.url()).args("--retries 2 --retry-after 1h").start();
        wait_until("the job has failed", || {
            service.jobs() == run
                && dir.records().iter().all(|record| record.state == State::Pending)
                && dir.records().iter().all(|record| record.attempts == run as u32)
        });
        running.kill();
        assert_eq!(dir.records()[0].reason.as_deref(), Some("Internal error while generating the images"));
    }
    dir.run(&service.url()).args("--retries 2 --retry-after 1h").expect_code(3);
    assert_eq!((service.jobs(), dir.results().column("attempts")), (3, vec!["3"]));
}

#[test]
fn a_rejected_prompt_is_never_retried_automatically() {
    for fault in ["submit-moderated=mug", "job-moderated=mug"] {
        let (service, dir) = (SandboxService::with_faults(fault), TestDir::with_tasks(2));
        dir.run(&service.url()).args("--retries 5").expect_code(3);
        assert_eq!(service.submits(), 2, "{fault}");
    }
}

#[test]
fn a_run_with_no_wait_leaves_its_jobs_to_the_next() {
    let (service, dir) = (SandboxService::with_job_time(300.0..=400.0, "slots=3"), TestDir::with_tasks(7));
    let ran = dir.run(&service.url()).args("--no-wait --concurrency 3").expect_code(10);
    assert_eq!((service.jobs(), dir.count([State::Running, State::Pending])), (3, [3, 4]));
    assert!(ran.stderr.contains("3 jobs; the next run collects them"), "{}", ran.stderr);
    wait_until("all is done, three by three", || {
        dir.run(&service.url()).args("--no-wait --concurrency 3").output().code == Some(0)
    });
    assert_eq!((service.jobs(), dir.count([State::Done])), (7, [7]));
}

#[test]
fn a_time_limit_ends_submitting_and_then_following() {
    let (service, dir) = (SandboxService::with_job_time(200.0..=300.0, ""), TestDir::with_tasks(40));
    let ran = dir.run(&service.url()).args("--max-duration 250ms --concurrency 4").expect_code(10);
    let (jobs, [done, pending]) = (service.jobs(), dir.count([State::Done, State::Pending]));
    assert!(jobs < 40 && done == jobs && pending == 40 - jobs, "{jobs} {done} {pending}");
    assert!(ran.stderr.contains("(`--max-duration`) is over"), "{}", ran.stderr);

    let (service, dir) = (SandboxService::with_job_time(20_000.0..=20_000.0, ""), TestDir::with_tasks(4));
    let ran = dir.run(&service.url()).args("--max-duration 300ms --drain 100ms").expect_code(10);
    assert_eq!((service.jobs(), dir.count([State::Running, State::Unknown])), (4, [4, 0]));
    assert!(ran.stderr.contains("not cancelled: 4 jobs; the next run collects them"), "{}", ran.stderr);
}

#[test]
fn only_selected_tasks_are_submitted_by_priority() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_csv(SHOP));
    let run = |only: &str| dir.run(&service.url()).args("--concurrency 1").args(only);
    let ran = run("--only product=mug --only colour=rust --only colour=sage").expect_code(10);
    let prompts: Vec<_> = service.ledger().jobs.into_iter().map(|job| job.prompt).collect();
    assert_eq!(prompts, ["a rust mug on linen", "a sage mug on linen"]);
    assert!(ran.stderr.contains("4 not selected"), "{}", ran.stderr);
    assert!(!ran.stderr.lines().last().unwrap().contains("--only"), "{}", ran.stderr);
    run("--only id=*/blue").expect_code(10);
    assert_eq!(service.jobs(), 4);
    let plan = dir.mjbatch("plan spring.csv --only id=vape/* --json").expect_code(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!((&plan["to_submit"]["fast"], &plan["left_out"]), (&2.into(), &0.into()));
    assert_eq!(run("--only product=mug").expect_code(10).stderr.matches("2 not selected").count(), 1);
    assert_eq!(service.jobs(), 4);
    assert_eq!(dir.results().column("priority")[1], "5", "a column of the results");
}

#[test]
fn an_impossible_selection_is_an_error() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_csv(SHOP));
    for (only, said) in [
        ("produkt=mug", "= help: did you mean `product`?"),
        ("id=mugs/*", "no task of the manifest matches `--only id=mugs/*`"),
        ("status=failed", "a run submits what is pending"),
        ("mode=turbo", "`turbo` is no mode"),
        ("mug", "`mug` is no filter"),
    ] {
        let ran = dir.run(&service.url()).args("--only").args(only).expect_code(2);
        assert!(ran.stderr.contains(said), "{only}: {}", ran.stderr);
    }
    assert_eq!(service.submits(), 0);
}

#[test]
fn a_pilot_submits_one_task_of_each_entry() {
    let dir = TestDir::empty();
    let service = SandboxService::with_faults("");
    dir.write("spring.yaml", "version: 1\nprompts:\n  - { id: a, prompt: 'a {red, blue} mug' }\n  - { id: b, prompt: a cup, repeat: 3 }\n");
    for jobs in [2, 2] {
        let ran = dir
            .mjbatch("run spring.yaml --pilot --poll-max 50ms --poll-min 20ms")
            .with_service(&service.url())
            .expect_code(10);
        assert_eq!(service.jobs(), jobs);
        assert!(
            ran.stderr.contains("check its images, then run without `--pilot` for the 3 remaining tasks"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.ends_with("next: mjbatch run spring.yaml --poll-max 50ms --poll-min 20ms\n"),
            "{}",
            ran.stderr
        );
    }
    dir.mjbatch("run spring.yaml --poll-max 50ms --poll-min 20ms")
        .with_service(&service.url())
        .expect_code(0);
    assert_eq!(service.jobs(), 5);
}

#[test]
fn consecutive_rejected_prompts_stop_the_run_and_their_common_value_is_named() {
    for fault in ["submit-moderated=vape", "job-moderated=vape"] {
        let (service, dir) = (SandboxService::with_faults(fault), TestDir::with_csv(SHOP));
        let run = || dir.run(&service.url()).args("--concurrency 1");
        let ran = run().args("--breaker 3").expect_code(7);
        assert_eq!((service.submits(), dir.count([State::Failed, State::Pending])), (5, [3, 1]));
        assert!(ran.stderr.contains("all have product = \"vape\"; check them"), "{}", ran.stderr);
        run().args("--breaker 1").expect_code(3);
        assert_eq!(service.submits(), 6, "the lamp is no vape");
    }
    let (service, dir) = (SandboxService::with_faults("job-moderated=vape"), TestDir::with_csv(SHOP));
    dir.run(&service.url()).args("--concurrency 1 --breaker 0").expect_code(3);
    assert_eq!(service.submits(), 6);
}

#[test]
fn failed_tasks_are_resubmitted_by_the_retry_command() {
    let (service, dir) = (SandboxService::with_faults("job-fail=first:3"), TestDir::with_csv(SHOP));
    dir.mjbatch("retry spring.csv").expect_code(2);
    dir.run(&service.url()).args("--concurrency 1").expect_code(3);
    let again = dir.mjbatch("retry spring.csv --only product=mug --prices fast=4").expect_code(0);
    assert_eq!(
        again.stdout,
        "2 tasks to submit again, each paid for again: 8 quota at your prices\nnext: mjbatch run spring.csv\n"
    );
    assert_eq!(dir.count([State::Pending, State::Failed]), [2, 1]);
    let again = dir.mjbatch("retry spring.csv --only status=failed").expect_code(0);
    assert_eq!(again.stdout, "1 task to submit again, each paid for again\nnext: mjbatch run spring.csv\n");
    let none = dir.mjbatch("retry spring.csv").expect_code(0);
    assert_eq!(none.stdout, "nothing to submit again: no selected task failed\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), 9);
    let attempts = dir.results().column("attempts").iter().filter(|attempts| **attempts == "2").count();
    assert_eq!(attempts, 3, "the history is kept");
}

/// The job is done, and its images are named late: the state knows it as failed until then.
#[test]
fn before_a_task_is_paid_for_again_the_service_is_asked_about_its_earlier_attempt() {
    for (again, manifest) in
        [("retry spring.csv", "id,prompt\nt0,a mug\n"), ("", "id,prompt,action\nt0,a mug,redo\n")]
    {
        let service = SandboxService::with_faults("status-no-urls-yet=first:6");
        let dir = TestDir::with_csv("id,prompt\nt0,a mug\n");
        dir.run(&service.url()).expect_code(3);
        assert_eq!((dir.results().column("status"), service.jobs()), (vec!["failed"], 1));
        if !again.is_empty() {
            dir.mjbatch(again).expect_code(0);
        }
        dir.write("spring.csv", manifest);
        let ran = dir.run(&service.url()).expect_code(0);
        let said = "note: t0: the images of an earlier attempt have come; taken, and not paid for again";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert_eq!(service.jobs(), 1, "nothing was paid for");
        let results = dir.results();
        assert_eq!((results.column("status"), results.column("attempts")), (vec!["done"], vec!["1"]));
        assert!(!results.column("image_1")[0].is_empty());
        dir.run(&service.url()).expect_code(0);
        assert_eq!(service.jobs(), 1, "nor later");
    }
}

#[test]
fn a_retry_resends_no_unknown_task_and_needs_the_lock() {
    let (service, dir) = (SandboxService::with_faults("accept-cut=only:1"), TestDir::with_tasks(2));
    dir.run(&service.url()).expect_code(6);
    dir.mjbatch("retry spring.csv --lost").expect_code(0);
    dir.run(&service.url()).expect_code(6);
    assert_eq!(service.submits(), 2);

    let (service, dir) = (SandboxService::with_job_time(20_000.0..=20_000.0, ""), TestDir::with_tasks(1));
    let running = dir.run(&service.url()).start();
    wait_until("it runs", || service.jobs() == 1);
    dir.mjbatch("retry spring.csv").expect_code(11);
    running.kill();
}

#[test]
fn results_can_be_rewritten_from_the_state() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(3));
    dir.mjbatch("results spring.csv").expect_code(2);
    dir.run(&service.url()).expect_code(0);
    let before = dir.read("spring.results.csv");
    std::fs::remove_file(dir.path("spring.results.csv")).unwrap();
    let ran = dir.mjbatch("results spring.csv").expect_code(0);
    assert_eq!(
        (ran.stdout.as_str(), dir.read("spring.results.csv")),
        ("spring.results.csv: 3 done\n", before.clone())
    );
    dir.mjbatch("results spring.csv --results other.csv").expect_code(0);
    assert_eq!(dir.read("other.csv"), before);
}
