//! A real browser, driven by WebDriver: headless Chromium through chromedriver, which speaks JSON over HTTP.
//!
//! Where no chromedriver is installed, tests that need one are skipped and say so; with `MJBATCH_BROWSER=required`
//! they fail instead, so that a check of everything never passes without them. `MJBATCH_CHROMEDRIVER` names another program.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{block_on, wait_until};

/// The key of an element id in WebDriver's JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// WebDriver's codes of keys that have no character.
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const RIGHT: &str = "\u{e014}";

/// A browser with a temporary profile. Both are removed when it is dropped.
pub(crate) struct Browser {
    driver: Child,
    client: reqwest::Client,
    session: String,
    profile: TempDir,
}

impl Browser {
    /// Starts a browser; `None` where there is no chromedriver and none is required.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub(crate) fn start() -> Option<Browser> {
        let Some(program) = chromedriver() else {
            let required = std::env::var_os("MJBATCH_BROWSER").is_some_and(|how| how == "required");
            assert!(!required, "a browser is required, and there is no chromedriver");
            eprintln!("skipped: there is no chromedriver on this machine");
            return None;
        };
        let mut driver = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = output.filter_map(|line| {
            line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = { port }.next().expect("chromedriver says its port");
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut browser =
            Browser { driver, client, session: format!("http://127.0.0.1:{port}/session"), profile };
        let folder = |name: &str| browser.profile.path().join(name).display().to_string();
        let flags =
            "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run
            --disable-background-networking --disable-component-update --disable-sync --window-size=1280,900";
        let mut flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
        flags.push(format!("--user-data-dir={}", folder("profile")));
        std::fs::create_dir(browser.downloads()).unwrap();
        let options = json!({"args": flags, "prefs": {"download.default_directory": folder("downloads")}});
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "unhandledPromptBehavior": "ignore",
        }}});
        let made = browser.command("", Some(wanted));
        browser.session.push_str(&format!("/{}", made["sessionId"].as_str().unwrap()));
        Some(browser)
    }

    /// The folder that the browser saves files to.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.profile.path().join("downloads")
    }

    /// Opens a file, and waits until its script is ready.
    pub(crate) fn open(&self, file: &Path) {
        self.post("/url", json!({"url": reqwest::Url::from_file_path(file).unwrap().to_string()}));
        self.holds("document.documentElement.dataset.ready === 'yes'");
    }

    /// Waits until this expression holds in the page.
    #[track_caller]
    pub(crate) fn holds(&self, expression: &str) {
        wait_until(expression, || self.get(expression) == json!(true));
    }

    /// The value of an expression in the page.
    pub(crate) fn get(&self, expression: &str) -> Value {
        self.post("/execute/sync", json!({"script": format!("return ({expression});"), "args": []}))
    }

    /// Clicks the first element that matches; it must be visible.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.post(&format!("/element/{element}/click"), json!({}));
    }

    /// Types into the first element that matches.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.post(&format!("/element/{element}/value"), json!({"text": text}));
    }

    /// Presses keys, one after the other, in the element that has the focus.
    pub(crate) fn press(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|stroke| json!({"type": stroke, "value": key.to_string()}))
        });
        let strokes: Vec<Value> = strokes.collect();
        self.post("/actions", json!({"actions": [{"type": "key", "id": "keys", "actions": strokes}]}));
    }

    /// The messages of the page's console since the last call: errors, and violations of the content policy.
    pub(crate) fn console(&self) -> Vec<String> {
        let lines = self.post("/se/log", json!({"type": "browser"}));
        lines.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("/element", json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("there is no {selector}: {found}")).to_owned()
    }

    fn post(&self, path: &str, body: Value) -> Value {
        self.command(path, Some(body))
    }

    /// Sends a WebDriver command and returns its value. A command that fails ends the test.
    fn command(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.session);
        let request = match &body {
            Some(body) => self.client.post(&url).json(body),
            None => self.client.delete(&url),
        };
        let mut reply: Value = block_on(async { request.send().await?.json().await }).unwrap();
        let value = reply["value"].take();
        assert!(value["error"].is_null(), "{path} {body:?}: {}: {}", value["error"], value["message"]);
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.command("", None);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn chromedriver() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("MJBATCH_CHROMEDRIVER") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let name = format!("chromedriver{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|program| program.is_file())
}
