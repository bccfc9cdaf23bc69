//! Every command and example in README.md and docs/ is run here, and the output that they show is compared.
//!
//! Each shell block runs in a temporary folder with the manifests of the repository and of the README. Three things differ
//! from what a reader types: sandbox runs are sped up, a sandbox replaces the real service, and ports are free ones. A line
//! that this file cannot run fails the test, so every line of the documents is tested.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a thread waits for a program that may not end")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use mjbatch::manifest;
use tempfile::TempDir;

const HURRY: &str = "600";
/// The time limit of a command; only an example that has to be built takes more than seconds.
const LONGEST: Duration = Duration::from_secs(240);

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap().replace("\r\n", "\n")
}

fn readme() -> String {
    document("README.md")
}

/// The paths of the README and of the pages of `docs/`.
fn documents() -> Vec<String> {
    let pages = std::fs::read_dir(repository().join("docs")).unwrap();
    let pages = pages.map(|page| format!("docs/{}", page.unwrap().file_name().to_string_lossy()));
    let mut pages: Vec<_> = pages.collect();
    pages.sort();
    assert!(pages.len() >= 7 && pages.iter().all(|page| page.ends_with(".md")), "{pages:?}");
    ["README.md".to_owned()].into_iter().chain(pages).collect()
}

/// The blocks of a document in this language.
fn blocks_of(path: &str, language: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None::<(String, String)>);
    for line in document(path).lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(name), None) => open = Some((name.to_owned(), String::new())),
            (Some(_), Some((name, text))) => found.extend((name == language).then_some(text)),
            (None, Some((name, text))) => open = Some((name, text + line + "\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of {path} is not closed");
    found
}

/// The README's blocks in this language.
fn blocks(language: &str) -> Vec<String> {
    let found = blocks_of("README.md", language);
    assert!(!found.is_empty(), "the README has no {language} block");
    found
}

/// The inline code of a document, outside its code blocks.
fn code_in_prose(path: &str) -> Vec<String> {
    let text = document(path);
    let prose = text.split("```").step_by(2).collect::<String>();
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A folder with the manifests of the repository and of the README.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("manifests")).unwrap();
    for name in
        ["quickstart.yaml", "products.csv", "social.yaml", "blog.yaml", "shop.yaml", "shop-products.csv"]
    {
        let name = Path::new("manifests").join(name);
        std::fs::copy(repository().join(&name), folder.path().join(&name)).unwrap();
    }
    std::fs::write(folder.path().join("spring.yaml"), &blocks("yaml")[0]).unwrap();
    std::fs::write(folder.path().join("shop.csv"), &blocks("csv")[0]).unwrap();
    folder
}

fn mjbatch(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mjbatch"));
    command.current_dir(folder).args(words).stdin(Stdio::null()).env_remove("MIDJOURNEY_WEBHOOK_URL");
    command.env_remove("MIDJOURNEY_API_KEY").env_remove("MIDJOURNEY_API_BASE_URL");
    command
}

