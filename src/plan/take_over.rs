//! Results of a batch whose state is gone, taken over into a new one.
//!
//! Rows of results are matched with the tasks of a manifest just as the tasks of a state are: by id
//! and prompt, then by prompt alone. A row without a prompt is matched by its id. What no row is
//! about is new.

use super::identity::{TaskMatcher, fingerprint};
use super::{KnownTask, KnownTasks, Plan, Step, can_be_skipped};
use crate::prompt::canonical_prompt;
use crate::task::{Decision, Earlier, Fingerprint, Mode, Prices, Quota, State, Task, TaskId};

/// A row of results, or several rows about one task, with the outcome that they state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRow {
    /// The task's id.
    pub id: TaskId,
    /// The task's prompt; `None` if the results have no prompts.
    pub prompt: Option<String>,
    /// The outcome of the task.
    pub earlier: Earlier,
}

/// Rows of results, matched with the tasks of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakeOver {
    rows: Vec<EarlierRow>,
    /// The row of each task, if there is one.
    row_of_task: Vec<Option<usize>>,
}

impl TakeOver {
    /// Matches these rows with the tasks. No row is matched twice.
    pub fn matching(tasks: impl Iterator<Item = Task>, rows: Vec<EarlierRow>) -> TakeOver {
        let known = known_rows(rows.iter().enumerate());
        let mut matcher = TaskMatcher::new(&known);
        let mut left = Vec::new();
        let mut row_of_task = Vec::new();
        for (n, task) in tasks.enumerate() {
            let fingerprint = fingerprint(&task);
            let row = matcher.by_id_and_prompt(&task.id, fingerprint);
            if row.is_none() {
                left.push((n, fingerprint, task.id));
            }
            row_of_task.push(row.map(row_number));
        }
        left.retain(|(n, fingerprint, _)| {
            let row = matcher.by_prompt(*fingerprint).map(|(row, _)| row_number(row));
            row_of_task[*n] = row;
            row.is_none()
        });
        for (n, _, id) in left {
            if known.get(&id).is_some_and(|versions| versions.iter().any(|row| row.fingerprint == NO_PROMPT))
            {
                let row = matcher.by_id_and_prompt(&id, NO_PROMPT);
                row_of_task[n] = row.map(row_number);
            }
        }
        TakeOver { rows, row_of_task }
    }

    /// The tasks, each with the outcome that its row states.
    pub fn with_earlier(&self, tasks: impl Iterator<Item = Task>) -> impl Iterator<Item = Task> {
        tasks.enumerate().map(|(n, task)| {
            let row = self.row_of_task.get(n).copied().flatten().and_then(|row| self.rows.get(row));
            Task { earlier: row.map(|row| Box::new(row.earlier.clone())), ..task }
        })
    }

    /// What a run would do with these tasks in a state that has none yet: a task with a row begins
    /// where its row says, and the others are new.
    ///
    /// Whether a `redo` of the manifest was carried out before is not known, so it is not carried
    /// out again. A `skip` keeps what was paid for.
    pub fn plan(&self, tasks: impl Iterator<Item = Task>) -> Plan {
        let edited = known_rows(self.unmatched_rows().filter(|(_, row)| row.prompt.is_some()));
        let mut plan = Plan::default();
        for task in self.with_earlier(tasks) {
            let is_skipped = task.decision == Some(Decision::Skip);
            let step = match &task.earlier {
                Some(earlier) if is_skipped && can_be_skipped(earlier.state) => Step::Import(State::Skipped),
                Some(earlier) => Step::Import(earlier.state),
                None if is_skipped => Step::Skip(None),
                None => edited.get(&task.id).map_or(Step::New, |rows| Step::Changed(rows[0])),
            };
            if step.state() == State::Pending {
                plan.to_submit.add(task.mode);
            }
            plan.steps.push(step);
        }
        plan
    }

    /// The cost of the tasks of all rows: as the row says, else at the dearer one of these prices.
    /// `None` if a price is missing.
    pub fn cost(&self, prices: &Prices) -> Option<Quota> {
        let dearer = || Some(prices.fast?.max(prices.relaxed.unwrap_or_default()));
        let costs = self.rows.iter().map(|row| row.earlier.quota.or_else(dearer).map(|quota| quota.0));
        costs.sum::<Option<u64>>().map(Quota)
    }

    /// How many tasks have a row.
    pub fn taken(&self) -> u64 {
        self.row_of_task.iter().flatten().count() as u64
    }

    /// The tasks of the rows that are about no task of the manifest, with what their rows say.
    /// Without a prompt a row is about no task.
    pub fn unlisted(&self) -> impl Iterator<Item = Task> {
        self.unmatched().filter_map(EarlierRow::task)
    }

    /// The rows that are about no task of the manifest.
    pub fn unmatched(&self) -> impl Iterator<Item = &EarlierRow> {
        self.unmatched_rows().map(|(_, row)| row)
    }

    /// The prompt of a row, as a step of the plan knows it.
    pub fn prompt_of(&self, known: KnownTask) -> Option<&str> {
        self.rows.get(row_number(known))?.prompt.as_deref()
    }

    fn unmatched_rows(&self) -> impl Iterator<Item = (usize, &EarlierRow)> {
        let mut is_taken = vec![false; self.rows.len()];
        self.row_of_task.iter().flatten().for_each(|row| is_taken[*row] = true);
        self.rows.iter().enumerate().zip(is_taken).filter(|(_, is_taken)| !is_taken).map(|(row, _)| row)
    }
}

