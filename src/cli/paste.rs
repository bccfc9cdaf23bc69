//! Commands to paste: the line that continues or resolves something, quoted for a shell.

use std::path::Path;

use super::args::BatchArgs;

/// The command that was typed.
pub(super) fn same_command() -> String {
    command(typed())
}

/// The command that was typed, without the flags that selected some of the tasks.
pub(super) fn command_for_all() -> String {
    command(without_selection(typed()).into_iter())
}

/// The command that checks a manifest.
pub(super) fn command_to_check(manifest: &Path) -> String {
    command(["check".to_owned(), manifest.to_string_lossy().into_owned()].into_iter())
}

/// A command for a batch, followed by further words.
pub(super) fn command_for(name: &str, manifest: &Path, batch: &BatchArgs, more: &[&str]) -> String {
    let mut words = vec![name.to_owned(), manifest.to_string_lossy().into_owned()];
    if let Some(state) = &batch.state {
        words.extend(["--state".to_owned(), state.to_string()]);
    }
    words.extend(batch.sandbox.then(|| "--sandbox".to_owned()));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    command(words.into_iter())
}

/// A command for another file of the batch that was named, with the state and the sandbox that were
/// typed: without them it would be about another batch.
pub(super) fn command_of_same_batch(name: &str, file: &str) -> String {
    command([name.to_owned(), file.to_owned()].into_iter().chain(batch_flags(typed())))
}

/// `--state` and `--sandbox`, where they were typed.
fn batch_flags(mut arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut flags = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--state" => flags.extend([argument].into_iter().chain(arguments.next())),
            "--sandbox" => flags.push(argument),
            _ if argument.starts_with("--state=") => flags.push(argument),
            _ => {}
        }
    }
    flags
}

/// Quotes an argument for a shell, if that is needed.
pub(super) fn shell_quoted(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

/// The arguments that were typed after the program's name.
fn typed() -> impl Iterator<Item = String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned())
}

fn without_selection(mut arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = Vec::new();
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

fn command(words: impl Iterator<Item = String>) -> String {
    let words = words.map(|word| shell_quoted(&word));
    std::iter::once("mjbatch".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_for_the_rest_selects_nothing() {
        let words = "run a.csv --only id=a* --limit 2 --only=sku=1 --pilot --sandbox";
        let kept = without_selection(words.split(' ').map(str::to_owned));
        assert_eq!(kept.join(" "), "run a.csv --limit 2 --sandbox");
    }

    #[test]
    fn a_command_of_the_same_batch_has_its_state_and_its_sandbox() {
        let flags = |line: &str| batch_flags(line.split(' ').map(str::to_owned)).join(" ");
        assert_eq!(
            flags("plan a.results.csv --sandbox --limit 2 --state b.mjbatch"),
            "--sandbox --state b.mjbatch"
        );
        assert_eq!(flags("plan a.results.csv --state=b.mjbatch --only id=a"), "--state=b.mjbatch");
        assert_eq!(flags("plan a.results.csv"), "");
    }

    #[test]
    fn an_argument_is_quoted_where_a_shell_would_split_it() {
        assert_eq!(shell_quoted("spring.yaml"), "spring.yaml");
        assert_eq!(shell_quoted("my spring.yaml"), "'my spring.yaml'");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
        assert_eq!(shell_quoted(""), "''");
    }
}
