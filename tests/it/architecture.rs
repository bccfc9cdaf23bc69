//! The layers of the house: a module knows those below it, never those above or beside it.

use std::path::{Path, PathBuf};

/// From the top down. Those in one row do not know each other.
const LAYERS: [&[&str]; 9] = [
    &["cli"],
    &["batch"],
    &["runner"],
    &["hooks", "download", "output", "api", "store", "progress"],
    &["engine"],
    &["plan"],
    &["manifest"],
    &["prompt"],
    &["task", "diagnostic", "text", "duration", "deadline", "failpoint", "figures", "docs"],
];

/// The foundation, whose modules are too small to be kept apart.
const FOUNDATION: usize = LAYERS.len() - 1;

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Whether a module may know another.
fn may_know(module: &str, other: &str) -> bool {
    match (module, other) {
        (a, b) if a == b => true,
        // The sandbox is a server like any other: it borrows the word for a mode, and the program alone starts it.
        ("sandbox", b) => b == "task",
        (a, "sandbox") => a == "cli",
        (a, b) => match (layer(a), layer(b)) {
            (Some(a), Some(b)) => a < b || (a == FOUNDATION && b == FOUNDATION),
            _ => false,
        },
    }
}

#[test]
fn every_module_knows_those_below_it_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let modules = modules_of(&root);
    let mut wrong: Vec<String> = modules
        .iter()
        .filter(|module| *module != "sandbox" && layer(module).is_none())
        .map(|module| format!("`{module}` has no place in the layers"))
        .collect();
    let mut found = 0;
    for file in &files {
        let inside = file.strip_prefix(&root).unwrap();
        let parts: Vec<String> =
            inside.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if parts == ["lib"] || parts == ["main"] {
            continue;
        }
        let depth = parts.len() - usize::from(parts.last().is_some_and(|last| last == "mod"));
        for other in known(&std::fs::read_to_string(file).unwrap(), depth, &modules) {
            found += 1;
            if !may_know(&parts[0], &other) {
                wrong.push(format!("{} knows `{other}`", inside.display()));
            }
        }
    }
    assert!(found > 50, "only {found} imports were found: they are written in another way");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// The names of the modules right under the root.
fn modules_of(root: &Path) -> Vec<String> {
    let lib = std::fs::read_to_string(root.join("lib.rs")).unwrap();
    let names = lib.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    names.map(|name| name.trim_end_matches(';').to_owned()).collect()
}

/// The modules right under the root that a file names by a path: `crate::task::TaskId`, `use crate::{plan, task::TaskId}`, or up
/// and over by `super`.
fn known(source: &str, depth: usize, modules: &[String]) -> Vec<String> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .flat_map(|line| line.chars().chain(['\n']))
        .collect();
    let to_root = "super::".repeat(depth);
    let mut names = Vec::new();
    for (at, start) in [("crate::", 7), (to_root.as_str(), to_root.len())]
        .iter()
        .flat_map(|(path, length)| code.match_indices(path).map(move |(at, _)| (at, at + length)))
    {
        let whole = code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        if whole {
            names.extend(heads(&code[start..]).into_iter().filter(|name| modules.contains(name)));
        }
    }
    names
}

/// The first words of a path or of a list of paths in braces.
fn heads(path: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(list) = path.strip_prefix('{') else { return vec![word(path)] };
    let mut heads = Vec::new();
    let (mut level, mut start) = (0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => level += 1,
            '}' | ',' if level == 0 => {
                heads.push(word(list[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => level -= 1,
            _ => {}
        }
    }
    heads
}

#[test]
fn an_import_is_found_however_it_is_written() {
    let modules = ["task", "plan", "api", "cli"].map(str::to_owned);
    for (code, depth, expected) in [
        ("use crate::task::TaskId;", 1, &["task"][..]),
        ("use crate::{api::{self, Client}, plan, task};", 1, &["api", "plan", "task"]),
        ("use crate::{\n    api,\n    plan,\n};", 1, &["api", "plan"]),
        ("fn f(x: crate::cli::Exit) {} // crate::plan", 1, &["cli"]),
        ("use super::super::cli::Exit;", 2, &["cli"]),
        ("use super::cli; use mycrate::task; use std::task;", 2, &[]),
    ] {
        assert_eq!(known(code, depth, &modules), expected, "{code}");
    }
}

#[test]
fn the_layers_let_nobody_look_up_or_sideways() {
    for (module, other) in
        [("cli", "sandbox"), ("runner", "api"), ("store", "plan"), ("task", "text"), ("sandbox", "task")]
    {
        assert!(may_know(module, other), "{module} {other}");
    }
    for (module, other) in [
        ("runner", "cli"),
        ("store", "api"),
        ("engine", "store"),
        ("task", "engine"),
        ("runner", "sandbox"),
        ("sandbox", "text"),
        ("manifest", "nowhere"),
    ] {
        assert!(!may_know(module, other), "{module} {other}");
    }
}
