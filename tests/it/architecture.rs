//! The rules of the house that a compiler does not know: which module may know which, no circles
//! between the files of a folder, no clock and no files in the pure rooms, one name for one type,
//! comments that a reader's screen holds.
//!
//! Each rule is a function from the sources to complaints, tried on small sources of its own below.
//! The lists of exceptions only ever get shorter: one that is no longer needed is a complaint too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the top down. Those in one row do not know each other.
const LAYERS: [&[&str]; 9] = [
    &["cli", "fuzz"],
    &["batch"],
    &["runner"],
    &["hooks", "download", "output", "api", "store", "progress"],
    &["engine"],
    &["plan"],
    &["manifest"],
    &["prompt"],
    &["task", "diagnostic", "text", "duration", "deadline", "failpoint", "seeded_fault", "breakdown", "docs"],
];

/// The foundation, whose modules are too small to be kept apart.
const FOUNDATION: usize = LAYERS.len() - 1;

/// The rooms without files, network, clock and async.
const PURE: [&str; 6] = ["engine", "plan", "manifest", "prompt", "task", "diagnostic"];

/// What the pure rooms do not use, by the start of its path.
const IMPURE: [&[&str]; 6] = [
    &["std", "fs"],
    &["std", "net"],
    &["std", "thread"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
    &["tokio"],
];

/// The files of pure rooms that may use it: the one that reads a manifest and its data.
const READS_FILES: &[&str] = &["manifest/read.rs"];

/// The most columns of a line that is a comment.
const COMMENT_WIDTH: usize = 100;

/// A file of the tree: where it stands among the modules, and what it says.
struct SourceFile {
    /// From `src/`, as in `engine/slots.rs`.
    path: String,
    /// The modules from the root down to this one, as in `["engine", "slots"]`.
    module: Vec<String>,
    text: String,
    /// Without comments, the insides of strings, and what is compiled for tests alone.
    code: String,
}

impl SourceFile {
    fn of(path: &str, text: &str) -> SourceFile {
        let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
            module.pop();
        }
        SourceFile {
            path: path.to_owned(),
            module,
            text: text.to_owned(),
            code: without_tests(&without_comments(text)),
        }
    }
}

/// The files of the library, but for those that are compiled for tests alone.
fn tree() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    let files = without_test_files(files);
    assert!(files.len() > 100, "only {} files were found", files.len());
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let inside = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            if inside != "main.rs" {
                files.push(SourceFile::of(&inside, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
}

/// Leaves out the files of modules that are declared for tests alone.
fn without_test_files(files: Vec<SourceFile>) -> Vec<SourceFile> {
    let mut of_tests = Vec::new();
    for file in &files {
        let text = without_comments(&file.text);
        for (at, attribute) in text.match_indices("#[cfg(").map(|(at, _)| (at, attribute_at(&text[at..]))) {
            let mut declared = text[at + attribute.len()..].trim_start();
            while declared.starts_with("#[") {
                declared = declared[attribute_at(declared).len()..].trim_start();
            }
            let declared = declared.trim_start_matches("pub").trim_start();
            let declared = match declared.strip_prefix('(') {
                Some(rest) => rest.split_once(')').map_or("", |(_, rest)| rest.trim_start()),
                None => declared,
            };
            if is_for_tests(attribute)
                && let Some(rest) = declared.strip_prefix("mod ")
                && let Some((name, _)) = rest.split_once(';').filter(|(name, _)| !name.contains('{'))
            {
                of_tests.push([file.module.as_slice(), &[name.trim().to_owned()]].concat());
            }
        }
    }
    files.into_iter().filter(|file| !of_tests.iter().any(|module| file.module.starts_with(module))).collect()
}

/// The attribute that stands at the start of this text, brackets and all.
fn attribute_at(text: &str) -> &str {
    text.find(']').map_or(text, |end| &text[..=end])
}

fn is_for_tests(attribute: &str) -> bool {
    attribute == "#[cfg(test)]" || attribute.starts_with("#[cfg(all(test")
}

/// The code with every comment and the inside of every string and character made blanks, so that
/// places stay.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = comment_or_literal(rest, code.chars().next_back()).unwrap_or(0);
        if length == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|c| if c == '\n' { c } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// How long the comment, string or character at the start of this text is, if there is one.
fn comment_or_literal(text: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    let raw = text.strip_prefix('b').unwrap_or(text).strip_prefix('r').filter(|_| !in_word);
    if let Some(rest) = raw {
        let signs = rest.len() - rest.trim_start_matches('#').len();
        if rest[signs..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(signs));
            let start = text.len() - rest.len() + signs + 1;
            return Some(text[start..].find(&end).map_or(text.len(), |at| start + at + end.len()));
        }
    }
    if let Some(rest) = text.strip_prefix('"') {
        let mut escaped = false;
        let end = rest.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        return Some(end.map_or(text.len(), |(at, _)| at + 2));
    }
    if let Some(rest) = text.strip_prefix('\'') {
        // A character, and not a lifetime.
        let mut chars = rest.char_indices();
        let (_, first) = chars.next()?;
        if first == '\\' {
            let (second, _) = chars.next()?;
            return rest[second + 1..].find('\'').map(|at| 1 + second + 1 + at + 1);
        }
        return chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| 1 + at + 1);
    }
    None
}

