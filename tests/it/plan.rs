//! Before anything is spent: check, plan, init and schema.

use serde_json::Value;

use crate::support::{SandboxService, TestDir, csv_rows};

const SPRING: &str = "\
version: 1
batch: { prices: { fast: 4 } }
prompts:
  - id: hero
    prompt: a {red, blue} mug on {{ scene }}
    matrix: { scene: [linen, oak] }
  - a tray
";

fn spring() -> TestDir {
    let dir = TestDir::empty();
    dir.write("spring.yaml", SPRING);
    dir
}

#[test]
fn a_plan_shows_the_factors_the_tasks_and_the_cost_and_leaves_no_file() {
    let dir = spring();
    let ran = dir.mjbatch("plan spring.yaml").expect_code(0);
    insta::assert_snapshot!(ran.stdout, @"
    spring.yaml: 5 tasks
      hero (line 4): 2 scenes × 2 permutations = 4
    to submit: 5 tasks: 5 fast
    cost: 20 quota, at your prices
    time: about 1 min 30 s, in nine of ten cases under 2 min (estimated from usual job times; none of this batch was seen yet)
    writes: spring.mjbatch, spring.results.csv
      new      hero/linen/red  fast  a red mug on linen
      new      hero/linen/blue  fast  a blue mug on linen
      new      hero/oak/red  fast  a red mug on oak
      new      hero/oak/blue  fast  a blue mug on oak
      new      a-tray-c0d587fd5676  fast  a tray
    ");
    assert_eq!((ran.stderr.as_str(), dir.files()), ("", vec!["spring.yaml".to_owned()]));
}

#[test]
fn a_plan_compares_each_task_with_the_state_and_gives_reasons() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt\na,mug\nb,cup\nc,jar\n");
    dir.run(&service.url()).expect_code(0);
    dir.write(
        "spring.csv",
        "id,prompt,mode,action\nnew,tray,fast,\nb,a blue cup,relaxed,\nc,jar,fast,redo\n",
    );
    let ran = dir.mjbatch("plan spring.csv --all --prices fast=4,relaxed=2").expect_code(0);
    // How long it takes was learned from jobs in real time.
    let lasting: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with("time: ")).collect();
    assert_eq!(lasting.len() + 1, ran.stdout.lines().count());
    insta::assert_snapshot!(lasting.join("\n"), @"
    spring.csv: 3 tasks
    spring.mjbatch: 1 new · 1 changed · 1 once more · 1 removed
      removed  a
    to submit: 3 tasks: 2 fast, 1 relaxed
    cost: 10 quota, at your prices
    writes: spring.mjbatch, spring.results.csv
      new      new  fast  tray
      changed  b  relaxed  a blue cup
               the prompt was: cup (fast)
      again    c  fast  jar
               the manifest says `redo`
    ");
    assert_eq!(service.submits(), 3, "a plan spends nothing");
    assert_eq!(dir.results().column("id"), ["a", "b", "c"], "nor does it write results");
}

#[test]
fn a_plan_can_be_one_json_object() {
    let dir = spring();
    let ran = dir.mjbatch("plan spring.yaml --json").expect_code(0);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((plan["total"].as_u64(), plan["quota"].as_f64()), (Some(5), Some(20.0)));
    assert_eq!(plan["factors"][0]["tasks"], 4);
    assert_eq!(plan["tasks"].as_array().unwrap().len(), 5);
    assert_eq!(plan["tasks"][4]["prompt"], "a tray");
    assert!(
        plan["tasks"].as_array().unwrap().iter().all(|task| task["plan"] == "new" && task["submit"] == true)
    );
}

