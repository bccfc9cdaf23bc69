//! The door: whatever README.md and the pages of docs/ tell a person to type is typed here, and what they show is what is
//! seen.
//!
//! Each shell block runs in a folder of its own that holds the manifests of the repository and of the README. Three things
//! differ from what a newcomer does: rehearsals are hurried, a sandbox stands in for the real service too, and ports are
//! free ones. A line that this file cannot run makes it fail, so that nothing unproven gets into a document.
#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]
#![expect(clippy::disallowed_methods, reason = "a thread waits for a program that may not end")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use mjbatch::manifest;
use tempfile::TempDir;

const HURRY: &str = "600";
/// Nothing that is run here takes more than seconds, but for an example that has to be built.
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

/// What people read: the README and the pages of `docs/`, by their paths.
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

/// A document without its blocks, and of it what is set as code.
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

/// What came of it; a command that does not end is named rather than waited for.
fn ended(mut command: Command) -> Output {
    let told = format!("{command:?}");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = receiver.recv_timeout(LONGEST);
    output.unwrap_or_else(|_| panic!("this does not end: {told}")).unwrap()
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

/// A line of a shell block: what is run, and the exit code it should end with.
fn parsed(line: &str) -> (Vec<&str>, i32) {
    let (line, comment) = line.split_once(" # ").unwrap_or((line, ""));
    let code = comment.trim().strip_prefix("exit code ").map_or(0, |code| code.parse().unwrap());
    (line.split_whitespace().collect(), code)
}

/// What a newcomer types, with the differences that the head of this file owns up to.
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
fn every_command_of_the_documents_does_what_it_says() {
    let at_home = tempfile::tempdir().unwrap();
    let service =
        Serving::start(mjbatch(at_home.path(), &["sandbox", "--listen", "127.0.0.1:0", "--speed", HURRY]));
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
                    let output = ended(command);
                    assert_eq!(output.status.code(), Some(code), "{line}\n{}", text(&output.stderr));
                }
                // The next test runs them.
                ["cargo", "run", "--example", name] => {
                    assert!(EXAMPLES.iter().any(|(known, _)| *known == name))
                }
                ["cargo", "test"] => {}
                ["cargo", "install", "--locked", "--path", "."] => {
                    assert!(repository().join("Cargo.lock").exists());
                }
                _ if line.starts_with("# ") => {}
                _ => panic!("nobody proves this line: {line}"),
            }
        }
    }
}

/// The examples, and a line that each prints when all went well.
const EXAMPLES: [(&str, &str); 2] = [
    ("run_batch", "BudgetReached: 2 of 3 tasks done, which is what 8 quota pay for"),
    ("receive_webhook", "called: it is done"),
];

/// The example as `cargo test` has built it; where only this file was built, it is built now.
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
        let output = ended(example(name));
        let said = text(&output.stdout);
        assert!(output.status.success() && said.lines().any(|said| said == line), "{name}: {output:?}");
    }
}

#[test]
fn the_command_in_the_crontab_runs() {
    let folder = folder();
    for line in blocks("crontab") {
        let command = line.split_once("/mjbatch ").map(|(_, words)| words.split_whitespace()).unwrap();
        let words: Vec<_> = command.chain(["--sandbox", "--speed", HURRY]).collect();
        let output = ended(mjbatch(folder.path(), &words));
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {}", text(&output.stderr));
    }
}

#[test]
fn every_manifest_of_the_documents_is_read_without_a_warning() {
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

/// What is the same whenever it is run, also where another sandbox has the port already.
fn timeless(line: &str) -> String {
    let line = line.split(" in ").next().unwrap();
    line.split("127.0.0.1:").next().unwrap().to_owned()
}

/// A cell of the README's table, which may be cropped, against the whole one.
fn shows(cropped: &str, whole: &str) -> bool {
    match cropped.split_once('…') {
        Some((start, end)) => whole.starts_with(start) && whole.ends_with(end),
        None => cropped == whole,
    }
}

fn quickstart(folder: &Path) -> Output {
    ended(mjbatch(folder, &["run", "manifests/quickstart.yaml", "--sandbox", "--speed", HURRY]))
}

#[test]
fn the_readme_shows_what_the_quickstart_says() {
    let folder = folder();
    let said: Vec<_> = text(&quickstart(folder.path()).stderr).lines().map(timeless).collect();
    let shown: Vec<_> = blocks("text")[1].lines().map(timeless).collect();
    assert_eq!(said, shown);
    assert_eq!(timeless(blocks("text")[0].lines().next().unwrap()), said[0]);
}

#[test]
fn the_readme_shows_rows_of_the_quickstarts_results() {
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
            assert!(shows(&cell, &whole), "{name}: {cell} is not {whole}");
        }
    }
    let code = [code_in_prose("README.md"), code_in_prose("docs/columns.md")].concat();
    for column in &columns {
        let told = |name: &str| names.iter().chain(&code).any(|told| told == name);
        assert!(told(column) || ["image_2", "image_3"].contains(&column), "nobody explains {column}");
    }
}