/// The code without the items that are compiled for tests alone. Comments and literals are gone
/// already.
fn without_tests(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(") {
        let attribute = attribute_at(&rest[at..]);
        let after = at + attribute.len();
        if is_for_tests(attribute) {
            kept.push_str(&rest[..at]);
            rest = &rest[after + item_length(&rest[after..])..];
        } else {
            kept.push_str(&rest[..after]);
            rest = &rest[after..];
        }
    }
    kept + rest
}

/// How long the item at the start of this code is: to its `;` or the end of its braces.
fn item_length(code: &str) -> usize {
    let (mut braces, mut others) = (0, 0);
    for (at, c) in code.char_indices() {
        match c {
            '{' => braces += 1,
            '(' | '[' => others += 1,
            ')' | ']' => others -= 1,
            '}' => {
                braces -= 1;
                if braces == 0 {
                    let rest = &code[at + 1..];
                    return if rest.starts_with(';') { at + 2 } else { at + 1 };
                }
            }
            ';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Every path that the code names, lists in braces written out: `use a::{b, c::d};` has `a::b` and
/// `a::c::d`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        let before = rest[..start].chars().next_back();
        rest = &rest[start..];
        let length = read_path(rest, &[], &mut found);
        // What follows a `.` is a field or a method.
        if before == Some('.') {
            found.pop();
        }
        rest = &rest[length..];
    }
    found.retain(|path| path.len() > 1);
    found
}

/// Reads a path that may end in a list, adds what it names, and gives its length.
fn read_path(code: &str, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    let mut at = 0;
    loop {
        let word: String = code[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        at += word.len();
        path.push(word);
        if !code[at..].starts_with("::") {
            break;
        }
        at += 2;
        if let Some(list) = code[at..].strip_prefix('{') {
            return at + 1 + read_list(list, &path, found);
        }
        if !code[at..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            break; // `::*`, `::<T>`
        }
    }
    found.push(path);
    at
}

/// Reads the list behind an opening brace, and gives its length with the closing one.
fn read_list(code: &str, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut at = 0;
    while let Some(c) = code[at..].chars().next() {
        if c.is_alphabetic() || c == '_' {
            at += read_path(&code[at..], before, found);
            if let Some(rest) = code[at..].strip_prefix(" as ") {
                at += 4 + rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count();
            }
        } else {
            at += c.len_utf8();
            if c == '}' {
                break;
            }
        }
    }
    at
}

/// The paths that a file names, from the root of the crate: `super` and `self` are followed.
fn own_paths(file: &SourceFile) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for path in paths(&file.code) {
        let ups = path.iter().take_while(|word| *word == "super").count();
        let from_root = match path[0].as_str() {
            "crate" => path[1..].to_vec(),
            "super" if ups <= file.module.len() => {
                [&file.module[..file.module.len() - ups], &path[ups..]].concat()
            }
            "self" => [&file.module[..], &path[1..]].concat(),
            // A module of its own, as in `use slots::Slots` within `engine`.
            _ => [&file.module[..], &path[..]].concat(),
        };
        found.push(from_root);
    }
    found
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Whether a module may know another.
fn may_know(module: &str, other: &str) -> bool {
    match (module, other) {
        (a, b) if a == b => true,
        // The sandbox is a server like any other: it borrows the word for a mode, and the program
        // alone starts it.
        ("sandbox", b) => b == "task",
        (a, "sandbox") => a == "cli",
        (a, b) => match (layer(a), layer(b)) {
            (Some(a), Some(b)) => a < b || (a == FOUNDATION && b == FOUNDATION),
            _ => false,
        },
    }
}

/// Imports that go up or sideways.
fn upward_imports(files: &[SourceFile]) -> Vec<String> {
    let modules: BTreeSet<&str> =
        files.iter().filter_map(|file| Some(file.module.first()?.as_str())).collect();
    let homeless = modules.iter().filter(|module| **module != "sandbox" && layer(module).is_none());
    let mut wrong: Vec<String> =
        homeless.map(|module| format!("`{module}` has no place in the layers")).collect();
    for file in files.iter().filter(|file| !file.module.is_empty()) {
        let named: BTreeSet<String> =
            own_paths(file).into_iter().filter_map(|path| path.into_iter().next()).collect();
        for other in named.iter().filter(|other| modules.contains(other.as_str())) {
            if !may_know(&file.module[0], other) {
                wrong.push(format!("{} knows `{other}`", file.path));
            }
        }
    }
    wrong
}

/// The folders whose modules know each other in a circle, each with the modules of its circles.
fn circles(files: &[SourceFile]) -> BTreeMap<String, BTreeSet<String>> {
    let mut children: BTreeMap<&[String], BTreeSet<&str>> = BTreeMap::new();
    for file in files {
        for depth in 0..file.module.len() {
            children.entry(&file.module[..depth]).or_default().insert(&file.module[depth]);
        }
    }
    let passed_on = passed_on(files);
    let mut found = BTreeMap::new();
    for (folder, children) in &children {
        let mut knows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for file in
            files.iter().filter(|file| file.module.len() > folder.len() && file.module.starts_with(folder))
        {
            let own = file.module[folder.len()].as_str();
            for path in
                own_paths(file).iter().filter(|path| path.len() > folder.len() && path.starts_with(folder))
            {
                let next = path[folder.len()].as_str();
                let from = passed_on.get(&(folder.to_vec(), next.to_owned())).map(String::as_str);
                if let Some(other) = children.get(next).copied().or(from).filter(|other| *other != own) {
                    knows.entry(own).or_default().insert(other);
                }
            }
        }
        let in_circle: BTreeSet<String> = knows
            .keys()
            .filter(|module| reaches(&knows, module, module))
            .map(|module| (*module).to_owned())
            .collect();
        if !in_circle.is_empty() {
            found.insert(folder.join("/"), in_circle);
        }
    }
    found
}

/// The names that a folder's own file passes on from one of its modules: `pub use slots::Slots`.
fn passed_on(files: &[SourceFile]) -> BTreeMap<(Vec<String>, String), String> {
    let mut names = BTreeMap::new();
    for file in files {
        for (at, _) in file.code.match_indices("use ") {
            let mut paths = Vec::new();
            read_path(&file.code[at + 4..], &[], &mut paths);
            for path in paths {
                let path = match path[0].as_str() {
                    "self" => &path[1..],
                    _ => &path[..],
                };
                let (Some(child), Some(name)) = (path.first(), path.last()) else { continue };
                let is_child = files.iter().any(|other| {
                    other.module == [file.module.as_slice(), std::slice::from_ref(child)].concat()
                });
                if is_child && path.len() > 1 {
                    names.insert((file.module.clone(), name.clone()), child.clone());
                }
            }
        }
    }
    names
}

fn reaches(knows: &BTreeMap<&str, BTreeSet<&str>>, from: &str, to: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for other in knows.get(module).into_iter().flatten() {
            if *other == to {
                return true;
            }
            if seen.insert(*other) {
                next.push(other);
            }
        }
    }
    false
}

/// Files, network, clocks and async in the pure rooms.
fn impurities(files: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        if !file.module.first().is_some_and(|room| PURE.contains(&room.as_str())) {
            continue;
        }
        if READS_FILES.contains(&file.path.as_str()) {
            continue;
        }
        let named: BTreeSet<Vec<String>> = paths(&file.code).into_iter().collect();
        for path in named {
            if IMPURE
                .iter()
                .any(|impure| path.iter().map(String::as_str).take(impure.len()).eq(impure.iter().copied()))
            {
                found.push(format!("{} uses `{}`", file.path, path.join("::")));
            }
        }
    }
    found
}

