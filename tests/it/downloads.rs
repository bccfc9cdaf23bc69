//! Images are downloaded to files: complete, under the configured names, inside their folder, whatever the service and its
//! hosts do.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::support::{
    CliCommand, RawReply, RawServer, SandboxService, TestDir, fast_sandbox, files_below, reply, sorted,
    wait_until,
};

const NAMED: &str = "version: 1
output: { images: \"pics/{{ sku }}/{{ id }}-{{ n }}.{{ ext }}\", sidecar: true }
prompts:
  - { id: mug, prompt: a mug, vars: { sku: A-1 } }
  - { id: bowl/blue, prompt: a bowl, vars: { sku: A-1 } }
";

/// A call that asks often, where it asks at all.
fn call(dir: &TestDir, words: &str) -> CliCommand {
    let call = dir.mjbatch(words);
    if words.starts_with("run") {
        call.args("--poll-min 20ms --poll-max 100ms --lost-after 300ms")
    } else {
        call
    }
}

/// Every file in a folder, with `/`, in order.
fn files(folder: &Path) -> Vec<String> {
    let name = |path: &PathBuf| path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
    sorted(files_below(folder).iter().map(name).collect())
}

fn is_png(path: &Path) -> bool {
    std::fs::read(path)
        .is_ok_and(|bytes| bytes.starts_with(b"\x89PNG") && bytes.windows(4).any(|w| w == b"IEND"))
}

#[test]
fn a_run_downloads_its_images_under_the_configured_names() {
    let (dir, service) = (TestDir::empty(), SandboxService::with_faults(""));
    dir.write("m.yaml", NAMED);
    let ran = call(&dir, "run m.yaml").with_service(&service.url()).expect_code(0);
    assert!(ran.stderr.contains("8 images downloaded to `pics`"), "{ran:?}");
    let mut expected = Vec::new();
    for name in ["bowl-blue", "mug"] {
        for n in 1..=4 {
            expected.extend([format!("A-1/{name}-{n}.png"), format!("A-1/{name}-{n}.png.json")]);
        }
    }
    assert_eq!(files(&dir.path("pics")), expected);
    assert!(is_png(&dir.path("pics/A-1/mug-4.png")));
    let beside: serde_json::Value =
        serde_json::from_slice(&dir.read("pics/A-1/bowl-blue-2.png.json")).unwrap();
    assert_eq!((beside["prompt"].as_str(), beside["n"].as_u64()), (Some("a bowl"), Some(2)));
    let bytes = std::fs::read(dir.path("pics/A-1/bowl-blue-2.png")).unwrap();
    assert_eq!(beside["blake3"].as_str().unwrap(), blake3::hash(&bytes).to_hex().as_str());
    assert_eq!(service.ledger().keys_leaked, 0);

    let ran = call(&dir, "download m.yaml").with_service(&service.url()).expect_code(0);
    assert_eq!(ran.stdout, "pics: 8 already there · 0 downloaded\n");
    assert_eq!(service.jobs(), 2);
}

#[test]
fn missing_and_changed_files_are_downloaded_again_and_nothing_is_generated() {
    let (dir, service) = (TestDir::empty(), SandboxService::with_faults(""));
    dir.write("m.csv", "id,prompt\nmug,a mug\n");
    call(&dir, "run m.csv").with_service(&service.url()).expect_code(0);
    let download =
        |more: &str| call(&dir, "download m.csv --download out").args(more).with_service(&service.url());
    let first = download("").expect_code(0);
    assert_eq!(first.stdout, "out: 0 already there · 4 downloaded\n");
    let before = std::fs::read(dir.path("out/mug-2.png")).unwrap();
    std::fs::remove_file(dir.path("out/mug-1.png")).unwrap();
    std::fs::write(dir.path("out/mug-2.png"), "altered").unwrap();
    assert_eq!(
        download("").expect_code(0).stdout,
        "out: 3 already there · 1 downloaded · 1 had gone missing\n"
    );
    assert_eq!(
        download("--verify").expect_code(0).stdout,
        "out: 3 already there · 1 downloaded · 1 had changed\n"
    );
    assert_eq!(std::fs::read(dir.path("out/mug-2.png")).unwrap(), before);
    assert_eq!(download("--verify").expect_code(0).stdout, "out: 4 already there · 0 downloaded\n");
    assert_eq!(service.submits(), 1);
}

#[test]
fn failing_hosts_are_retried() {
    for faults in ["image-500=0.3", "image-half=0.3", "image-redirect"] {
        let (dir, service) = (TestDir::empty(), SandboxService::start(fast_sandbox(faults)));
        dir.write("m.csv", "id,prompt\nmug,a mug\nbowl,a bowl\n");
        call(&dir, "run m.csv --download out").with_service(&service.url()).expect_code(0);
        call(&dir, "download m.csv --download out --verify").with_service(&service.url()).expect_code(0);
        assert_eq!(files(&dir.path("out")).len(), 8, "{faults}");
        assert!(files(&dir.path("out")).iter().all(|name| is_png(&dir.path("out").join(name))));
    }
}

#[test]
fn names_are_checked_before_anything_is_submitted() {
    let (dir, service) = (TestDir::empty(), SandboxService::with_faults(""));
    for (manifest, said) in [
        ("id,prompt\nMug,a mug\nmug,a cup\n", "would be the same file, `mug-1.png`"),
        ("id,prompt\na/b,a mug\na-b,a cup\n", "would be the same file, `a-b-1.png`"),
    ] {
        dir.write("m.csv", manifest);
        let ran = call(&dir, "run m.csv --download out").with_service(&service.url()).expect_code(2);
        assert!(ran.stderr.contains(said) && ran.stderr.contains("nothing was submitted"), "{ran:?}");
    }
    dir.write(
        "m.yaml",
        NAMED.replace("{ id: mug, prompt: a mug, vars: { sku: A-1 } }", "{ id: mug, prompt: a mug }"),
    );
    let ran = call(&dir, "run m.yaml").with_service(&service.url()).expect_code(2);
    assert!(ran.stderr.contains("there is no variable `sku`") && ran.stderr.contains("m.yaml:2:"), "{ran:?}");
    assert_eq!(service.submits(), 0);
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_batch_done() {
    let (dir, service) = (TestDir::empty(), SandboxService::with_faults(""));
    dir.write("m.yaml", NAMED);
    std::fs::create_dir(dir.path("pics")).unwrap();
    dir.write("pics/A-1", "a file where a folder is needed");
    let ran = call(&dir, "run m.yaml").with_service(&service.url()).expect_code(0);
    assert!(ran.stderr.contains("8 failed") && ran.stderr.contains("cannot write"), "{ran:?}");
    let results = String::from_utf8(dir.read("m.results.csv")).unwrap();
    assert_eq!(results.matches(",done,").count(), 2, "{results}");
    std::fs::remove_file(dir.path("pics/A-1")).unwrap();
    call(&dir, "download m.yaml").with_service(&service.url()).expect_code(0);
    assert_eq!(files(&dir.path("pics")).len(), 16);
    assert_eq!(service.submits(), 2);
}

#[test]
fn a_file_of_another_origin_is_kept() {
    let (dir, service) = (TestDir::empty(), SandboxService::with_faults(""));
    dir.write("m.csv", "id,prompt\nmug,a mug\n");
    std::fs::create_dir(dir.path("out")).unwrap();
    dir.write("out/mug-3.png", "a person's own");
    call(&dir, "run m.csv --download out").with_service(&service.url()).expect_code(0);
    let ran = call(&dir, "download m.csv --download out").with_service(&service.url()).expect_code(3);
    assert!(ran.stderr.contains("image 3 of `mug`") && ran.stderr.contains("another file"), "{ran:?}");
    assert_eq!(dir.read("out/mug-3.png"), b"a person's own");
}

#[test]
fn a_killed_download_leaves_no_incomplete_file_and_the_next_one_continues() {
    let (dir, service) = (TestDir::empty(), SandboxService::with_faults(""));
    let ids: String = (0..40).map(|n| format!("t{n},a mug {n}\n")).collect();
    dir.write("m.csv", format!("id,prompt\n{ids}"));
    call(&dir, "run m.csv").with_service(&service.url()).expect_code(0);
    for kills_after in [1, 20, 60] {
        let running = call(&dir, "download m.csv --download out").with_service(&service.url()).start();
        wait_until("some files", || files(&dir.path("out")).len() >= kills_after);
        running.kill();
        let whole = |name: &String| name.ends_with(".part") || is_png(&dir.path("out").join(name));
        assert!(files(&dir.path("out")).iter().all(whole));
    }
    call(&dir, "download m.csv --download out").with_service(&service.url()).expect_code(0);
    let ran =
        call(&dir, "download m.csv --download out --verify").with_service(&service.url()).expect_code(0);
    assert_eq!(ran.stdout, "out: 160 already there · 0 downloaded\n");
    assert_eq!((files(&dir.path("out")).len(), service.submits()), (160, 40));
}

/// A host that answers every request with what is asked for by its path.
fn evil_host() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), own) = (stream, own.clone()) else { continue };
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") {
                    stream.read_exact(&mut byte)?;
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                if !head.starts_with("GET ") {
                    return Ok(()); // a stranger's, who had this port before
                }
                assert!(!head.to_lowercase().contains("api-key") && !head.to_lowercase().contains("cookie"));
                let path = head.split(' ').nth(1).unwrap_or_default();
                // It says that it closes the connection: what goes on to use it meets a reset, and not what is tried here.
                let to =
                    |url: &str| reply("302 Found", &format!("Location: {url}\r\nConnection: close\r\n"), "");
                let bytes = match path {
                    "/html" => reply(
                        "200 OK",
                        "Content-Type: image/png\r\n",
                        "<!DOCTYPE html><script>alert(1)</script>",
                    ),
                    "/svg" => reply("200 OK", "Content-Type: image/png\r\n", "<svg onload='alert(1)'></svg>"),
                    "/empty" => reply("200 OK", "", ""),
                    "/meta" => to("http://169.254.169.254/latest/meta-data"),
                    "/inside" => to("http://10.0.0.1/a.png"),
                    "/file" => to("file:///etc/passwd"),
                    "/loop" => to(&format!("{own}/loop")),
                    "/gone" => reply("410 Gone", "", ""),
                    "/gzip" => {
                        let mut all = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n\x1f\x8b\x08".to_vec();
                        all.extend([0; 37]);
                        all
                    }
                    "/large" => {
                        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n\x89PNG\r\n\x1a\n".to_vec()
                    }
                    "/short" => {
                        let mut all =
                            b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n\x89PNG\r\n\x1a\n".to_vec();
                        all.extend([7; 32]);
                        all
                    }
                    "/endless" => {
                        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n\x89PNG\r\n\x1a\n")?;
                        loop {
                            stream.write_all(&[7; 65536])?;
                        }
                    }
                    _ => reply("404 Not Found", "", ""),
                };
                stream.write_all(&bytes)
            });
        }
    });
    url
}

