//! Tables that the program wrote, with decisions that a person types into them: the newest results
//! and old copies of them, in several formats, run or only left there.

use std::collections::BTreeSet;

use super::check::Before;
use super::random::Rng;
use super::state::TaskRow;
use super::steps::{RunPlan, after_run, said};
use super::world::{Disturbance, World};

/// The results of a batch as a person has them in a spreadsheet.
#[derive(Debug, Clone)]
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// What a person decided about a task, of which the table knew so many attempts.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) key: i64,
    attempts: usize,
    action: String,
    status: String,
}

impl Table {
    /// The results that are there now, if there are any with refs.
    pub(super) fn of_results(world: &World) -> Option<Table> {
        let bytes = std::fs::read(world.dir.path("spring.results.csv")).ok()?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        let table = Table { rows: rows.collect(), header };
        table.header.contains(&"ref".to_owned()).then_some(table)
    }

    fn column(&self, name: &str) -> usize {
        self.header.iter().position(|column| column == name).unwrap()
    }

    fn cell(&self, row: usize, name: &str) -> &str {
        &self.rows[row][self.column(name)]
    }

    fn set(&mut self, row: usize, name: &str, text: &str) {
        let column = self.column(name);
        self.rows[row][column] = text.to_owned();
    }

    /// How many rows have this status.
    pub(super) fn count(&self, status: &str) -> usize {
        (0..self.rows.len()).filter(|row| self.cell(*row, "status") == status).count()
    }

    /// The task of a row, and the attempts that its ref names.
    fn row_ref(&self, row: usize) -> (i64, usize) {
        let mut parts = self.cell(row, "ref").split('-').skip(1);
        let mut number = || parts.next().unwrap()[1..].parse::<i64>().unwrap();
        (number(), number() as usize)
    }

    /// The decisions that are typed into it.
    fn typed(&self) -> Vec<Typed> {
        let decided = (0..self.rows.len()).filter(|row| !self.cell(*row, "action").is_empty());
        let typed = decided.map(|row| {
            let (key, attempts) = self.row_ref(row);
            let [action, status] = ["action", "status"].map(|name| self.cell(row, name).to_owned());
            Typed { key, attempts, action, status }
        });
        typed.collect()
    }

    /// The refs of the rows with a redo.
    pub(super) fn redos(&self) -> BTreeSet<String> {
        // What is typed before there are images is over once they come.
        let is_redo =
            |row: &usize| self.cell(*row, "action") == "redo" && self.cell(*row, "status") == "done";
        (0..self.rows.len()).filter(is_redo).map(|row| self.cell(row, "ref").to_owned()).collect()
    }

    /// A person writes into a column of their own.
    fn remark(&mut self, world: &mut World, rng: &mut Rng) {
        if self.rows.is_empty() {
            return;
        }
        if !self.header.contains(&"remark".to_owned()) {
            self.header.push("remark".to_owned());
            self.rows.iter_mut().for_each(|row| row.push(String::new()));
        }
        let row = rng.below(self.rows.len());
        let (key, _) = self.row_ref(row);
        let remark = format!("too dark, {}", rng.below(1000));
        self.set(row, "remark", &remark);
        world.note(format!("remark on task {key}: {remark}"));
        world.remarks.insert(key, remark);
    }

    /// Checks that what people wrote into the results is still there: their own column, and the
    /// decisions that were not carried out.
    pub(super) fn keeps(&self, world: &World, redos: &BTreeSet<String>) -> Result<(), String> {
        let has_remarks = self.header.contains(&"remark".to_owned());
        for row in 0..self.rows.len() {
            let (key, _) = self.row_ref(row);
            let remark = if has_remarks { self.cell(row, "remark") } else { "" };
            let written = world.remarks.get(&key).map_or("", String::as_str);
            if remark != written {
                return Err(format!("task {key} had the remark {written:?}, and has {remark:?}"));
            }
            let is_kept = self.cell(row, "action") == "redo" || self.cell(row, "status") != "done";
            if redos.contains(self.cell(row, "ref")) && !is_kept {
                return Err(format!("a redo that was not carried out is gone: {:?}", self.rows[row]));
            }
        }
        Ok(())
    }

    /// Types decisions into a few rows.
    fn decide(&mut self, rng: &mut Rng) -> String {
        let mut said = Vec::new();
        for _ in 0..1 + rng.below(3) {
            if self.rows.is_empty() {
                break;
            }
            let row = rng.below(self.rows.len());
            let has_images = !self.cell(row, "image_1").is_empty();
            if rng.percent(15) && has_images {
                let picks = rng.of(&["1", "1 3", "none"]);
                self.set(row, "pick", picks);
                said.push(format!("pick {picks} of {}", self.cell(row, "ref")));
                continue;
            }
            let action = rng.of(&["redo", "redo", "skip", "make"]);
            self.set(row, "action", action);
            said.push(format!("{action} {} ({})", self.cell(row, "ref"), self.cell(row, "status")));
        }
        if rng.percent(30) {
            rng.shuffle(&mut self.rows);
        }
        said.join(", ")
    }

