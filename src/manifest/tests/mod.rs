//! The manifest from the outside: what is read, and every message as a person sees it.

mod cache;
mod csv;
mod files;
mod language;
mod messages;
mod schema;
mod yaml;

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Renderer;
use std::time::Duration;

use crate::task::{Prices, Quota};

/// Reads a manifest beside which there are no other files.
fn alone(name: &str, bytes: &[u8]) -> Result<Manifest, Problems> {
    parse(Path::new(name), bytes)
}

fn manifest(name: &str, text: &str) -> Manifest {
    alone(name, text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn errors(name: &str, text: impl AsRef<[u8]>) -> String {
    match alone(name, text.as_ref()) {
        Ok(manifest) => panic!("it is accepted: {manifest:?}"),
        Err(problems) => Renderer::plain().all(&problems),
    }
}

fn warnings(name: &str, text: &str) -> String {
    Renderer::plain().all(&manifest(name, text).warnings)
}

fn table(manifest: &Manifest) -> String {
    let rows = manifest.tasks().map(|task| {
        let timeout = task.timeout.map_or("-".to_owned(), |seconds| seconds.to_string());
        format!("{} | {} | {} | {timeout} | {};", task.id, task.prompt, task.mode, task.vars.join(", "))
    });
    std::iter::once(format!("columns: {}", manifest.columns.join(", ")))
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), name in prop::sample::select(vec!["a.yaml", "a.csv"])) {
        judge(name, &bytes)?;
    }

    #[test]
    fn no_text_of_the_languages_signs_makes_the_parser_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "version: 1\n", "prompts:\n", "  - ", "prompt: ", "id: ", "vars: ", "{", "}", "[", "]", ",", ": ", "\n", "\r", "\t", "  ",
            "\"", "'", "&a ", "*a", "<<: ", "!!int ", "|\n", ">\n", "#", "é", "\u{feff}", "\0", "---\n", "x", "~", "1e999", ";", "prompt", "id", "mode", "sep=;\n",
            "{{ x }}", "{% if x %}", "{a, b}", "{#", "\\", "matrix: ", "zip: ", "include: ", "exclude: ", "params: ", "ar: ", "data: d.csv\n",
            "repeat: 2\n", "permutations: off\n", "--ar 1:1", "--repeat 3", "action", "redo", "id,task_id,status,mode,prompt\n",
        ]), 0..40),
        name in prop::sample::select(vec!["a.yaml", "a.csv"]),
    ) {
        judge(name, pieces.concat().as_bytes())?;
    }

    #[test]
    fn ids_of_rows_do_not_move_when_rows_are_added_removed_or_reordered(
        prompts in prop::collection::hash_set("[a-m]{1,3} [a-m]{1,3}", 2..12),
        turn in 0usize..12,
        gone in 0usize..12,
    ) {
        let rows: Vec<String> = prompts.into_iter().collect();
        let mut other = rows.clone();
        other.rotate_left(turn % rows.len());
        other.remove(gone % rows.len());
        other.push("z z".to_owned());
        let yaml = |rows: &[String]| format!("version: 1\nprompts:\n{}", rows.iter().map(|row| format!("  - {row}\n")).collect::<String>());
        let csv = |rows: &[String]| format!("prompt\n{}", rows.join("\n"));
        for (name, before, after) in [("a.yaml", yaml(&rows), yaml(&other)), ("a.csv", csv(&rows), csv(&other))] {
            let after = manifest(name, &after);
            for task in manifest(name, &before).tasks() {
                let same = after.tasks().find(|other| other.prompt == task.prompt);
                prop_assert!(same.is_none_or(|same| same.id == task.id));
            }
        }
    }
}

/// Checks that an accepted manifest can be listed, and that a refused one says why.
fn judge(name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut load = |_: &Path| Ok(bytes.to_vec());
    match parse_with(Path::new(name), bytes, ReadOptions::default(), &mut load) {
        Ok(manifest) => {
            let tasks: Vec<Task> = manifest.tasks().collect();
            let ids: std::collections::HashSet<_> = tasks.iter().map(|task| &task.id).collect();
            prop_assert_eq!(ids.len(), tasks.len());
            prop_assert_eq!(tasks.len() as u64, manifest.len());
            prop_assert!(!tasks.is_empty());
            prop_assert!(manifest.tasks().eq(tasks.iter().cloned()), "they are made the same every time");
            for task in &tasks {
                prop_assert!(!task.prompt.is_empty() && !task.prompt.contains(['\n', '\r']));
                prop_assert!(!task.id.0.trim().is_empty());
                prop_assert_eq!(task.vars.len(), manifest.columns.len());
            }
            prop_assert_eq!(manifest.warnings.errors(), 0);
        }
        Err(problems) => {
            prop_assert!(problems.errors() > 0);
            let shown = Renderer::plain().all(&problems);
            prop_assert!(shown.contains("nothing was submitted"));
            prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
    Ok(())
}

#[test]
fn a_priority_is_read_in_both_formats_and_is_no_part_of_what_is_sent() {
    let yaml = "version: 1\nprompts:\n  - { prompt: 'a {red, blue} mug', priority: -7 }\n  - a cup\n";
    let csv = "prompt,Priority\na red mug,-7\na blue mug,-7\na cup,\n";
    for (name, text, entries) in [("a.yaml", yaml, [0, 0, 1]), ("a.csv", csv, [0, 0, 0])] {
        let tasks: Vec<Task> = manifest(name, text).tasks().collect();
        let read: Vec<_> = tasks.iter().map(|task| (task.priority, task.entry)).collect();
        assert_eq!(read, [(-7, entries[0]), (-7, entries[1]), (0, entries[2])], "{name}");
        let calm = manifest(name, &text.replace("-7", "0"));
        assert!(
            calm.tasks()
                .map(|task| (task.prompt, task.mode))
                .eq(tasks.iter().map(|task| (task.prompt.clone(), task.mode)))
        );
    }
    for bad in ["high", "1001", "-1001", "1.5"] {
        assert!(
            errors("a.csv", format!("prompt,priority\na mug,{bad}\n")).contains("-1000 to 1000"),
            "{bad}"
        );
        let yaml = format!("version: 1\nprompts:\n  - {{ prompt: a mug, priority: {bad} }}\n");
        assert!(errors("a.yaml", yaml).contains("-1000 to 1000"), "{bad}");
    }
}
