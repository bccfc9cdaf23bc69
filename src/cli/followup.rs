//! What is meant about the follow-up: what the manifest says and the environment holds, checked before anything is spent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{FollowUpArgs, Place};
use super::failure::Failure;
use super::settings::KEY;
use crate::diagnostic::{Diagnostic, quoted};
use crate::manifest::{BatchSettings, FollowTarget, FollowUp, PostTo};
use crate::output::followup::{Command, Limits, Post, Teller, Way};
use crate::runner;
use crate::store::{BatchStore, Told};
use crate::text::sanitize_line;

/// How long a command may take, unless told: it may have to upload pictures.
const COMMAND_TIME: Duration = Duration::from_secs(60);
/// How many commands run at once, unless told: not every script bears company.
const COMMANDS: usize = 1;
/// How many posts are on their way at once, unless told.
const POSTS: usize = 4;

/// What is to be told of the batch, and whom.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// Of which tasks; kept in the state even where nobody is told in this run.
    pub(super) told: Option<Told>,
    on_done: Option<(Teller, usize)>,
    on_finish: Option<Teller>,
    /// Why nobody is told though somebody should be.
    pub(super) untold: Option<String>,
}

/// Reads what the manifest says. Nobody is told where a person does not want it, nor in a rehearsal unless a person does.
pub(super) fn following(
    manifest: &Path,
    place: &Place,
    args: &FollowUpArgs,
    batch: &BatchSettings,
) -> Result<Following, Failure> {
    let mut following = Following {
        told: batch.on_done.as_ref().map(|done| if done.failed { Told::Ended } else { Told::Done }),
        ..Following::default()
    };
    let named: Vec<_> = named(batch).map(|(name, _)| format!("`{name}`")).collect();
    if named.is_empty() {
        if args.hooks || args.deliver_all {
            let error = "there is nobody to be told: the manifest has no `on_done` and no `on_finish`";
            return Err(Failure::usage(Diagnostic::error(error).help("write them under `batch:`")));
        }
        return Ok(following);
    }
    let named = named.join(" and ");
    if args.no_hooks || (place.sandbox && !args.hooks) {
        following.untold = (!args.no_hooks)
            .then(|| format!("{named}: nobody is told in a rehearsal; with `--hooks` somebody is"));
        return Ok(following);
    }
    let teller = |follow: &FollowUp| teller(follow, manifest, batch);
    if let Some(done) = &batch.on_done {
        let usual = if matches!(done.target, FollowTarget::Command(_)) { COMMANDS } else { POSTS };
        following.on_done = Some((teller(done)?, done.at_once.map_or(usual, usize::from)));
    }
    following.on_finish = batch.on_finish.as_ref().map(teller).transpose()?;
    Ok(following)
}

impl Following {
    /// Whom a run tells.
    pub(super) fn into_run(self, store: &BatchStore, rehearsal: bool) -> Option<runner::FollowUp> {
        let Following { on_done, on_finish, .. } = self;
        (on_done.is_some() || on_finish.is_some()).then(|| runner::FollowUp {
            on_done,
            on_finish,
            store: store.clone(),
            rehearsal,
        })
    }
}

fn named(batch: &BatchSettings) -> impl Iterator<Item = (&'static str, &FollowUp)> {
    let both = [("on_done", &batch.on_done), ("on_finish", &batch.on_finish)];
    both.into_iter().filter_map(|(name, follow)| Some((name, follow.as_ref()?)))
}

/// Who will be told, a line each: `on_done runs ./publish.sh --now`.
pub(super) fn in_words(batch: &BatchSettings) -> Vec<String> {
    let line = |(name, follow): (&str, &FollowUp)| match &follow.target {
        FollowTarget::Command(words) => {
            let words: Vec<_> = words.iter().map(|word| super::settings::quoted(word)).collect();
            format!("{name} runs: {}", sanitize_line(&words.join(" "), 500))
        }
        FollowTarget::Post { to: PostTo::Url(url), .. } => {
            format!("{name} posts to: {}", sanitize_line(url, 500))
        }
        FollowTarget::Post { to: PostTo::Env(variable), .. } => {
            format!("{name} posts to: the address in {variable}")
        }
    };
    named(batch).map(line).collect()
}

fn teller(follow: &FollowUp, manifest: &Path, batch: &BatchSettings) -> Result<Teller, Failure> {
    let wrong = |found: Diagnostic| Failure::usage(found.at(follow.place.clone(), "asked for here"));
    let limits = Limits::default();
    let (way, time) = match &follow.target {
        FollowTarget::Command(words) => {
            let (program, arguments) = words.split_first().map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
            let folder = manifest.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = std::path::absolute(folder.unwrap_or(Path::new(".")));
            let folder = folder.map_err(|e| wrong(Diagnostic::error(e.to_string())))?;
            let command = Command {
                program: find(program, &folder).map_err(wrong)?,
                arguments: arguments.to_owned(),
                folder,
                without: secrets(batch),
            };
            (Way::Command(command), COMMAND_TIME)
        }
        FollowTarget::Post { to, secret_env } => {
            let secret = secret_env.as_ref().map(|name| variable(name)).transpose().map_err(wrong)?;
            let url = match to {
                PostTo::Url(url) => url.clone(),
                PostTo::Env(name) => variable(name).map_err(wrong)?,
            };
            let post = Post::to(&url, secret.as_ref().map(String::as_bytes));
            let post = post.map_err(|why| {
                wrong(Diagnostic::error(format!("the address that is to be posted to cannot be used: {why}")))
            })?;
            (Way::Post(Box::new(post)), limits.time)
        }
    };
    Ok(Teller { way, limits: Limits { time: follow.timeout.unwrap_or(time), ..limits } })
}

/// What no command gets to see: the key of the service, and what others' posts are signed with.
fn secrets(batch: &BatchSettings) -> Vec<String> {
    let mut names = vec![KEY.to_owned()];
    for (_, follow) in named(batch) {
        if let FollowTarget::Post { to, secret_env } = &follow.target {
            names.extend(secret_env.clone());
            if let PostTo::Env(name) = to {
                names.push(name.clone());
            }
        }
    }
    names
}

fn variable(name: &str) -> Result<String, Diagnostic> {
    super::settings::environment(name).ok_or_else(|| {
        let error = format!("the environment variable {} is not set", quoted(name));
        Diagnostic::error(error).help(format!("`export {name}=…`, or run with `--no-hooks`"))
    })
}

/// The program that is meant: a path from the manifest's folder, or a name that the system finds.
fn find(program: &str, folder: &Path) -> Result<PathBuf, Diagnostic> {
    let missing =
        |error: String| Err(Diagnostic::error(error).help("put it there, or run with `--no-hooks`"));
    if Path::new(program).components().count() > 1 || program.starts_with('.') {
        let path = folder.join(program);
        return match is_program(&path) {
            true => Ok(path),
            false if path.is_file() => {
                let error = format!("the command {} is not executable", quoted(program));
                Err(Diagnostic::error(error).help(format!("`chmod +x {}`", super::settings::quoted(program))))
            }
            false => missing(format!("there is no command {} beside the manifest", quoted(program))),
        };
    }
    // Elsewhere the system looks in more places than these.
    let found =
        |path: std::ffi::OsString| std::env::split_paths(&path).any(|at| is_program(&at.join(program)));
    if cfg!(unix) && !std::env::var_os("PATH").is_some_and(found) {
        return missing(format!("there is no command {} in the PATH", quoted(program)));
    }
    Ok(program.into())
}

fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        path.is_file() || path.with_extension("exe").is_file()
    }
}
