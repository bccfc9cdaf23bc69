//! A service that means harm, from the submit to the last file: nothing is written outside the folder, nothing reaches the
//! terminal raw, nothing a spreadsheet or a page would run, and the key goes nowhere else.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use mjbatch::text::is_unsafe_on_screen;
use serde_json::{Value, json};

use crate::support::{
    CliCommand, CommandOutput, HookReceiver, KEY, ReceivedRequest, TestDir, file_names, files_below, reply,
};

/// What a terminal obeys: it clears the screen, retitles the window, turns the text round.
const EVIL: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}<script>alert(1)</script>\r\n=cmd|'/c calc'!A1";

/// The smallest valid PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\x0bIDATx\x9cc`\0\x02\0\0\x05\0\x01z^\xab?\0\0\0\0IEND\xaeB`\x82";

/// The reply to the submit of prompt `n`, and the item of its job status.
fn hostile_result(n: usize, base: &str) -> (Value, Value) {
    let done = |images: Value| json!({"status": 1, "image": "", "images": images});
    match n {
        0 => (
            json!("../../../../tmp/owned"),
            done(json!([
                format!("{base}/..%2f..%2f..%2fowned.png"),
                format!("{base}/../../../owned.png?n=/../../x"),
                "file:///etc/passwd",
                "http://169.254.169.254/latest/meta-data/a.png",
            ])),
        ),
        1 => (json!(EVIL), json!({"status": 2, "failReason": EVIL})),
        2 => (
            json!("<img src=x onerror=alert(1)>"),
            done(json!([format!("{base}/{EVIL}.png"), "javascript:alert(1)", EVIL, "=HYPERLINK(\"x\")"])),
        ),
        3 => (json!("CON"), done(json!([1, null, {"url": {}}, {"url": format!("{base}/ok.png")}, [["x"]]]))),
        4 => (json!(7), json!({"status": "2", "failReason": [EVIL], "images": 7, "image": {}})),
        5 => (json!("T".repeat(100_000)), json!({"status": 2, "failReason": "x".repeat(1 << 20)})),
        6 => (json!({"id": "x"}), Value::Null),
        _ => (json!("redirects"), done(json!([format!("{base}/inside"), format!("{base}/disk")]))),
    }
}

const PROMPTS: usize = 8;

fn answer(post: &ReceivedRequest) -> Vec<u8> {
    let base = format!("http://{}", post.header("host").unwrap());
    let path = post.head.split(' ').nth(1).unwrap();
    let all = (0..PROMPTS).map(|n| hostile_result(n, &base));
    let data = if path.ends_with("/submit-jobs") {
        let prompt = post.json()["prompt"].as_str().unwrap().to_owned();
        let n: usize = prompt.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
        json!({"taskId": hostile_result(n, &base).0})
    } else if path.ends_with("/job-status") {
        let asked: Vec<Value> = post.json()["taskIds"].as_array().unwrap().clone();
        let known = all.filter(|(id, _)| asked.contains(id) || asked.contains(&id.to_string().into()));
        known
            .map(|(id, mut item)| {
                item["taskId"] = id;
                item
            })
            .collect()
    } else {
        assert!(!post.head.contains(KEY), "the key goes to the service's own calls alone: {path}");
        return match path {
            "/inside" => reply("302 Found", "Location: http://10.0.0.1/a.png\r\n", ""),
            "/disk" => reply("302 Found", "Location: file:///etc/passwd\r\n", ""),
            _ => [&reply_head(PNG.len())[..], PNG].concat(),
        };
    };
    let envelope = json!({"status": 0, "data": data, "message": EVIL});
    reply("200 OK", "Content-Type: text/html\r\n", &envelope.to_string())
}

fn reply_head(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=../../owned\r\nContent-Length: {length}\r\n\r\n")
        .into_bytes()
}

/// A folder with a manifest in a folder of its own, whose ids mean no good either.
fn test_dir() -> TestDir {
    let dir = TestDir::empty();
    std::fs::create_dir(dir.path("in")).unwrap();
    let ids = ["../up", "..\\\\up", "/etc/abs", "C:evil", "<b>x</b>", "NUL", "\u{202e}gnp", "a/../../b"];
    let prompts: String = ids
        .iter()
        .enumerate()
        .map(|(n, id)| format!("  - {{ id: \"{id}\", prompt: \"<i>mug</i> \u{202e}p{n}\", vars: {{ sku: \"../../{n}\", note: '=1+1' }} }}\n"))
        .collect();
    let output = "output: { images: \"pics/{{ sku }}/{{ id }}-{{ n }}.{{ ext }}\", sidecar: true, formula_guard: true }";
    dir.write("in/m.yaml", format!("version: 1\nname: \"<b>\u{202e}\"\n{output}\nprompts:\n{prompts}"));
    dir
}