/// Names of types that are declared more than once, with their files.
fn duplicates(files: &[SourceFile]) -> BTreeMap<String, Vec<String>> {
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let mut depth = 0_usize;
        for line in file.code.lines() {
            let words = line.trim_start().trim_start_matches("pub").trim_start();
            let words = words
                .strip_prefix('(')
                .and_then(|rest| rest.split_once(')'))
                .map_or(words, |(_, rest)| rest.trim_start());
            let declared = ["struct ", "enum ", "trait ", "type ", "union "]
                .iter()
                .find_map(|kind| words.strip_prefix(kind));
            if depth == 0
                && let Some(rest) = declared
            {
                let name = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                named.entry(name).or_default().push(file.path.clone());
            }
            depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
        }
    }
    named.retain(|_, files| files.len() > 1);
    named
}

/// Files with lines of comments that are too wide.
fn wide_comments(files: &[SourceFile]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for file in files {
        let comments = file.text.lines().filter(|line| line.trim_start().starts_with("//"));
        let mut is_code = false;
        // What cannot be broken, an address, a row of a table or the code of an example, may be wide.
        let is_breakable = |line: &&str| {
            let words = line.trim_start().trim_start_matches(['/', '!']).trim_start();
            is_code ^= words.starts_with("```");
            !is_code
                && !words.starts_with('|')
                && words.split_whitespace().all(|word| word.chars().count() < 60)
        };
        let wide = comments.filter(is_breakable).filter(|line| line.chars().count() > COMMENT_WIDTH).count();
        if wide > 0 {
            found.insert(file.path.clone(), wide);
        }
    }
    found
}

