//! Names of tasks: given, or made from the content, never from the position.
//!
//! A made name is a slug of the prompt and twelve hex digits of the fingerprint, so a row that is added, removed or
//! moved changes the name of no other. Tasks without an id and with the same content are takes of one picture: the
//! second is `…~2`, the third `…~3`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use crate::task::{Id, Task};

/// What came up while naming; numbers are positions in the list of tasks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Naming {
    /// The second of each two tasks with one given id, after the first.
    pub(super) clashes: Vec<(usize, usize)>,
    /// Groups of two or more takes.
    pub(super) takes: Vec<Vec<usize>>,
}

/// Names every task whose id is empty.
pub(super) fn name(tasks: &mut [Task]) -> Naming {
    let mut naming = Naming::default();
    let mut given: HashMap<&str, usize> = HashMap::new();
    for (i, task) in tasks.iter().enumerate().filter(|(_, task)| !task.id.0.is_empty()) {
        if let Some(first) = given.get(task.id.0.as_str()) {
            naming.clashes.push((*first, i));
        } else {
            given.insert(&task.id.0, i);
        }
    }
    let given: HashSet<String> = given.into_keys().map(str::to_owned).collect();

    let mut groups: HashMap<String, Group> = HashMap::new();
    for (i, task) in tasks.iter_mut().enumerate().filter(|(_, task)| task.id.0.is_empty()) {
        let base = made(task);
        let group = groups.entry(base.clone()).or_default();
        group.members.push(i);
        // An id that was given wins: rows of the results that were pasted into a manifest have ids that were made.
        task.id = loop {
            group.last += 1;
            let id = if group.last == 1 { base.clone() } else { format!("{base}~{}", group.last) };
            if !given.contains(&id) {
                break Id(id);
            }
        };
    }
    naming.takes =
        groups.into_values().map(|group| group.members).filter(|members| members.len() > 1).collect();
    naming.takes.sort();
    naming
}

#[derive(Default)]
struct Group {
    members: Vec<usize>,
    last: usize,
}

fn made(task: &Task) -> String {
    let mut id = slug(&task.prompt);
    for byte in &task.fingerprint().0[..6] {
        let _ = write!(id, "{byte:02x}"); // writing to a string does not fail
    }
    id
}

/// Up to five words of the text before the flags, at most 32 characters, and a dash after them.
fn slug(prompt: &str) -> String {
    const WORDS: usize = 5;
    const LONGEST: usize = 32;
    let text = prompt.split(" --").next().unwrap_or_default();
    let words = text
        .split_whitespace()
        .filter(|word| !word.contains("://"))
        .flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words.take(WORDS) {
        let word = &word[..word.len().min(LONGEST)];
        if !slug.is_empty() && slug.len() + word.len() > LONGEST {
            break;
        }
        slug.push_str(&word.to_ascii_lowercase());
        slug.push('-');
    }
    if slug.is_empty() { "task-".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::task::Mode;

    fn task(id: &str, prompt: &str) -> Task {
        Task {
            id: Id(id.to_owned()),
            prompt: prompt.to_owned(),
            mode: Mode::Fast,
            timeout: None,
            vars: Vec::new(),
        }
    }

    fn ids(tasks: &[Task]) -> Vec<&str> {
        tasks.iter().map(|task| task.id.0.as_str()).collect()
    }

    #[test]
    fn a_made_name_can_be_read() {
        for (prompt, expected) in [
            ("A ceramic mug, on grey linen; soft light --ar 1:1", "a-ceramic-mug-on-grey-"),
            ("https://x.example/a.png red shoes", "red-shoes-"),
            ("Internationalisationalism incomprehensibilities", "internationalisationalism-"),
            ("красная чашка", "task-"),
            ("--ar 1:1", "ar-1-1-"),
            (&"x".repeat(90), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-"),
        ] {
            assert_eq!(slug(prompt), expected);
        }
        let mut tasks = [task("", "a mug")];
        name(&mut tasks);
        insta::assert_snapshot!(tasks[0].id, @"a-mug-ca804849706e");
    }

    #[test]
    fn takes_are_numbered_and_a_given_id_wins() {
        let mut tasks = [task("", "a mug"), task("", "a pen"), task("", "a mug"), task("", "a mug")];
        assert_eq!(name(&mut tasks), Naming { clashes: vec![], takes: vec![vec![0, 2, 3]] });
        let base = tasks[0].id.0.clone();
        assert_eq!(tasks[2].id.0, format!("{base}~2"));
        assert_eq!(tasks[3].id.0, format!("{base}~3"));

        let mut tasks =
            [task("", "a mug"), task(&base, "a cup"), task("x", "a"), task("x", "b"), task("x", "c")];
        assert_eq!(name(&mut tasks).clashes, [(2, 3), (2, 4)]);
        assert_eq!(tasks[0].id.0, format!("{base}~2"));
    }

    proptest! {
        #[test]
        fn no_name_moves_when_rows_are_added_removed_or_reordered(
            prompts in prop::collection::hash_set("[a-c ]{1,6}", 1..20),
            added in prop::collection::vec("[x-z]{1,4}", 0..5),
            turn in 0usize..20,
        ) {
            let mut tasks: Vec<Task> = prompts.iter().map(|prompt| task("", prompt)).collect();
            name(&mut tasks);
            let mut changed: Vec<Task> = prompts.iter().map(|prompt| task("", prompt)).collect();
            changed.extend(added.iter().map(|prompt| task("", prompt)));
            let turn = turn % changed.len();
            changed.rotate_left(turn);
            name(&mut changed);
            for before in &tasks {
                prop_assert!(changed.iter().any(|after| after.id == before.id && after.prompt == before.prompt));
            }
            let unique: HashSet<&str> = ids(&changed).into_iter().collect();
            prop_assert_eq!(unique.len(), changed.len());
        }
    }
}
