//! The manifest as a person and a spreadsheet edit it.
//!
//! What a row shows is its motif: a number within the prompt (`n12x`), which survives whatever is
//! done to the prompt's spelling. Two prompts with one motif mean the same image, so the walk knows
//! without the program's canonical form which purchases are for the same thing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::random::Rng;
use crate::support::TestDir;

/// The motif within a prompt.
pub(super) fn motif_of(prompt: &str) -> Option<u32> {
    let starts = prompt.match_indices('n').map(|(at, _)| &prompt[at + 1..]);
    let mut numbers = starts.filter_map(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[digits..].starts_with('x').then(|| rest[..digits].parse().ok())?
    });
    numbers.next()
}

/// How many bits of a row's `spelling` mean something.
const SPELLINGS: usize = 7;

/// A prompt with this motif, in one of many spellings that mean the same.
fn prompt(motif: u32, spelling: u8) -> String {
    let is = |bit: u8| spelling & (1 << bit) != 0;
    let cafe = if is(0) { "cafe\u{301}" } else { "caf\u{e9}" };
    let blank = if is(1) { "\u{a0}" } else { " " };
    let linen = if is(2) { "  linen" } else { " linen" };
    let unseen = if is(3) { "\u{200b}" } else { "" };
    let ratio = if is(4) { "04:05" } else { "4:5" };
    let aspect = if is(5) { "aspect" } else { "ar" };
    let flags = match is(6) {
        true => format!("--v 7 --{aspect} {ratio}"),
        false => format!("--{aspect} {ratio} --v 7"),
    };
    format!("a{blank}mug n{motif}x on{linen} in{unseen} the {cafe} {flags}")
}

/// How the manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `spring.csv`, a prompt each row.
    Csv,
    /// `spring.yaml` with an entry for each row, and one that multiplies.
    Entries,
    /// `spring.yaml` over the rows of `rows.csv`.
    Data,
}

/// A row of the manifest.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) motif: u32,
    spelling: u8,
    mode: &'static str,
    timeout: u16,
    priority: i16,
    /// `redo`, `skip` or nothing; only in a CSV manifest.
    pub(super) action: &'static str,
}

/// A task that the manifest lists.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// The id, where the manifest says it.
    pub(super) id: Option<String>,
    pub(super) motif: u32,
    pub(super) action: &'static str,
    /// The entry of the manifest that it is of.
    pub(super) entry: usize,
}

/// The manifest.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) form: Form,
    rows: Vec<Row>,
    /// Rows that were deleted, to be put back some day.
    deleted: Vec<Row>,
    has_ids: bool,
    /// A column of the person's own, whose cells change.
    note: usize,
    /// The motifs of the entry that multiplies.
    matrix: Vec<u32>,
    matrix_is_turned: bool,
    matrix_has_place: bool,
    /// The budget in the manifest, in quota.
    pub(super) budget: Option<u64>,
    next_motif: u32,
    next_id: u32,
}

impl Sheet {
    pub(super) fn new(rng: &mut Rng) -> Sheet {
        let form = rng.of(&[Form::Csv, Form::Csv, Form::Entries, Form::Data]);
        let mut sheet = Sheet {
            form,
            rows: Vec::new(),
            deleted: Vec::new(),
            has_ids: rng.percent(85),
            note: 0,
            matrix: Vec::new(),
            matrix_is_turned: false,
            matrix_has_place: false,
            budget: (form != Form::Csv && rng.percent(60)).then(|| 12 + rng.below(50) as u64),
            next_motif: 1,
            next_id: 1,
        };
        for _ in 0..2 + rng.below(4) {
            sheet.add(rng);
        }
        if form == Form::Entries {
            sheet.matrix = vec![sheet.new_motif(), sheet.new_motif()];
        }
        sheet
    }