/// Writes a manifest `m.csv` of tasks of these ids, and results by which each is done, with an image
/// at its URL.
fn write_done_tasks(dir: &TestDir, tasks: impl Iterator<Item = (String, String)>) {
    let mut manifest = "id,prompt\n".to_owned();
    let mut results = "id,task_id,status,mode,prompt,reason,grid,image_1\n".to_owned();
    for (id, url) in tasks {
        manifest.push_str(&format!("{id},a picture of {id}\n"));
        results.push_str(&format!("{id},T-{id},done,fast,a picture of {id},,,{url}\n"));
    }
    dir.write("m.csv", &manifest);
    dir.write("m.results.csv", &results);
}

#[test]
fn a_hostile_host_gets_no_file_written_and_each_image_says_why() {
    let dir = TestDir::empty();
    let host = evil_host();
    let cases = [
        ("/html", "a web page"),
        ("/svg", "an SVG"),
        ("/empty", "nothing at all"),
        ("/meta", "`169.254.169.254` is a private address"),
        ("/inside", "`10.0.0.1` is a private address"),
        ("/file", "`file:` URLs are not downloaded"),
        ("/loop", "redirected more than 5 times"),
        ("/gone", "the link is gone (HTTP 410)"),
        ("/gzip", "compressed data (gzip)"),
        ("/large", "larger than 1 MB"),
        ("/short", "is incomplete"),
        ("/endless", "larger than 1 MB"),
        ("/../../etc/passwd", "the link is gone (HTTP 404)"),
    ];
    // The URLs come from results that are taken over, as a service could have given them.
    let urls = cases.iter().enumerate().map(|(n, (path, _))| (format!("t{n:02}"), format!("{host}{path}")));
    let others = [("away", "http://127.0.0.1:1/x.png"), ("disk", "file:///etc/passwd")];
    write_done_tasks(&dir, urls.chain(others.map(|(id, url)| (id.to_owned(), url.to_owned()))));
    let ran = call(&dir, "run m.csv --take-over --download out --largest 1");
    let ran = ran.with_service(&host).expect_code(0);
    assert!(ran.stderr.contains("15 failed"), "{ran:?}");
    let ran = call(&dir, "download m.csv --download out --largest 1").with_service(&host).expect_code(3);
    for (n, (path, said)) in cases.iter().enumerate() {
        let line = ran.stderr.lines().find(|line| line.contains(&format!("`t{n:02}`"))).unwrap_or_default();
        assert!(line.contains(said), "{path}: {line}");
    }
    assert!(ran.stderr.contains("`127.0.0.1` is a private address"), "{ran:?}");
    assert_eq!(files(&dir.path("out")), [""; 0], "nothing is left");
}

#[test]
fn the_service_is_asked_for_a_fresh_link_where_one_is_gone() {
    let dir = TestDir::empty();
    // A service that closes every connection.
    let wire = RawServer::with_reply(|_| RawReply::Close);
    write_done_tasks(&dir, [("mug".to_owned(), format!("{}/old.png", evil_host()))].into_iter());
    let ran = call(&dir, "run m.csv --take-over --download out --allow-private")
        .with_service(&wire.url())
        .expect_code(0);
    assert!(wire.requests().iter().any(|request| request.contains("/job-status ")), "{ran:?}");
    assert_eq!(wire.submits(), 0);
}
