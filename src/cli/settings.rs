//! What is meant: what was typed, the environment, the manifest and the defaults, in this order, made into one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::args::{Place, Rehearsal, RunArgs};
use super::failure::Failure;
use super::rules;
use crate::api::{DEFAULT_BASE_URL, Endpoint};
use crate::diagnostic::Diagnostic;
use crate::engine::Policy;
use crate::manifest::{BatchSettings, OnUnknown};
use crate::sandbox::{self, Faults};
use crate::store::{BatchStore, is_same_file};
use crate::task::Prices;

/// The names of the vendor's own samples.
pub(super) const KEY: &str = "MIDJOURNEY_API_KEY";
const BASE_URL: &str = "MIDJOURNEY_API_BASE_URL";
const WEBHOOK_URL: &str = "MIDJOURNEY_WEBHOOK_URL";

/// A rehearsal is this much faster than the real thing, unless told.
pub(super) const REHEARSAL_SPEED: f64 = 60.0;
/// Where a rehearsal's sandbox listens if it can, so that the pictures' addresses in its results work again whenever a
/// sandbox runs there.
const REHEARSAL_PORT: u16 = 8797;

/// How often what failed at the service is sent again, unless told. A generation that failed has given nothing and mostly
/// succeeds the next time, and a batch is run for a picture of each task; two more tries bound the cost of one that never will.
pub(super) const RETRIES: u32 = 2;

/// Which service a run talks to.
#[derive(Debug)]
pub(super) enum Service {
    /// The stand-in inside the program.
    Sandbox(Box<sandbox::Settings>),
    /// A service at an address, with a key.
    At(Endpoint, SecretString),
}

/// Where callbacks are received.
#[derive(Debug)]
pub(super) struct Callbacks {
    pub(super) listen: SocketAddr,
    /// The public address; the one that was bound where there is none.
    pub(super) url: Option<String>,
}

/// The names of a batch's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) store: BatchStore,
    pub(super) results: Vec<PathBuf>,
}

impl Files {
    /// Beside the manifest, unless told; those of a rehearsal never those of the real thing.
    pub(super) fn of(manifest: &Path, place: &Place, results: Vec<PathBuf>) -> Files {
        let named = |ending: &str| named(manifest, place, ending);
        Files {
            store: BatchStore::at(place.state.clone().unwrap_or_else(|| named("mjbatch").into())),
            results: if results.is_empty() { vec![named("results.csv")] } else { results },
        }
    }
}

/// The name of a file of the batch beside its manifest: `spring.mjbatch`, or `spring.sandbox.mjbatch` of a rehearsal.
pub(super) fn named(manifest: &Path, place: &Place, ending: &str) -> PathBuf {
    let rehearsal = if place.sandbox { ".sandbox" } else { "" };
    let name = manifest.file_name().unwrap_or_default().to_string_lossy();
    // Results that are fed back belong to the state that they were made from.
    let stem = match fed_back(&name) {
        Some(stem) => stem.strip_suffix(rehearsal).unwrap_or(stem).to_owned(),
        None => manifest.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    };
    manifest.with_file_name(format!("{stem}{rehearsal}.{ending}"))
}

/// Of which batch these results are, or these choices out of a report, by the name of their file. A browser numbers the files
/// that it saves under one name: `spring.picks (1).csv`, `spring.picks(1).csv`, `spring.picks-1.csv`.
fn fed_back(name: &str) -> Option<&str> {
    if let Some(stem) = name.strip_suffix(".results.csv") {
        return Some(stem);
    }
    let (stem, number) = name.strip_suffix(".csv")?.rsplit_once(".picks")?;
    let digits = number.trim_start_matches([' ', '(', '-']).trim_end_matches(')');
    (number.is_empty() || number != digits && digits.bytes().all(|b| b.is_ascii_digit())).then_some(stem)
}

/// Results that are fed back as a manifest belong to the state that they were made from.
pub(super) fn is_results(file: &str) -> bool {
    fed_back(file).is_some()
}