/// Runs a command to its end.
///
/// # Panics
/// If it takes longer than [`LONGEST`].
fn run_to_end(mut command: Command) -> Output {
    let shown = format!("{command:?}");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = receiver.recv_timeout(LONGEST);
    output.unwrap_or_else(|_| panic!("this does not end: {shown}")).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A sandbox that serves until it is dropped.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(mut command: Command) -> Serving {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("the sandbox is at ").and_then(|rest| rest.split(' ').next());
        let url = url.unwrap_or_else(|| panic!("the sandbox said {line:?}")).to_owned();
        Serving { child, url }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Parses a line of a shell block into its words and its expected exit code.
fn parsed(line: &str) -> (Vec<&str>, i32) {
    let (line, comment) = line.split_once(" # ").unwrap_or((line, ""));
    let code = comment.trim().strip_prefix("exit code ").map_or(0, |code| code.parse().unwrap());
    (line.split_whitespace().collect(), code)
}

/// The words of a command with the differences that are listed at the head of this file.
fn adapted<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut words: Vec<&str> = words
        .iter()
        .map(|word| match *word {
            "127.0.0.1:8080" | "0.0.0.0:8090" => "127.0.0.1:0",
            "https://hooks.example.com/mjbatch" => "http://127.0.0.1:9/nobody/listens/here",
            word => word,
        })
        .collect();
    if words[0] == "run" && words.contains(&"--sandbox") {
        words.extend(["--speed", HURRY]);
    } else if words[0] == "run" {
        words.extend(["--poll-min", "50ms", "--poll-max", "200ms"]);
    }
    words
}

#[test]
fn every_command_of_the_documents_has_its_exit_code() {
    let service_folder = tempfile::tempdir().unwrap();
    let service = Serving::start(mjbatch(
        service_folder.path(),
        &["sandbox", "--listen", "127.0.0.1:0", "--speed", HURRY],
    ));
    let blocks = documents().into_iter().flat_map(|path| blocks_of(&path, "sh"));
    for block in blocks {
        let folder = folder();
        let mut key = None;
        for line in block.lines() {
            let (words, code) = parsed(line);
            match words[..] {
                ["export", setting] => {
                    key = Some(setting.strip_prefix("MIDJOURNEY_API_KEY=").unwrap().to_owned())
                }
                ["mjbatch", "sandbox", "--listen", ..] => {
                    drop(Serving::start(mjbatch(folder.path(), &adapted(&words[1..]))));
                }
                ["mjbatch", ref words @ ..] | ["cargo", "run", "--release", "--", ref words @ ..] => {
                    let mut command = mjbatch(folder.path(), &adapted(words));
                    if let Some(key) = &key {
                        command.env("MIDJOURNEY_API_KEY", key).env("MIDJOURNEY_API_BASE_URL", &service.url);
                    }
                    let output = run_to_end(command);
                    assert_eq!(output.status.code(), Some(code), "{line}\n{}", text(&output.stderr));
                }
                // `the_examples_run` runs them.
                ["cargo", "run", "--example", name] => {
                    assert!(EXAMPLES.iter().any(|(known, _)| *known == name))
                }
                ["cargo", "test"] => {}
                ["cargo", "install", "--locked", "--path", "."] => {
                    assert!(repository().join("Cargo.lock").exists());
                }
                _ if line.starts_with("# ") => {}
                _ => panic!("this line is not tested: {line}"),
            }
        }
    }
}

/// The examples, and a line that each prints on success.
const EXAMPLES: [(&str, &str); 2] = [
    ("run_batch", "BudgetReached: 2 of 3 tasks done, which is what 8 quota pay for"),
    ("receive_webhook", "called: it is done"),
];

/// The example that `cargo test` has built, or, where only this file was built, a command that builds it.
fn example(name: &str) -> Command {
    let built = Path::new(env!("CARGO_BIN_EXE_mjbatch")).with_file_name("examples").join(name);
    let built = built.with_extension(std::env::consts::EXE_EXTENSION);
    if built.exists() {
        return Command::new(built);
    }
    let profile: &[&str] = if cfg!(debug_assertions) { &[] } else { &["--release"] };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(repository()).args(["run", "--quiet", "--example", name]).args(profile);
    cargo
}

#[test]
fn the_examples_run() {
    for (name, line) in EXAMPLES {
        let output = run_to_end(example(name));
        let stdout = text(&output.stdout);
        assert!(
            output.status.success() && stdout.lines().any(|printed| printed == line),
            "{name}: {output:?}"
        );
    }
}

#[test]
fn the_command_in_the_crontab_runs() {
    let folder = folder();
    let lines = blocks_of("docs/running.md", "crontab");
    assert!(!lines.is_empty(), "the page has no crontab block");
    for line in lines {
        let command = line.split_once("/mjbatch ").map(|(_, words)| words.split_whitespace()).unwrap();
        let words: Vec<_> = command.chain(["--sandbox", "--speed", HURRY]).collect();
        let output = run_to_end(mjbatch(folder.path(), &words));
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {}", text(&output.stderr));
    }
}

#[test]
fn every_manifest_of_the_documents_has_no_warnings() {
    for ending in ["yaml", "csv"] {
        // The page of the language has blocks that need files; the tests of `manifest` read it.
        let documents = documents().into_iter().filter(|path| path != "docs/manifest.md");
        for block in documents.flat_map(|path| blocks_of(&path, ending)) {
            let read = manifest::parse(&PathBuf::from("readme").with_extension(ending), block.as_bytes());
            let read = read.unwrap_or_else(|problems| panic!("{problems}"));
            assert!(read.warnings.is_empty(), "{}", read.warnings);
        }
    }
}

/// The part of a line that is the same in every run, without durations and ports.
fn without_time_and_port(line: &str) -> String {
    let line = line.split(" in ").next().unwrap();
    line.split("127.0.0.1:").next().unwrap().to_owned()
}

/// Whether a cell of the README's table, which may be shortened by `…`, matches the whole one.
fn matches_cell(cropped: &str, whole: &str) -> bool {
    match cropped.split_once('…') {
        Some((start, end)) => whole.starts_with(start) && whole.ends_with(end),
        None => cropped == whole,
    }
}

fn quickstart(folder: &Path) -> Output {
    run_to_end(mjbatch(folder, &["run", "manifests/quickstart.yaml", "--sandbox", "--speed", HURRY]))
}

#[test]
fn the_readme_shows_the_output_of_the_quickstart() {
    let folder = folder();
    let printed: Vec<_> =
        text(&quickstart(folder.path()).stderr).lines().map(without_time_and_port).collect();
    let shown: Vec<_> = blocks("text")[1].lines().map(without_time_and_port).collect();
    assert_eq!(printed, shown);
    assert_eq!(without_time_and_port(blocks("text")[0].lines().next().unwrap()), printed[0]);
}

#[test]
fn the_readme_shows_rows_of_the_results_of_the_quickstart() {
    let folder = folder();
    quickstart(folder.path());
    let results = folder.path().join("manifests/quickstart.sandbox.results.csv");
    let mut results = csv::Reader::from_path(results).unwrap();
    let columns = results.headers().unwrap().clone();
    let rows: Vec<_> = results.records().map(Result::unwrap).collect();

    let readme = readme();
    let mut table = readme.lines().skip_while(|line| !line.starts_with("| id ")).map(|line| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{a0}', " ")).collect::<Vec<_>>()
    });
    let names = table.next().unwrap();
    let shown: Vec<_> = table.skip(1).take_while(|cells| cells.len() == names.len()).collect();
    assert!(shown.len() >= 3);
    for (cells, row) in shown.iter().zip(&rows) {
        for (name, cell) in names.iter().zip(cells) {
            let at = columns.iter().position(|column| column == name).unwrap();
            let whole = row[at].replace(&row[at][..row[at].find("/images").unwrap_or(0)], "");
            let cell = cell.replace("http://127.0.0.1:8797", "");
            assert!(matches_cell(&cell, &whole), "{name}: {cell} is not {whole}");
        }
    }
    let code = [code_in_prose("README.md"), code_in_prose("docs/columns.md")].concat();
    for column in &columns {
        let is_explained = |name: &str| names.iter().chain(&code).any(|explained| explained == name);
        assert!(
            is_explained(column) || ["image_2", "image_3"].contains(&column),
            "the documents do not explain {column}"
        );
    }
}