fn call(dir: &TestDir, words: &str, url: &str) -> CliCommand {
    let call = dir.mjbatch(words);
    let call = if words.starts_with("run") {
        call.args(
            "--poll-min 20ms --poll-max 60ms --lost-after 300ms --retries 0 --patience 500ms --breaker 0",
        )
    } else {
        call
    };
    call.with_service(url)
}

#[track_caller]
fn assert_harmless(words: &str, ran: &CommandOutput) {
    assert!(ran.code.is_some_and(|code| code <= 11), "{words}: {ran:?}");
    for said in [&ran.stdout, &ran.stderr] {
        let raw = said.chars().find(|c| is_unsafe_on_screen(*c) && !['\n', '\r'].contains(c));
        assert_eq!(raw, None, "{words}: {said:?}");
        assert!(!said.replace("\r\n", "\n").contains('\r'), "{words}: {said:?}");
    }
}

#[test]
fn no_text_of_a_service_writes_outside_the_folder_or_reaches_the_terminal_raw() {
    let receiver = HookReceiver::with_reply(|_, post| answer(post));
    for progress in ["plain", "json", "none"] {
        let dir = test_dir();
        let results = "--results in/r.csv --results in/r.tsv --results in/r.jsonl --results in/r.xlsx";
        let words = format!("run in/m.yaml {results} --progress {progress}");
        let ran = call(&dir, &words, &receiver.url()).output();
        assert_harmless(&words, &ran);
        let words = ["check", "check --json", "plan --all", "plan --json", "status", "status --json"];
        let more = ["status --attempts", "status --attempts --json", "resolve", "resolve --json"];
        for word in words.iter().chain(&more) {
            let (command, flags) = word.split_once(' ').unwrap_or((word, ""));
            let words = format!("{command} in/m.yaml {flags}");
            assert_harmless(&words, &call(&dir, &words, &receiver.url()).output());
        }
        for words in [
            "results in/m.yaml --results in/s.csv --columns shopify",
            "results in/m.yaml --results in/i.csv --rows image --columns results",
            "download in/m.yaml --verify",
        ] {
            assert_harmless(words, &call(&dir, words, &receiver.url()).output());
        }

        assert_eq!(file_names(dir.folder()), ["in"], "nothing beside the folder");
        let expected =
            ["i.csv", "m.mjbatch", "m.yaml", "pics", "r.csv", "r.jsonl", "r.tsv", "r.xlsx", "s.csv"];
        assert_eq!(file_names(&dir.path("in")), expected, "nothing but what was asked for");
        let images = files_below(&dir.path("in/pics"));
        assert!(images.len() >= 4, "{images:?}");
        for image in &images {
            assert!(!image.is_symlink(), "{}", image.display());
            let name = image.to_string_lossy();
            assert!(name.ends_with(".png") || name.ends_with(".png.json"), "{name}");
            assert!(!name.chars().any(is_unsafe_on_screen), "{name:?}");
        }
        assert!(!Path::new("/tmp/owned").exists() && !dir.path("../owned.png").exists());
        assert_no_formulas(&dir);
    }
}

/// What the files of results hold is text to whoever opens them.
fn assert_no_formulas(dir: &TestDir) {
    use calamine::{Reader as _, Xlsx};
    let mut book: Xlsx<_> = calamine::open_workbook(dir.path("in/r.xlsx")).unwrap();
    assert_eq!(book.worksheet_formula("results").map_or(0, |sheet| sheet.used_cells().count()), 0);
    assert_eq!(book.worksheet_range("results").unwrap().rows().count(), PROMPTS + 1);
    let mut reader = csv::Reader::from_path(dir.path("in/r.csv")).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), PROMPTS);
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a spreadsheet runs {cell:?}");
    }
    let lines = String::from_utf8(dir.read("in/r.jsonl")).unwrap();
    let objects: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), PROMPTS);
}

#[test]
fn endless_replies_are_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            std::thread::spawn(move || -> std::io::Result<()> {
                let _ = stream.read(&mut [0; 4096])?;
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"status\":0,\"message\":\"")?;
                loop {
                    stream.write_all(&[b'x'; 65536])?;
                }
            });
        }
    });
    let dir = TestDir::with_tasks(2);
    let ran = dir.run(&url).args("--patience 500ms").expect_code(6);
    assert_harmless("run", &ran);
    assert!(ran.stderr.len() < 5000, "{ran:?}");
}

#[test]
fn urls_of_a_service_to_private_hosts_are_not_requested() {
    let elsewhere = HookReceiver::accepting();
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let to = format!("Location: {}/midjourney/v1/submit-jobs\r\n", elsewhere.url());
        let service = HookReceiver::with_reply(move |_, _| reply(status, &to, ""));
        let ran = TestDir::with_tasks(2).run(&service.url()).args("--patience 300ms").output();
        assert_harmless(status, &ran);
        assert_ne!(ran.code, Some(0), "{status}: {ran:?}");
    }
    assert_eq!(elsewhere.requests().len(), 0, "nothing went there, and no key");
}