impl Files {
    /// Refuses names under which one file would be written over another.
    pub(super) fn check(&self, manifest: &Path, place: &Place) -> Result<(), Failure> {
        let clash = |what: &str, path: &Path| {
            let error = format!("the {what} would be written over {}", path.display());
            Err(Failure::usage(
                Diagnostic::error(error).help("choose another file with `--results` or `--state`"),
            ))
        };
        let name = manifest.file_name().unwrap_or_default().to_string_lossy();
        let batch = fed_back(&name);
        let location = self.store.location();
        if batch.is_some_and(|stem| stem.ends_with(".sandbox")) && !place.sandbox {
            return Err(Failure::rehearsed(manifest, None));
        }
        for (n, path) in self.results.iter().enumerate() {
            if location.is_file(path) {
                return clash("results", path);
            }
            if self.results[..n].iter().any(|other| is_same_file(path, other)) {
                return clash("results", path);
            }
            if is_same_file(path, manifest) && batch.is_none() {
                return clash("results", manifest);
            }
        }
        if location.is_file(manifest) {
            return clash("state", manifest);
        }
        Ok(())
    }
}

/// Where the results go: what was typed, else what the manifest says; nothing where neither says anything.
pub(super) fn results_of(
    typed: &[PathBuf],
    manifest: &Path,
    place: &Place,
    batch: &BatchSettings,
) -> Vec<PathBuf> {
    if !typed.is_empty() {
        return typed.to_owned();
    }
    let named = |path: &String| {
        let path = manifest.with_file_name(path);
        if place.sandbox { of_rehearsal(&path) } else { path }
    };
    batch.results.iter().map(named).collect()
}

/// The name of a rehearsal's file: `out/spring.xlsx` becomes `out/spring.sandbox.xlsx`.
fn of_rehearsal(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = if name.ends_with(".results.csv") {
        Some("results.csv")
    } else {
        path.extension().and_then(|e| e.to_str())
    };
    match ending.and_then(|ending| Some((name.strip_suffix(ending)?, ending))) {
        Some((stem, ending)) => path.with_file_name(format!("{stem}sandbox.{ending}")),
        None => path.to_owned(),
    }
}

/// The service that is meant.
pub(super) fn service(args: &RunArgs) -> Result<Service, Failure> {
    if args.place.sandbox {
        return Ok(Service::Sandbox(Box::new(sandbox_settings(&args.rehearsal)?)));
    }
    let endpoint = endpoint(args.base_url.as_ref())?;
    let key = environment(KEY).ok_or_else(|| {
        Failure::usage(
            Diagnostic::error(format!("no API key: the environment variable {KEY} is not set"))
                .note("the key is on your account's page at midjourney-api.com")
                .help(format!("`export {KEY}=…`, or rehearse without one: add `--sandbox`")),
        )
    })?;
    Ok(Service::At(endpoint, key.into()))
}

/// Where the service is.
pub(super) fn endpoint(typed: Option<&String>) -> Result<Endpoint, Failure> {
    let text =
        typed.cloned().or_else(|| environment(BASE_URL)).unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
    Endpoint::parse(&text).map_err(|e| Failure::usage(Diagnostic::error(e.to_string())))
}

/// The key, where there is one.
pub(super) fn key() -> Option<SecretString> {
    environment(KEY).map(SecretString::from)
}

/// The stand-in that a rehearsal's pictures come from.
pub(super) fn rehearsed() -> sandbox::Settings {
    sandbox::Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], REHEARSAL_PORT)),
        speed: REHEARSAL_SPEED,
        ..sandbox::Settings::default()
    }
}

/// The faults that are meant.
pub(super) fn faults(texts: &[String]) -> Result<Faults, Failure> {
    let mut faults = Faults::none();
    for text in texts {
        faults.set(text).map_err(|e| {
            let listed = "`mjbatch sandbox --list-faults` lists them";
            Failure::usage(Diagnostic::error(e.to_string()).help(listed))
        })?;
    }
    Ok(faults)
}

/// Where callbacks are received, if at all.
pub(super) fn callbacks(args: &RunArgs) -> Result<Option<Callbacks>, Failure> {
    let Some(listen) = args.webhook_listen else { return Ok(None) };
    let url = args.webhook_url.clone().or_else(|| environment(WEBHOOK_URL));
    if let Some(url) = &url {
        Endpoint::parse(url).map_err(|e| Failure::usage(Diagnostic::error(e.to_string())))?;
    }
    Ok(Some(Callbacks { listen, url }))
}