#[test]
fn the_page_of_exit_codes_has_those_of_the_help() {
    let help = text(&run_to_end(mjbatch(repository(), &["run", "--help"])).stdout);
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let codes = codes.lines().filter_map(|line| line.split_once("  ").map(|_| line.trim()));
    let from_help: Vec<_> = codes.map(|line| line.split_once("  ").unwrap().0.to_owned()).collect();
    let page = document("docs/exit-codes.md");
    let table = page.lines().skip_while(|line| !line.starts_with("| code | meaning |")).skip(2);
    let rows = table.map_while(|line| line.strip_prefix("| ")).map(|row| row.split(" |").next().unwrap());
    let from_page: Vec<_> = rows.map(str::to_owned).filter(|code| code != "143").collect();
    assert_eq!(from_page, from_help);
}

#[test]
fn the_documents_name_only_existing_options_and_files() {
    let help = |words: &[&str]| text(&run_to_end(mjbatch(repository(), words)).stdout);
    let all = help(&["--help"]);
    let (_, listed) = all.split_once("Commands:\n").unwrap();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let commands: Vec<&str> = listed
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() > 5, "{commands:?}");
    let mut helps: String = commands.iter().map(|command| help(&[command, "--help"])).collect();
    helps += &help(&["state", "backup", "--help"]);
    let code: Vec<_> = documents().iter().flat_map(|path| code_in_prose(path)).collect();
    for code in code.iter().filter(|code| !code.starts_with("cargo ")) {
        for option in code.split_whitespace().filter(|word| word.starts_with("--")) {
            let is_of_prompts = ["--ar", "--repeat"].contains(&option);
            assert!(is_of_prompts || helps.contains(&format!("{option} ")), "there is no {option}");
        }
        if let Some(command) = code.strip_prefix("mjbatch ") {
            let name = command.split(' ').next().unwrap();
            assert!(commands.contains(&name), "there is no mjbatch {name}");
        }
    }
    for path in documents() {
        for link in document(&path).split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = repository().join(&path).with_file_name(link);
            assert!(link.starts_with("https://") || file.exists(), "{path}: there is no {link}");
        }
    }
}