#[test]
fn the_exit_codes_of_the_page_are_those_of_the_help() {
    let help = text(&ended(mjbatch(repository(), &["run", "--help"])).stdout);
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
fn the_documents_name_only_options_and_files_that_are_there() {
    let help = |words: &[&str]| text(&ended(mjbatch(repository(), words)).stdout);
    let all = help(&["--help"]);
    let (_, listed) = all.split_once("Commands:\n").unwrap();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let commands: Vec<&str> = listed
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() > 5, "{commands:?}");
    let helps: String = commands.iter().map(|command| help(&[command, "--help"])).collect();
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
fn who_has_the_program_alone_finds_the_pages() {
    let said = |words: &[&str]| text(&ended(mjbatch(repository(), words)).stdout);
    for path in documents().iter().filter(|path| !path.contains("README") && !path.contains("architecture")) {
        let name = Path::new(path).file_stem().unwrap().to_str().unwrap();
        assert_eq!(said(&["help", name]).trim_end(), document(path).trim_end());
        assert!(said(&["--help"]).contains(&format!("\n  {name} ")), "--help is silent about {name}");
    }
    assert_eq!(said(&["help", "run"]), said(&["run", "--help"]));
    assert_eq!(said(&["help"]), said(&["--help"]));
    let unknown = ended(mjbatch(repository(), &["help", "nothing"]));
    assert_eq!((unknown.status.code(), text(&unknown.stdout)), (Some(2), String::new()));
    assert!(text(&unknown.stderr).contains("manifest, hooks, events"), "{}", text(&unknown.stderr));
}

fn objects(lines: &str) -> Vec<serde_json::Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// The names of an object's members, in order.
fn keys(object: &serde_json::Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_events_of_the_page_are_those_of_a_run() {
    let folder = folder();
    let words =
        ["run", "spring.yaml", "--sandbox", "--speed", HURRY, "--progress", "json", "--fault", "slots=7"];
    let output = ended(mjbatch(folder.path(), &words));
    let seen = objects(&text(&output.stdout));
    let shown = objects(&blocks_of("docs/events.md", "json").concat());
    assert_eq!(shown.len(), 5);
    for event in &shown {
        let same = |other: &&serde_json::Value| other["event"] == event["event"];
        // A notice comes when there is something to say.
        if let Some(seen) = seen.iter().find(same) {
            assert_eq!(keys(event), keys(seen));
        } else {
            assert_eq!(event["event"], "notice");
        }
    }
}

#[test]
fn the_line_of_results_on_the_page_is_that_of_a_run() {
    let folder = folder();
    let words = ["run", "shop.csv", "--sandbox", "--speed", HURRY, "--results", "all.jsonl"];
    ended(mjbatch(folder.path(), &words));
    let seen = objects(&std::fs::read_to_string(folder.path().join("all.jsonl")).unwrap());
    let shown = objects(&blocks_of("docs/columns.md", "json").concat());
    assert_eq!(keys(&shown[0]), keys(&seen[0]));
}

#[cfg(unix)]
#[test]
fn the_message_on_the_page_is_that_of_a_hook() {
    let folder = folder();
    let manifest = "version: 1\nbatch:\n  on_done: [tee, done.json]\n  on_finish: [tee, finish.json]\n\
                    prompts: [a mug on linen]\n";
    std::fs::write(folder.path().join("hooked.yaml"), manifest).unwrap();
    let words = ["run", "hooked.yaml", "--sandbox", "--speed", HURRY, "--hooks"];
    ended(mjbatch(folder.path(), &words));
    let seen = |name: &str| objects(&std::fs::read_to_string(folder.path().join(name)).unwrap()).remove(0);
    let (done, shown) = (seen("done.json"), objects(&blocks_of("docs/hooks.md", "json").concat()).remove(0));
    assert_eq!((keys(&done), keys(&done["task"])), (keys(&shown), keys(&shown["task"])));
    let finish = seen("finish.json");
    let named = code_in_prose("docs/hooks.md").into_iter().chain(code_in_prose("docs/events.md"));
    let named: Vec<_> =
        named.flat_map(|code| code.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect();
    for key in keys(&finish) {
        assert!(named.iter().any(|name| name == key), "nobody explains {key}");
    }
}

#[test]
fn a_batch_goes_on_as_the_readme_says() {
    let folder = folder();
    let run = |more: &[&str]| {
        let words = [&["run", "spring.yaml", "--sandbox", "--speed", HURRY], more].concat();
        ended(mjbatch(folder.path(), &words));
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
