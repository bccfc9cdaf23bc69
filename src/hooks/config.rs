//! Resolves the hooks of a manifest before anything is spent: programs, environment variables and
//! secrets.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::HookCommand;
use super::notifier::{DeliveryLimits, Notifier, Transport};
use super::post::HookPost;
use crate::manifest::{BatchSettings, HookAction, HookSpec, PostUrl};

/// The default time limit of a command, which may have to upload images.
const COMMAND_TIME: Duration = Duration::from_secs(60);
/// The default number of commands that run at once: not every script can run in parallel.
const COMMANDS: usize = 1;
/// The default number of posts in flight at once.
const POSTS: usize = 4;

/// The hooks of a run, ready to be used.
#[derive(Debug, Clone, Default)]
pub struct HookConfig {
    /// The receiver of each task that ended, and how many deliveries to it are in flight at once.
    pub on_done: Option<(Notifier, usize)>,
    /// The receiver of the end of a run.
    pub on_finish: Option<Notifier>,
}

/// The reason why a hook cannot be used.
#[derive(Debug)]
pub enum HookError {
    /// The manifest's folder cannot be found.
    Folder(io::Error),
    /// The command, as written, is a file that cannot be executed.
    NotExecutable(String),
    /// The command, as written, is not in the manifest's folder.
    NoSuchFile(String),
    /// The command, as written, is not in the PATH.
    NotInPath(String),
    /// The environment variable of this name is not set.
    VariableNotSet(String),
    /// The URL cannot be used; the reason does not repeat it.
    UnusableUrl(String),
}

impl HookConfig {
    /// Resolves the hooks of a manifest at this path. `key_variable` is the name of the environment
    /// variable with the API key, which no command gets to see.
    ///
    /// # Errors
    /// The first hook that cannot be used, and why.
    pub fn resolve<'b>(
        batch: &'b BatchSettings,
        manifest: &Path,
        key_variable: &str,
    ) -> Result<HookConfig, (&'b HookSpec, HookError)> {
        let hidden = hidden_variables(batch, key_variable);
        let notifier = |hook: &'b HookSpec| notifier(hook, manifest, &hidden).map_err(|e| (hook, e));
        let on_done = batch.on_done.as_ref().map(|hook| {
            let default = if matches!(hook.target, HookAction::Command(_)) { COMMANDS } else { POSTS };
            Ok((notifier(hook)?, hook.at_once.map_or(default, usize::from)))
        });
        let on_finish = batch.on_finish.as_ref().map(notifier);
        Ok(HookConfig { on_done: on_done.transpose()?, on_finish: on_finish.transpose()? })
    }

    /// Whether there is no hook.
    pub fn is_empty(&self) -> bool {
        self.on_done.is_none() && self.on_finish.is_none()
    }
}

fn notifier(hook: &HookSpec, manifest: &Path, hidden: &[String]) -> Result<Notifier, HookError> {
    let limits = DeliveryLimits::default();
    let (transport, time) = match &hook.target {
        HookAction::Command(words) => {
            let (program, arguments) = words.split_first().map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
            let folder = manifest.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = std::path::absolute(folder.unwrap_or(Path::new(".")));
            let folder = folder.map_err(HookError::Folder)?;
            let command = HookCommand {
                program: find(program, &folder)?,
                arguments: arguments.to_owned(),
                folder,
                hidden_variables: hidden.to_vec(),
            };
            (Transport::Command(command), COMMAND_TIME)
        }
        HookAction::Post { to, secret_env } => {
            let secret = secret_env.as_ref().map(|name| variable(name)).transpose()?;
            let url = match to {
                PostUrl::Url(url) => url.clone(),
                PostUrl::Env(name) => variable(name)?,
            };
            let post = HookPost::to(&url, secret.as_ref().map(String::as_bytes));
            (Transport::Post(Box::new(post.map_err(HookError::UnusableUrl)?)), limits.time)
        }
    };
    Ok(Notifier { transport, limits: DeliveryLimits { time: hook.timeout.unwrap_or(time), ..limits } })
}

/// The environment variables that no command gets to see: the API key, signing secrets, and URLs of
/// other hooks.
fn hidden_variables(batch: &BatchSettings, key_variable: &str) -> Vec<String> {
    let mut names = vec![key_variable.to_owned()];
    for hook in [&batch.on_done, &batch.on_finish].into_iter().flatten() {
        if let HookAction::Post { to, secret_env } = &hook.target {
            names.extend(secret_env.clone());
            if let PostUrl::Env(name) = to {
                names.push(name.clone());
            }
        }
    }
    names
}

fn variable(name: &str) -> Result<String, HookError> {
    let value = std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| HookError::VariableNotSet(name.to_owned()))
}

/// Finds the program of a command: a path relative to the manifest's folder, or a name in the PATH.
fn find(program: &str, folder: &Path) -> Result<PathBuf, HookError> {
    if Path::new(program).components().count() > 1 || program.starts_with('.') {
        let path = folder.join(program);
        return match is_program(&path) {
            true => Ok(path),
            false if path.is_file() => Err(HookError::NotExecutable(program.to_owned())),
            false => Err(HookError::NoSuchFile(program.to_owned())),
        };
    }
    // Other systems look in more places than the PATH.
    let found =
        |path: std::ffi::OsString| std::env::split_paths(&path).any(|at| is_program(&at.join(program)));
    if cfg!(unix) && !std::env::var_os("PATH").is_some_and(found) {
        return Err(HookError::NotInPath(program.to_owned()));
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