impl EarlierRow {
    /// The task that the row is about, as far as the row describes it.
    fn task(&self) -> Option<Task> {
        let task = Task::new(self.id.0.clone(), self.prompt.clone()?, Mode::Fast);
        Some(Task { earlier: Some(Box::new(self.earlier.clone())), ..task })
    }
}

/// A fingerprint that no prompt has, for rows without a prompt.
const NO_PROMPT: Fingerprint = Fingerprint([0; 16]);

/// The rows as known tasks, with their index as key.
fn known_rows<'r>(rows: impl Iterator<Item = (usize, &'r EarlierRow)>) -> KnownTasks {
    let mut known = KnownTasks::new();
    for (n, row) in rows {
        let n = n as i64;
        let fingerprint = match &row.prompt {
            Some(prompt) => Fingerprint::of(&canonical_prompt(prompt)),
            None => NO_PROMPT,
        };
        let task = KnownTask {
            key: n,
            fingerprint,
            state: row.earlier.state,
            position: Some(n),
            failed_before_skip: false,
            kept_skip: false,
            over: None,
        };
        known.entry(row.id.clone()).or_default().push(task);
    }
    known
}

fn row_number(row: KnownTask) -> usize {
    usize::try_from(row.key).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Images, RemoteTaskId};

    fn task(id: &str, prompt: &str) -> Task {
        Task::new(id, prompt, Mode::Fast)
    }

    fn row(id: &str, prompt: Option<&str>, state: State) -> EarlierRow {
        let earlier = Earlier {
            state,
            task_id: Some(RemoteTaskId(format!("job-{id}"))),
            reason: None,
            images: Images::default(),
            quota: None,
            submitted_at: None,
            finished_at: None,
        };
        EarlierRow { id: TaskId(id.into()), prompt: prompt.map(str::to_owned), earlier }
    }

    /// The id of the row of each task, and of the rows that are about none.
    fn matched(tasks: &[(&str, &str)], rows: &[(&str, Option<&str>)]) -> (Vec<Option<String>>, Vec<String>) {
        let tasks = || tasks.iter().map(|(id, prompt)| task(id, prompt));
        let rows = rows.iter().map(|(id, prompt)| row(id, *prompt, State::Done)).collect();
        let take_over = TakeOver::matching(tasks(), rows);
        let job = |task: Task| Some(task.earlier?.task_id?.0.trim_start_matches("job-").to_owned());
        let taken: Vec<_> = take_over.with_earlier(tasks()).map(job).collect();
        assert_eq!(take_over.taken(), taken.iter().flatten().count() as u64);
        (taken, take_over.unmatched().map(|row| row.id.0.clone()).collect())
    }

    #[test]
    fn rows_are_matched_by_id_and_prompt_then_by_prompt_and_without_one_by_id() {
        let some = |id: &str| Some(id.to_owned());
        let manifest = [("a", "mug"), ("b", "cup"), ("c", "jar")];
        let all = [("a", Some("mug")), ("b", Some("cup")), ("c", Some("jar"))];
        assert_eq!(matched(&manifest, &all), (vec![some("a"), some("b"), some("c")], vec![]));
        let renamed = [("1", Some(" jar\u{a0}")), ("a", Some("mug")), ("2", Some("old tray"))];
        assert_eq!(matched(&manifest, &renamed), (vec![some("a"), None, some("1")], vec!["2".into()]));
        let edited = [("b", Some("blue cup"))];
        assert_eq!(matched(&manifest, &edited), (vec![None, None, None], vec!["b".into()]));
        let without = [("b", None), ("z", None)];
        assert_eq!(matched(&manifest, &without), (vec![None, some("b"), None], vec!["z".into()]));
        let twins = [("x", "mug"), ("y", "mug")];
        assert_eq!(matched(&twins, &[("a", Some("mug"))]), (vec![some("a"), None], vec![]));
        assert_eq!(matched(&[], &[("a", Some("mug"))]).1, ["a"]);
    }

    #[test]
    fn what_is_taken_over_is_never_pending_whatever_the_manifest_wants() {
        for state in State::ALL.into_iter().filter(|state| *state != State::Pending) {
            let with = |decision| {
                let tasks = || [Task { decision, ..task("a", "mug") }].into_iter();
                let take_over = TakeOver::matching(tasks(), vec![row("a", Some("mug"), state)]);
                let plan = take_over.plan(tasks());
                assert_eq!(plan.to_submit.total(), 0, "{state:?} {decision:?}");
                plan.steps[0]
            };
            assert_eq!(with(None), Step::Import(state));
            assert_eq!(
                with(Some(Decision::Redo)),
                Step::Import(state),
                "whether it was carried out is not known"
            );
            let expected = if state == State::Failed { State::Skipped } else { state };
            assert_eq!(with(Some(Decision::Skip)), Step::Import(expected));
        }
        let tasks = || [task("a", "mug"), task("b", "cup")].into_iter();
        let take_over = TakeOver::matching(tasks(), vec![row("a", Some("mug"), State::Done)]);
        let plan = take_over.plan(tasks());
        assert_eq!(plan.steps, [Step::Import(State::Done), Step::New]);
        assert_eq!(plan.to_submit.total(), 1);
    }
}