/// How the engine is to behave.
pub(super) fn policy(
    args: &RunArgs,
    batch: &BatchSettings,
    service: &Service,
    due: Option<&rules::Due>,
) -> Result<Policy, Failure> {
    let default = Policy::default();
    let speed = match service {
        Service::Sandbox(settings) => settings.speed.max(1.0),
        Service::At(..) => 1.0,
    };
    let scaled = |time: Duration| time.div_f64(speed);
    let poll_min = args.poll_min.or(batch.poll_min).unwrap_or_else(|| scaled(default.poll_min));
    let poll_max = args.poll_max.or(batch.poll_max).unwrap_or_else(|| scaled(default.poll_max).max(poll_min));
    if poll_min > poll_max {
        return Err(Failure::usage(
            Diagnostic::error("the shortest time between status requests is longer than the longest")
                .note(format!("--poll-min is {poll_min:?}, --poll-max is {poll_max:?}")),
        ));
    }
    Ok(Policy {
        concurrency: args.concurrency.or(batch.concurrency).map_or(default.concurrency, usize::from),
        poll_min,
        poll_max,
        expect_fast: scaled(default.expect_fast),
        expect_relaxed: scaled(default.expect_relaxed),
        callbacks: args.webhook_listen.is_some(),
        limit: args.limit,
        retries: args.rules.retries.or(batch.retries).map_or(RETRIES, u32::from),
        retry_after: args.rules.retry_after.unwrap_or_else(|| scaled(default.retry_after)),
        resend_unknown: args.rules.on_unknown.or(batch.on_unknown) == Some(OnUnknown::Resend),
        budget: rules::budget(args.rules.budget, batch).map(|cap| cap.quota),
        prices: prices(args, batch),
        // A rehearsal plays the night at its own speed.
        deadline: due.map(|due| scaled(due.left)),
        max_duration: args.rules.max_duration,
        drain: args.rules.drain,
        no_wait: args.rules.no_wait,
        breaker: args.rules.breaker,
        lost_after: args.lost_after,
        patience: args.patience.unwrap_or(default.patience),
        first_patience: args
            .patience
            .map_or(default.first_patience, |patience| patience.min(default.first_patience)),
        seed: std::process::id().into(),
        ..default
    })
}

/// What a job costs.
pub(super) fn prices(args: &RunArgs, batch: &BatchSettings) -> Prices {
    merged(args.prices, batch.prices)
}

/// What was typed goes before what the manifest says.
pub(super) fn merged(typed: Option<Prices>, configured: Prices) -> Prices {
    let typed = typed.unwrap_or_default();
    Prices { fast: typed.fast.or(configured.fast), relaxed: typed.relaxed.or(configured.relaxed) }
}

/// This command again, to be pasted.
pub(super) fn same_command() -> String {
    command(typed())
}

/// This command without what chose some of its tasks.
pub(super) fn command_for_all() -> String {
    command(without_choice(typed()).into_iter())
}

/// What was typed after the program's name.
fn typed() -> impl Iterator<Item = String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned())
}

fn without_choice(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--only" => drop(arguments.next()),
            "--pilot" => {}
            _ if argument.starts_with("--only=") => {}
            _ => kept.push(argument),
        }
    }
    kept
}

/// The command that looks at a manifest alone, to be pasted.
pub(super) fn command_to_check(manifest: &Path) -> String {
    command(["check".to_owned(), manifest.to_string_lossy().into_owned()].into_iter())
}

/// A command for a batch, with more words after it, to be pasted.
pub(super) fn command_for(name: &str, manifest: &Path, place: &Place, more: &[&str]) -> String {
    let mut words = vec![name.to_owned(), manifest.to_string_lossy().into_owned()];
    if let Some(state) = &place.state {
        words.extend(["--state".to_owned(), state.to_string()]);
    }
    words.extend(place.sandbox.then(|| "--sandbox".to_owned()));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    command(words.into_iter())
}