#[test]
fn a_plan_estimates_its_duration_from_earlier_jobs_and_with_more_slots() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_tasks(30);
    dir.run(&service.url()).expect_code(0);
    let ran = dir.mjbatch("plan spring.csv --json").expect_code(0);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(plan["forecast"], Value::Null, "nothing to submit, nothing to wait for");
    assert!(!dir.mjbatch("plan spring.csv").expect_code(0).stdout.contains("time:"));

    let state = rusqlite::Connection::open(dir.path("spring.mjbatch")).unwrap();
    let took =
        "UPDATE run SET started_at = 0; UPDATE attempt SET intended_at = finished_at - 120000 - 1000 * key";
    state.execute_batch(took).unwrap();
    dir.write("spring.csv", csv_rows(330));
    let ran = dir.mjbatch("plan spring.csv --concurrency 5").expect_code(0);
    insta::assert_snapshot!(ran.stdout.lines().skip(3).take(3).collect::<Vec<_>>().join("\n"), @"
    cost: unknown; set the price of a job with `--prices fast=4,relaxed=2`
    time: about 2 h, in nine of ten cases under 2 h 10 min (estimated; learned from 30 jobs of this batch)
          with 15 slots instead of 5: about 41 min
    ");
    let ran = dir.mjbatch("plan spring.csv --json").expect_code(0);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let forecast = &plan["forecast"];
    assert_eq!((forecast["slots"].as_u64(), forecast["learned_from"].as_u64()), (Some(10), Some(30)));
    let figure = |at: &str| forecast.pointer(at).and_then(Value::as_f64).unwrap();
    assert!((3000.0..4500.0).contains(&figure("/half_s")), "{forecast}");
    assert!(figure("/nine_in_ten_s") > figure("/half_s"), "{forecast}");
    assert!(figure("/more_slots/half_s") < 0.6 * figure("/half_s"), "{forecast}");
    assert!((300.0..1500.0).contains(&figure("/requests")), "{forecast}");
}

#[test]
fn a_plan_of_many_tasks_is_shortened() {
    let mut csv = "id,prompt\n".to_owned();
    for n in 0..20_000 {
        csv.push_str(&format!("t{n},a mug number {n}\n"));
    }
    let dir = TestDir::with_csv(&csv);
    let ran = dir.mjbatch("plan spring.csv").expect_code(0);
    assert!(ran.stdout.lines().count() < 40, "{}", ran.stdout);
    assert!(ran.stdout.contains("and 19980 more: `--all` lists them"), "{}", ran.stdout);
}

#[test]
fn a_check_reports_success_or_every_error() {
    let dir = spring();
    let ran = dir.mjbatch("check spring.yaml").expect_code(0);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("spring.yaml: 5 tasks, no errors\n  writes: spring.mjbatch, spring.results.csv\n", "")
    );
    dir.write("spring.yaml", "version: 1\nprompts:\n  - prompt: a mug --ar 16x9\n    moed: fast\n");
    let ran = dir.mjbatch("check spring.yaml").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: `--ar 16x9` is not an aspect ratio
     --> spring.yaml:3:24
      |
    3 |   - prompt: a mug --ar 16x9
      |                        ^^^^ not `width:height`
      |
      = note: `--ar` takes two whole numbers from 1 up, as in `16:9`
      = help: write `--ar 16:9`

    error: an entry of `prompts` has no key `moed`
     --> spring.yaml:4:5
      |
    4 |     moed: fast
      |     ^^^^ unknown key
      |
      = note: the keys are `prompt`, `id`, `mode`, `timeout`, `hook_url`, `vars`, `params`, `data`, `matrix`, `zip`, `permutations`, `repeat`, `priority`
      = help: did you mean `mode`?

    error: nothing was submitted: 2 errors
    ");
    assert_eq!(ran.stdout, "");
    let ran = dir.mjbatch("check spring.yaml --json").expect_code(2);
    let checked: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (checked["ok"].as_bool(), checked["errors"].as_u64(), ran.stderr.as_str()),
        (Some(false), Some(2), "")
    );
    let place = &checked["diagnostics"][0]["labels"][0]["place"];
    assert_eq!((place["file"].as_str(), place["start"]["line"].as_u64()), (Some("spring.yaml"), Some(3)));
}

#[test]
fn init_writes_a_valid_manifest_of_each_kind_and_overwrites_nothing() {
    for (kind, manifest) in [("products", "catalogue.yaml"), ("social", "social.yaml"), ("blog", "blog.yaml")]
    {
        let dir = TestDir::empty();
        dir.mjbatch(&format!("init {kind}")).expect_code(0);
        let ran = dir.mjbatch(&format!("check {manifest}")).expect_code(0);
        assert_eq!(ran.stderr, "", "{kind} has warnings");
        dir.write(manifest, "mine");
        dir.mjbatch(&format!("init {kind}")).expect_code(2);
        assert_eq!(dir.read(manifest), b"mine");
    }
}

#[test]
fn a_budget_without_prices_is_an_error() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::empty();
    dir.write("spring.yaml", "version: 1\nbatch: { budget: 20quota }\nprompts: [a mug]\n");
    let ran = dir.mjbatch("run spring.yaml").with_service(&service.url()).expect_code(2);
    assert!(ran.stderr.contains("mode `fast` has no price"), "{}", ran.stderr);
    assert_eq!((service.submits(), dir.files()), (0, vec!["spring.yaml".to_owned()]));
}