    /// Writes it beside the manifest under a name that says its format.
    fn write(&self, world: &World, name: &str) {
        let (separator, mark) = match name.rsplit_once('.') {
            Some((_, "jsonl")) => return world.dir.write(name, self.json_lines()),
            Some((_, "tsv")) => (b'\t', ""),
            // As a spreadsheet of Germany saves it.
            _ if name.starts_with("semicolons") => (b';', "\u{feff}"),
            _ => (b',', ""),
        };
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
        writer.write_record(&self.header).unwrap();
        self.rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let bytes = writer.into_inner().unwrap();
        world.dir.write(name, [mark.as_bytes(), &bytes].concat());
    }

    fn json_lines(&self) -> String {
        let names = ["id", "action", "pick", "task_id", "status", "prompt", "ref"];
        let line = |row| {
            let cells = names.map(|name| (name.to_owned(), serde_json::Value::from(self.cell(row, name))));
            serde_json::Value::Object(cells.into_iter().collect()).to_string() + "\n"
        };
        (0..self.rows.len()).map(line).collect()
    }
}

/// Decisions are typed into the results, or into an old copy; the table is run, or left for later.
pub(super) fn feed_back(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    let Some(current) = Table::of_results(world) else { return Ok(()) };
    let is_old = rng.percent(35) && !world.copies.is_empty();
    let mut table = if is_old { world.copies[rng.below(world.copies.len())].clone() } else { current };
    if rng.percent(40) {
        world.copies.push(table.clone());
    }
    let what = table.decide(rng);
    let copies = ["spring.picks.csv", "copy.csv", "copy.tsv", "copy.jsonl", "semicolons.csv"];
    let name = if is_old || rng.percent(40) { rng.of(&copies) } else { "spring.results.csv" };
    world.note(format!("decide in {name}{}: {what}", if is_old { ", an old copy" } else { "" }));
    if name == "spring.results.csv" && rng.percent(30) {
        table.remark(world, rng);
    }
    table.write(world, name);
    if name == "spring.results.csv" && rng.percent(25) {
        return Ok(());
    }
    let disturbance = if rng.percent(15) { super::steps::disturbance(rng) } else { Disturbance::None };
    super::steps::maybe_new_service(world, rng);
    let mut plan = RunPlan::random(world, &world.state()?, rng);
    (plan.pilot, plan.only) = (false, None);
    plan.table = Some(name.to_owned());
    plan.is_plain &= plan.limit.is_none() && plan.budget.is_none();
    run_table(world, &plan, &table, &disturbance)?;
    if name != "spring.results.csv" {
        let _ = std::fs::remove_file(world.dir.path(name));
    }
    Ok(())
}

fn run_table(
    world: &mut World,
    plan: &RunPlan,
    table: &Table,
    disturbance: &Disturbance,
) -> Result<(), String> {
    let before = Before::of(world)?;
    let words = plan.arguments(world);
    world.note(format!("{words}, disturbed by {disturbance:?}"));
    let ran = world.call(world.command(&words), disturbance)?;
    world.note(said(&ran));
    let typed = table.typed();
    let is_refused = matches!(ran.code, Some(2 | 11));
    if !is_refused {
        for decision in &typed {
            if let Some(task) = before.tasks.iter().find(|task| task.key == decision.key) {
                take(world, task, decision);
            }
        }
    }
    after_run(world, plan, &before, &[ran], disturbance)?;
    if is_refused {
        return Ok(());
    }
    let tasks = world.state()?;
    let is_certain = matches!(disturbance, Disturbance::None);
    for decision in &typed {
        let Some(task) = tasks.iter().find(|task| task.key == decision.key) else { continue };
        let mut was = before.tasks.iter().filter(|was| was.key == decision.key && was.is_listed);
        let takes = was.any(|was| matches!(was.state.as_str(), "pending" | "failed"));
        if is_certain && decision.action == "skip" && takes && task.state != "skipped" {
            return Err(format!("a skip was not obeyed: {task:?}"));
        }
    }
    // What is skipped until a `make` says otherwise, as the state has it: from now on it is kept.
    let kept = tasks.iter().filter(|task| task.has_kept_skip).map(|task| task.key);
    let asked: BTreeSet<i64> = typed.iter().map(|decision| decision.key).collect();
    let others: Vec<i64> = world.declined.iter().copied().filter(|key| !asked.contains(key)).collect();
    world.declined = kept.filter(|key| asked.contains(key)).chain(others).collect();
    Ok(())
}

/// Counts what a decision asks for.
fn take(world: &mut World, task: &TaskRow, decision: &Typed) {
    let is_same = task.counted_attempts() == decision.attempts && task.is_listed;
    if decision.action == "skip" || !is_same {
        return;
    }
    let buys = match (decision.action.as_str(), task.state.as_str()) {
        ("redo", "done") => decision.status == "done",
        ("redo", "failed" | "lost" | "unknown" | "submitting" | "skipped") | ("make", "skipped") => true,
        (_, "pending") => {
            world.due.insert(task.key);
            false
        }
        _ => false,
    };
    // A skip of the manifest, too, ends where a table decides to submit its task.
    if buys || decision.action == "make" || task.state == "skipped" {
        world.declined.remove(&task.key);
        world.made.insert(task.motif);
    }
    if buys {
        world.asked.once_more(task.motif);
        world.due.insert(task.key);
    }
}