/// Nothing of this kind is found.
#[track_caller]
fn none<'a>(what: &str, found: impl Iterator<Item = (&'a String, String)>) {
    let found: Vec<String> = found.map(|(name, detail)| format!("{what}: {name} {detail}")).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_module_imports_only_modules_below_it() {
    let files = tree();
    let named = files.iter().map(|file| own_paths(file).len()).sum::<usize>();
    assert!(named > 1000, "only {named} paths were found: they are written in another way");
    let wrong = upward_imports(&files);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_of_a_folder_have_no_circular_imports() {
    let found = circles(&tree());
    let found = found.iter().map(|(folder, modules)| (folder, format!("has a circle of {modules:?}")));
    none("circle", found);
}

#[test]
fn pure_modules_use_no_files_network_clock_or_async() {
    let found = impurities(&tree());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_type_name_is_unique() {
    let found = duplicates(&tree());
    none("duplicate", found.iter().map(|(name, files)| (name, format!("is in {}", files.join(", ")))));
}

#[test]
fn comments_wrap_at_100_columns() {
    let found = wide_comments(&tree());
    assert!(found.is_empty(), "lines of comments that are too wide: {found:#?}");
}

#[test]
fn every_form_of_a_path_is_parsed() {
    let named = |code: &str| paths(code).into_iter().map(|path| path.join("::")).collect::<Vec<_>>();
    for (code, expected) in [
        ("use crate::task::TaskId;", &["crate::task::TaskId"][..]),
        (
            "use crate::{api::{self, Client}, plan, task as t};",
            &["crate::api::self", "crate::api::Client", "crate::plan", "crate::task"],
        ),
        ("use std::{\n    fs,\n    time::Duration,\n};", &["std::fs", "std::time::Duration"]),
        ("fn f(x: crate::cli::Exit) -> u8 { x.y.z(); a::b::<C>() }", &["crate::cli::Exit", "a::b"]),
        ("use super::*;", &[]),
    ] {
        assert_eq!(named(code), expected, "{code}");
    }
}

#[test]
fn comments_literals_and_tests_are_ignored() {
    let code = |text: &str| SourceFile::of("a.rs", text).code.split_whitespace().collect::<String>();
    for (text, expected) in [
        ("a // crate::cli", "a"),
        ("a /* crate::cli */ b", "ab"),
        ("a(\"crate::cli // \\\"\", b)", "a(,b)"),
        ("a(r#\"crate::\"cli\"#, b'\\'', '\"', b)", "a(,b,,b)"),
        ("fn f<'a>(x: &'a str) {}", "fnf<'a>(x:&'astr){}"),
        ("a; #[cfg(test)] mod tests { use b; fn c() {} } d", "a;d"),
        ("#[cfg(test)] mod tests; d", "d"),
        ("#[cfg(test)]\nuse x::{y, z};\n#[cfg(unix)] d", "#[cfg(unix)]d"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
    let files = ["engine/mod.rs", "engine/sim/world.rs", "engine/slots.rs"];
    let text = "#[cfg(test)]\npub(crate) mod sim;\nmod slots;";
    let files = without_test_files(files.map(|path| SourceFile::of(path, text)).into());
    assert_eq!(
        files.iter().map(|file| &*file.path).collect::<Vec<_>>(),
        ["engine/mod.rs", "engine/slots.rs"]
    );
}

#[test]
fn imports_upward_and_sideways_are_found() {
    for (module, other) in
        [("cli", "sandbox"), ("batch", "runner"), ("runner", "api"), ("store", "plan"), ("sandbox", "task")]
    {
        assert!(may_know(module, other), "{module} {other}");
    }
    for (module, other) in [
        ("runner", "cli"),
        ("runner", "batch"),
        ("store", "api"),
        ("hooks", "output"),
        ("engine", "store"),
        ("task", "engine"),
        ("runner", "sandbox"),
        ("sandbox", "text"),
        ("manifest", "nowhere"),
    ] {
        assert!(!may_know(module, other), "{module} {other}");
    }
    let wrong = |path: &str, text: &str| {
        let below = SourceFile::of("cli/mod.rs", "");
        upward_imports(&[below, SourceFile::of("new/mod.rs", ""), SourceFile::of(path, text)])
    };
    let homeless = "`new` has no place in the layers".to_owned();
    assert_eq!(wrong("task.rs", "use std::fmt; use mycrate::cli;"), std::slice::from_ref(&homeless));
    for text in ["use crate::cli::Exit;", "use super::super::cli;", "fn f() { crate::cli::go() }"] {
        assert_eq!(wrong("engine/slots.rs", text), [homeless.clone(), "engine/slots.rs knows `cli`".into()]);
    }
}

#[test]
fn circles_through_re_exports_are_found() {
    let found = |files: &[(&str, &str)]| {
        circles(&files.iter().map(|(path, text)| SourceFile::of(path, text)).collect::<Vec<_>>())
    };
    let circle = |folder: &str, modules: &[&str]| {
        BTreeMap::from([(folder.to_owned(), modules.iter().map(|module| (*module).to_owned()).collect())])
    };
    let head = ("x/mod.rs", "mod a; mod b; mod c; pub use a::A; pub use self::b::{B as Bee, C};");
    let none = [head, ("x/a.rs", "use super::b::B;"), ("x/b.rs", "use super::c;"), ("x/c.rs", "")];
    assert_eq!(found(&none), BTreeMap::new());
    let direct = [
        head,
        ("x/a.rs", "use super::b::B;"),
        ("x/b.rs", "use super::c::C;"),
        ("x/c.rs", "use crate::x::a;"),
    ];
    assert_eq!(found(&direct), circle("x", &["a", "b", "c"]));
    let passed_on =
        [head, ("x/a.rs", "use super::b::B;"), ("x/b.rs", "use super::A;"), ("x/c.rs", "use super::a;")];
    assert_eq!(found(&passed_on), circle("x", &["a", "b"]));
    let below =
        [head, ("x/a/mod.rs", ""), ("x/a/d.rs", "use super::super::b;"), ("x/b.rs", "use super::a::d::D;")];
    assert_eq!(found(&below), circle("x", &["a", "b"]));
    let tests =
        [head, ("x/a.rs", "use super::b;"), ("x/b.rs", "#[cfg(test)] mod t { use super::super::a; }")];
    assert_eq!(found(&tests), BTreeMap::new());
}

#[test]
fn impure_duplicate_and_wide_lines_are_found() {
    let files = [
        SourceFile::of("engine/a.rs", "use std::time::{Duration, Instant};\nuse std::{fmt, fs};\nstruct A;"),
        SourceFile::of("engine/b.rs", "async fn f() { tokio::spawn(g()) }\nimpl T for B { type A = u8; }"),
        SourceFile::of("store/c.rs", "use std::fs;\npub(crate) enum A {}\nmod m { struct B; }"),
    ];
    assert_eq!(
        impurities(&files),
        [
            "engine/a.rs uses `std::fs`",
            "engine/a.rs uses `std::time::Instant`",
            "engine/b.rs uses `tokio::spawn`"
        ]
    );
    let twice = BTreeMap::from([("A".to_owned(), vec!["engine/a.rs".to_owned(), "store/c.rs".to_owned()])]);
    assert_eq!(duplicates(&files), twice);
    for (line, is_wide) in [
        (format!("    // {}xyz", "ab ".repeat(30)), false),
        (format!("    // {}wxyz", "ab ".repeat(30)), true),
        (format!("//! | {} |", "ab ".repeat(40)), false),
        (format!("// https://{}", "x".repeat(100)), false),
        (format!("let x = \"{}\";", "ab ".repeat(40)), false),
    ] {
        let found = wide_comments(&[SourceFile::of("a.rs", &line)]);
        assert_eq!(found.len(), usize::from(is_wide), "{} columns: {line}", line.chars().count());
    }
}