#[test]
fn the_help_command_shows_the_pages() {
    let stdout = |words: &[&str]| text(&run_to_end(mjbatch(repository(), words)).stdout);
    for path in documents().iter().filter(|path| !path.contains("README") && !path.contains("architecture")) {
        let name = Path::new(path).file_stem().unwrap().to_str().unwrap();
        assert_eq!(stdout(&["help", name]).trim_end(), document(path).trim_end());
        assert!(stdout(&["--help"]).contains(&format!("\n  {name} ")), "--help does not list {name}");
    }
    assert_eq!(stdout(&["help", "run"]), stdout(&["run", "--help"]));
    assert_eq!(stdout(&["help"]), stdout(&["--help"]));
    let unknown = run_to_end(mjbatch(repository(), &["help", "nothing"]));
    assert_eq!((unknown.status.code(), text(&unknown.stdout)), (Some(2), String::new()));
    assert!(text(&unknown.stderr).contains("manifest, running, decisions"), "{}", text(&unknown.stderr));
}

fn objects(lines: &str) -> Vec<serde_json::Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// The names of an object's members, in order.
fn keys(object: &serde_json::Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_page_of_events_has_those_of_a_run() {
    let folder = folder();
    let words =
        ["run", "spring.yaml", "--sandbox", "--speed", HURRY, "--progress", "json", "--fault", "slots=7"];
    let output = run_to_end(mjbatch(folder.path(), &words));
    let seen = objects(&text(&output.stdout));
    let shown = objects(&blocks_of("docs/events.md", "json").concat());
    assert_eq!(shown.len(), 5);
    for event in &shown {
        let same = |other: &&serde_json::Value| other["event"] == event["event"];
        // A run may have no notice.
        if let Some(seen) = seen.iter().find(same) {
            assert_eq!(keys(event), keys(seen));
        } else {
            assert_eq!(event["event"], "notice");
        }
    }
}

#[test]
fn the_page_of_columns_has_a_results_line_of_a_run() {
    let folder = folder();
    let words = ["run", "shop.csv", "--sandbox", "--speed", HURRY, "--results", "all.jsonl"];
    run_to_end(mjbatch(folder.path(), &words));
    let seen = objects(&std::fs::read_to_string(folder.path().join("all.jsonl")).unwrap());
    let shown = objects(&blocks_of("docs/columns.md", "json").concat());
    assert_eq!(keys(&shown[0]), keys(&seen[0]));
}

#[cfg(unix)]
#[test]
fn the_page_of_hooks_has_the_message_of_a_hook() {
    let folder = folder();
    let manifest = "version: 1\nbatch:\n  on_done: [tee, done.json]\n  on_finish: [tee, finish.json]\n\
                    prompts: [a mug on linen]\n";
    std::fs::write(folder.path().join("hooked.yaml"), manifest).unwrap();
    let words = ["run", "hooked.yaml", "--sandbox", "--speed", HURRY, "--hooks"];
    run_to_end(mjbatch(folder.path(), &words));
    let seen = |name: &str| objects(&std::fs::read_to_string(folder.path().join(name)).unwrap()).remove(0);
    let (done, shown) = (seen("done.json"), objects(&blocks_of("docs/hooks.md", "json").concat()).remove(0));
    assert_eq!((keys(&done), keys(&done["task"])), (keys(&shown), keys(&shown["task"])));
    let finish = seen("finish.json");
    let named = code_in_prose("docs/hooks.md").into_iter().chain(code_in_prose("docs/events.md"));
    let named: Vec<_> =
        named.flat_map(|code| code.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect();
    for key in keys(&finish) {
        assert!(named.iter().any(|name| name == key), "the documents do not explain {key}");
    }
}

#[test]
fn a_batch_resumes_as_the_readme_says() {
    let folder = folder();
    let run = |more: &[&str]| {
        let words = [&["run", "spring.yaml", "--sandbox", "--speed", HURRY], more].concat();
        run_to_end(mjbatch(folder.path(), &words));
        let mut results = csv::Reader::from_path(folder.path().join("spring.sandbox.results.csv")).unwrap();
        let at = results.headers().unwrap().iter().position(|name| name == "task_id").unwrap();
        results.records().map(|row| row.unwrap()[at].to_owned()).collect::<Vec<_>>()
    };
    let first = run(&["--limit", "2"]);
    assert_eq!(first.iter().filter(|id| !id.is_empty()).count(), 2);
    let second = run(&[]);
    assert!(second.iter().all(|id| !id.is_empty()));
    assert!(first.iter().zip(&second).all(|(before, after)| before.is_empty() || before == after));
    assert_eq!(run(&[]), second, "the third submits nothing");

    let path = folder.path().join("spring.yaml");
    let changed = std::fs::read_to_string(&path).unwrap().replace("at sunrise", "at sunset");
    std::fs::write(&path, changed).unwrap();
    let third = run(&[]);
    assert_eq!(third[..2], second[..2]);
    assert!(third[2] != second[2] && !third[2].is_empty(), "the changed prompt alone is submitted again");
}