    /// The name of the manifest's file.
    pub(super) fn file(&self) -> &'static str {
        if self.form == Form::Csv { "spring.csv" } else { "spring.yaml" }
    }

    pub(super) fn listed(&self) -> Vec<Listed> {
        let rows = self.rows.iter().enumerate().map(|(n, row)| Listed {
            id: self.has_ids.then(|| row.id.clone()),
            motif: row.motif,
            action: if self.form == Form::Csv { row.action } else { "" },
            entry: if self.form == Form::Entries { n } else { 0 },
        });
        let matrix = self.matrix.iter().map(|motif| Listed {
            id: None,
            motif: *motif,
            action: "",
            entry: self.rows.len(),
        });
        rows.chain(matrix).collect()
    }

    fn new_motif(&mut self) -> u32 {
        self.next_motif += 1;
        self.next_motif - 1
    }

    fn new_id(&mut self, rng: &mut Rng) -> String {
        self.next_id += 1;
        match rng.below(3) {
            0 => format!("00{}", self.next_id),
            1 => format!("hero/Mug {}", self.next_id),
            _ => format!("t{}", self.next_id),
        }
    }

    fn add(&mut self, rng: &mut Rng) {
        let motif = match self.rows.last() {
            // The same thing twice: two tasks.
            Some(last) if rng.percent(8) => last.motif,
            _ => self.new_motif(),
        };
        let row = Row {
            id: self.new_id(rng),
            motif,
            spelling: if rng.percent(50) { 0 } else { rng.below(1 << SPELLINGS) as u8 },
            mode: rng.of(&["fast", "fast", "relaxed", "auto"]),
            timeout: 300,
            priority: 0,
            action: if rng.percent(10) { "skip" } else { "" },
        };
        let at = rng.below(self.rows.len() + 1);
        self.rows.insert(at, row);
    }

    /// Whether an id can be given to the row at this place: no other one has it, nor a spelling of it.
    fn is_free(&self, at: usize, id: &str) -> bool {
        let plain = |id: &str| id.trim_start_matches('0').to_lowercase();
        let mut others = self.rows.iter().enumerate().filter(|(n, _)| *n != at);
        !id.is_empty() && others.all(|(_, row)| plain(&row.id) != plain(id))
    }

    fn rename(&mut self, at: usize, id: String) -> String {
        if !self.is_free(at, &id) {
            return format!("`{id}` is taken");
        }
        let from = std::mem::replace(&mut self.rows[at].id, id);
        format!("rename `{from}` to `{}`", self.rows[at].id)
    }

    /// Changes something, and says what. `bad` are the motifs of tasks that failed or are unknown.
    pub(super) fn edit(&mut self, bad: &BTreeSet<u32>, rng: &mut Rng) -> String {
        if self.form == Form::Entries && rng.percent(25) {
            return self.edit_matrix(rng);
        }
        // A task that ended badly is looked at more often, and so is a decision.
        let is_bad = |row: &Row| bad.contains(&row.motif) || !row.action.is_empty();
        let at = match self.rows.iter().position(is_bad) {
            Some(at) if rng.percent(40) => at,
            _ => rng.below(self.rows.len()),
        };
        match rng.below(26) {
            _ if self.rows.is_empty() => {
                self.add(rng);
                "add a row".to_owned()
            }
            0..=5 => self.edit_rows(at, rng),
            6..=11 => self.edit_ids(at, rng),
            12..=17 => self.edit_prompts(at, rng),
            18..=20 => self.edit_settings(at, rng),
            21..=24 => self.decide(at, rng),
            _ => {
                self.rows.iter_mut().for_each(|row| row.action = "");
                "clear all actions".to_owned()
            }
        }
    }

    fn edit_rows(&mut self, at: usize, rng: &mut Rng) -> String {
        match rng.below(6) {
            0..=2 if self.rows.len() < 9 => {
                self.add(rng);
                "add a row".to_owned()
            }
            3 => {
                let row = self.rows.remove(at);
                let said = format!("delete `{}`", row.id);
                self.deleted.push(row);
                said
            }
            4 => self.put_back(rng),
            _ => {
                rng.shuffle(&mut self.rows);
                "sort the rows".to_owned()
            }
        }
    }

    fn edit_ids(&mut self, at: usize, rng: &mut Rng) -> String {
        let id = self.rows[at].id.clone();
        match rng.below(6) {
            0 => {
                let id = self.new_id(rng);
                self.rename(at, id)
            }
            1 => self.rename(at, if id == id.to_uppercase() { id.to_lowercase() } else { id.to_uppercase() }),
            2 => self.rename(at, id.trim_start_matches('0').to_owned()),
            3 => {
                let other = rng.below(self.rows.len());
                self.rows[at].id = std::mem::replace(&mut self.rows[other].id, id);
                "swap two ids".to_owned()
            }
            4 => {
                let mut ids: Vec<String> = self.rows.iter().map(|row| row.id.clone()).collect();
                ids.sort();
                self.rows.iter_mut().zip(ids).for_each(|(row, id)| row.id = id);
                "sort the ids alone".to_owned()
            }
            _ if rng.percent(30) => {
                self.has_ids = !self.has_ids;
                format!("ids are written: {}", self.has_ids)
            }
            _ => "nothing".to_owned(),
        }
    }

    fn edit_prompts(&mut self, at: usize, rng: &mut Rng) -> String {
        match rng.below(6) {
            0 | 1 => {
                let motif = match self.rows.get(rng.below(self.rows.len())) {
                    // The prompt of another row, or a new one.
                    Some(other) if rng.percent(15) => other.motif,
                    _ => self.new_motif(),
                };
                let before = self.rows[at].clone();
                self.rows[at].motif = motif;
                let said = format!("another prompt for `{}`: n{motif}", before.id);
                if rng.percent(50) {
                    self.deleted.push(before);
                }
                said
            }
            2 => self.change_back(at),
            3 | 4 => {
                self.rows[at].spelling ^= 1 << rng.below(SPELLINGS);
                format!("spell `{}` otherwise", self.rows[at].id)
            }
            _ => {
                self.rows.iter_mut().for_each(|row| row.spelling = rng.below(1 << SPELLINGS) as u8);
                "spell all otherwise".to_owned()
            }
        }
    }

    fn edit_settings(&mut self, at: usize, rng: &mut Rng) -> String {
        match rng.below(3) {
            0 => {
                self.rows[at].mode = rng.of(&["fast", "relaxed", "auto"]);
                format!("another mode for `{}`", self.rows[at].id)
            }
            1 => {
                (self.rows[at].timeout, self.rows[at].priority) = (301, rng.below(9) as i16);
                format!("another timeout and priority for `{}`", self.rows[at].id)
            }
            _ => {
                self.note += 1;
                "fill a column".to_owned()
            }
        }
    }

    /// Writes an action, or takes one back.
    fn decide(&mut self, at: usize, rng: &mut Rng) -> String {
        let row = &mut self.rows[at];
        row.action =
            if row.action.is_empty() { rng.of(&["redo", "redo", "skip", "skip", "make"]) } else { "" };
        format!("action of `{}` (n{}): {:?}", row.id, row.motif, row.action)
    }

    fn put_back(&mut self, rng: &mut Rng) -> String {
        let at = rng.below(self.deleted.len());
        if self.deleted.is_empty() || self.rows.len() > 9 {
            return "nothing to put back".to_owned();
        }
        let mut row = self.deleted.remove(at);
        while !self.is_free(usize::MAX, &row.id) {
            row.id = self.new_id(rng);
        }
        self.rows.push(row.clone());
        format!("put back `{}`: n{}", row.id, row.motif)
    }

    /// Gives a row the prompt back that it, or another one, had once.
    fn change_back(&mut self, at: usize) -> String {
        let Some(row) = self.deleted.pop() else { return "nothing to change back".to_owned() };
        let before = std::mem::replace(&mut self.rows[at].motif, row.motif);
        self.deleted.push(Row { motif: before, ..row });
        format!("`{}` is n{} again", self.rows[at].id, self.rows[at].motif)
    }

    fn edit_matrix(&mut self, rng: &mut Rng) -> String {
        match rng.below(5) {
            0 => {
                self.matrix_is_turned = !self.matrix_is_turned;
                "reorder the keys of the matrix".to_owned()
            }
            1 | 2 => {
                self.matrix_has_place = !self.matrix_has_place;
                format!("a key with one value: {}", self.matrix_has_place)
            }
            3 if self.matrix.len() < 4 => {
                let motif = self.new_motif();
                self.matrix.push(motif);
                format!("one more value in the matrix: n{motif}")
            }
            _ if self.matrix.len() > 1 => {
                let at = rng.below(self.matrix.len());
                format!("one value less in the matrix: n{}", self.matrix.remove(at))
            }
            _ => "nothing".to_owned(),
        }
    }

    /// Writes the manifest, and the table that it reads.
    pub(super) fn write(&self, dir: &TestDir) {
        match self.form {
            Form::Csv => dir.write("spring.csv", self.csv()),
            Form::Entries => dir.write("spring.yaml", self.yaml(&self.entries())),
            Form::Data => {
                dir.write("rows.csv", self.data());
                let id = if self.has_ids { ", id: \"{{ name }}\"" } else { "" };
                let entry = format!("  - {{ data: rows.csv, prompt: \"{{{{ text }}}}\"{id}, mode: fast }}\n");
                dir.write("spring.yaml", self.yaml(&entry));
            }
        }
    }

    fn csv(&self) -> String {
        let mut csv = if self.has_ids { "id," } else { "" }.to_owned();
        csv += "prompt,mode,timeout,priority,action,note\n";
        for row in &self.rows {
            if self.has_ids {
                write!(csv, "{},", row.id).unwrap();
            }
            let Row { motif, spelling, mode, timeout, priority, action, .. } = row;
            let (text, note) = (prompt(*motif, *spelling), self.note);
            writeln!(csv, "{text},{mode},{timeout},{priority},{action},note {note}").unwrap();
        }
        csv
    }

    fn data(&self) -> String {
        let mut csv = "name,text,note\n".to_owned();
        for row in &self.rows {
            writeln!(csv, "{},{},{}", row.id, prompt(row.motif, row.spelling), self.note).unwrap();
        }
        csv
    }

    fn yaml(&self, entries: &str) -> String {
        let budget = self.budget.map(|budget| format!(", budget: {budget}quota")).unwrap_or_default();
        let batch = format!("batch: {{ prices: {{ fast: 4, relaxed: 2 }}{budget} }}");
        let prompts =
            if entries.is_empty() { "prompts: []\n".to_owned() } else { format!("prompts:\n{entries}") };
        format!("version: 1\n{batch}\n{prompts}")
    }

    fn entries(&self) -> String {
        let mut yaml = String::new();
        for row in &self.rows {
            let text = serde_json::Value::from(prompt(row.motif, row.spelling));
            let id = if self.has_ids { format!("id: \"{}\", ", row.id) } else { String::new() };
            let Row { mode, timeout, priority, .. } = row;
            writeln!(
                yaml,
                "  - {{ {id}prompt: {text}, mode: {mode}, timeout: {timeout}, priority: {priority} }}"
            )
            .unwrap();
        }
        let motifs: Vec<String> = self.matrix.iter().map(u32::to_string).collect();
        let mut keys = vec!["color: [red]".to_owned(), format!("number: [{}]", motifs.join(", "))];
        if self.matrix_has_place {
            keys.push("place: [desk]".to_owned());
        }
        if self.matrix_is_turned {
            keys.reverse();
        }
        let text = "a {{ color }} mug n{{ number }}x in the caf\u{e9} --ar 4:5";
        let keys = keys.join(", ");
        writeln!(
            yaml,
            "  - {{ id: hero, prompt: \"{text}\", mode: fast, timeout: 300, matrix: {{ {keys} }} }}"
        )
        .unwrap();
        yaml
    }
}