fn command(words: impl Iterator<Item = String>) -> String {
    let words = words.map(|word| quoted(&word));
    std::iter::once("mjbatch".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

pub(super) fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn sandbox_settings(rehearsal: &Rehearsal) -> Result<sandbox::Settings, Failure> {
    let default = sandbox::Settings::default();
    Ok(sandbox::Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], REHEARSAL_PORT)),
        speed: rehearsal.speed.unwrap_or(REHEARSAL_SPEED),
        seed: rehearsal.seed.unwrap_or(default.seed),
        faults: faults(&rehearsal.faults)?,
        ..default
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(manifest: &str, sandbox: bool) -> (String, String) {
        let files = Files::of(Path::new(manifest), &Place { state: None, sandbox }, Vec::new());
        (files.store.location().to_string(), files.results[0].display().to_string())
    }

    #[test]
    fn files_stand_beside_the_manifest_and_a_rehearsals_are_its_own() {
        let expected = ("shop/spring.mjbatch".to_owned(), "shop/spring.results.csv".to_owned());
        assert_eq!(files("shop/spring.yaml", false), expected);
        let expected = ("spring.sandbox.mjbatch".to_owned(), "spring.sandbox.results.csv".to_owned());
        assert_eq!(files("spring.csv", true), expected);
        assert_eq!(files("v1.2.yaml", false).0, "v1.2.mjbatch");
        assert_eq!(files("shop/spring.results.csv", false), files("shop/spring.yaml", false));
        assert_eq!(files("spring.sandbox.results.csv", true), files("spring.yaml", true));
        for picks in
            ["spring.picks.csv", "spring.picks (1).csv", "spring.picks(12).csv", "spring.picks-1.csv"]
        {
            assert_eq!(files(picks, false), files("spring.yaml", false), "{picks}");
        }
        assert_eq!(files("spring.sandbox.picks (2).csv", true), files("spring.yaml", true));
        assert_eq!(files("spring.picksx.csv", false).0, "spring.picksx.mjbatch");
        assert_eq!(files("spring.picks2.csv", false).0, "spring.picks2.mjbatch");
    }

    #[test]
    fn no_file_is_written_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let place = Place { state: None, sandbox: false };
        std::fs::write(at("spring.csv"), "prompt\na mug\n").unwrap();
        let check = |state: &str, results: &str, manifest: &str| {
            Files { store: BatchStore::at(at(state)), results: results.split(' ').map(at).collect() }
                .check(&at(manifest), &place)
                .is_ok()
        };
        assert!(check("spring.mjbatch", "spring.results.csv", "spring.csv"));
        assert!(check("spring.mjbatch", "spring.results.csv", "spring.results.csv"), "results fed back");
        assert!(!check("spring.mjbatch", "spring.csv", "spring.csv"));
        assert!(!check("spring.csv", "spring.results.csv", "spring.csv"));
        assert!(!check("spring.mjbatch", "spring.mjbatch", "spring.csv"));
        assert!(check("spring.mjbatch", "a.csv a.xlsx b.csv", "spring.csv"));
        assert!(!check("spring.mjbatch", "a.csv a.xlsx a.csv", "spring.csv"));
        assert!(!check("spring.mjbatch", "a.csv spring.mjbatch", "spring.csv"));
    }

    #[test]
    fn a_rehearsals_files_have_names_of_their_own() {
        let place = |sandbox| Place { state: None, sandbox };
        let batch = BatchSettings {
            results: vec!["out/a.results.csv".to_owned(), "b.xlsx".to_owned()],
            ..BatchSettings::default()
        };
        let named = |typed: &[PathBuf], sandbox| {
            let paths = results_of(typed, Path::new("shop/spring.yaml"), &place(sandbox), &batch);
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(named(&[], false), ["shop/out/a.results.csv", "shop/b.xlsx"]);
        assert_eq!(named(&[], true), ["shop/out/a.sandbox.results.csv", "shop/b.sandbox.xlsx"]);
        assert_eq!(named(&["c.jsonl".into()], true), ["c.jsonl"]);
    }

    #[test]
    fn the_command_for_the_rest_chooses_nothing() {
        let words = "run a.csv --only id=a* --limit 2 --only=sku=1 --pilot --sandbox";
        let kept = without_choice(words.split(' ').map(str::to_owned));
        assert_eq!(kept.join(" "), "run a.csv --limit 2 --sandbox");
    }

    #[test]
    fn an_argument_is_quoted_where_a_shell_would_split_it() {
        assert_eq!(quoted("spring.yaml"), "spring.yaml");
        assert_eq!(quoted("my spring.yaml"), "'my spring.yaml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
