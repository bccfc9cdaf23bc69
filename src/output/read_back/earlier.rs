//! What results say was made of their tasks, for a batch whose state is gone.
//!
//! The results of the version before are read too, which had no refs. Whatever a spreadsheet did to
//! them, a task with a taskId was submitted.

use std::collections::HashMap;
use std::path::Path;

use super::{ReturnedRow, TableOrigin, scan_with};
use crate::diagnostic::Problems;
use crate::plan::EarlierRow;
use crate::task::{Earlier, Images, RemoteTaskId, State, TaskId};

/// What results say was made of the tasks of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EarlierResults {
    /// The letters of the batch, where the results have refs.
    pub batch: Option<String>,
    /// The tasks for which something was submitted, in the order of the results.
    pub rows: Vec<EarlierRow>,
}

/// Reads what results say was made of their tasks. A table that is not results says nothing.
///
/// # Errors
/// Where the file cannot be read, or is not a whole table: what is wrong, and where.
pub fn read_earlier(path: &Path) -> Result<EarlierResults, Problems> {
    let mut found = EarlierRows::default();
    let table = scan_with(path, true, &mut |row| found.add(row))?;
    Ok(match table.origin {
        TableOrigin::Foreign => EarlierResults::default(),
        _ => found.finish(table.has_prompts),
    })
}

/// The rows so far. A table may have several rows of one task, one for each of its images.
#[derive(Default)]
struct EarlierRows {
    batch: Option<String>,
    rows: Vec<(EarlierRow, Vec<(u16, String)>)>,
    /// The row of a task in a table by image, by its id, its taskId and its prompt.
    by_image: HashMap<(String, String, String), usize>,
}

impl EarlierRows {
    fn add(&mut self, row: ReturnedRow) {
        if let Some(row_ref) = &row.row_ref {
            self.batch.get_or_insert_with(|| row_ref.batch.clone());
        }
        let Some(state) = state_of(&row) else { return };
        let key = (row.id.clone(), row.task_id.clone(), row.prompt.clone());
        let n = row.image;
        let known = n.and_then(|_| self.by_image.get(&key).copied());
        let place = known.unwrap_or_else(|| {
            self.rows.push((earlier_row(&row, state), Vec::new()));
            self.rows.len() - 1
        });
        if n.is_some() {
            self.by_image.insert(key, place);
        }
        let images = row.outcome.into_iter().filter(|(name, _)| name.starts_with("image"));
        self.rows[place].1.extend(images.map(|(_, url)| (n.unwrap_or_default(), url)));
    }

    fn finish(self, has_prompts: bool) -> EarlierResults {
        let rows = self.rows.into_iter().map(|(mut row, mut images)| {
            images.sort_by_key(|(n, _)| *n);
            row.earlier.images.urls = images.into_iter().map(|(_, url)| url).collect();
            row.prompt = row.prompt.filter(|_| has_prompts);
            row
        });
        EarlierResults { batch: self.batch, rows: rows.collect() }
    }
}

fn earlier_row(row: &ReturnedRow, state: State) -> EarlierRow {
    let cell = |name: &str| row.outcome.iter().find(|(other, _)| other == name).map(|(_, cell)| cell.clone());
    let task_id = (!row.task_id.is_empty()).then(|| RemoteTaskId(row.task_id.clone()));
    let earlier = Earlier {
        state,
        task_id,
        reason: cell("reason"),
        images: Images { grid: cell("grid"), urls: Vec::new() },
        quota: cell("quota").and_then(|quota| quota.parse().ok()),
        submitted_at: cell("submitted_at").and_then(|at| at.parse().ok()),
        finished_at: cell("finished_at").and_then(|at| at.parse().ok()),
    };
    EarlierRow { id: TaskId(row.id.clone()), prompt: Some(row.prompt.clone()), earlier }
}

/// Where the task of a row stands; `None` where nothing was submitted for it.
fn state_of(row: &ReturnedRow) -> Option<State> {
    let has_task_id = !row.task_id.is_empty();
    match State::from_word(&row.status.to_ascii_lowercase()) {
        Some(State::Running | State::Submitting) if !has_task_id => Some(State::Unknown),
        Some(State::Submitting) => Some(State::Running),
        Some(State::Pending | State::Skipped) | None if has_task_id => Some(State::Running),
        Some(State::Pending | State::Skipped) | None => None,
        Some(state) => Some(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> EarlierResults {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read_earlier(&path).unwrap()
    }

    const HEADER: &str = "id,sku,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at";

    #[test]
    fn a_row_says_what_was_made_of_its_task_with_a_ref_or_without() {
        let row = "a,S-1,job-1,done,fast,a mug,,g.png,1.png,2.png,3.png,4.png,1,4,2026-03-01T08:00:00Z,2026-03-01T08:01:00Z";
        let without = read("a.results.csv", &format!("{HEADER}\n{row}\n"));
        let with = read("b.results.csv", &format!("{HEADER},ref\n{row},kqzmwtpa-t1-a1\n"));
        assert_eq!((without.batch, with.batch.as_deref()), (None, Some("kqzmwtpa")));
        assert_eq!(without.rows, with.rows);
        let [EarlierRow { id, prompt, earlier }] = with.rows.try_into().unwrap();
        assert_eq!((id.0.as_str(), prompt.as_deref()), ("a", Some("a mug")));
        assert_eq!((earlier.state, earlier.task_id.unwrap().0.as_str()), (State::Done, "job-1"));
        assert_eq!(earlier.images.grid.as_deref(), Some("g.png"));
        assert_eq!(earlier.images.urls, ["1.png", "2.png", "3.png", "4.png"]);
        assert_eq!((earlier.quota.unwrap().0, earlier.reason), (4000, None));
        assert_eq!(earlier.submitted_at.unwrap().to_string(), "2026-03-01T08:00:00Z");
    }

    #[test]
    fn whatever_a_spreadsheet_did_to_the_status_nothing_with_a_taskid_is_new() {
        let state = |task_id: &str, status: &str| {
            let row = format!("a,S-1,{task_id},{status},fast,a mug,,,,,,,1,,,");
            let read = read("a.results.csv", &format!("{HEADER}\n{row}\n"));
            read.rows.first().map(|row| row.earlier.state)
        };
        assert_eq!(state("job-1", "Done"), Some(State::Done));
        for word in ["", "erledigt", "running", "pending", "skipped", "submitting"] {
            assert_eq!(state("job-1", word), Some(State::Running), "{word}");
        }
        assert_eq!(
            (state("", "running"), state("", "unknown")),
            (Some(State::Unknown), Some(State::Unknown))
        );
        assert_eq!((state("job-1", "lost"), state("", "failed")), (Some(State::Lost), Some(State::Failed)));
        assert_eq!((state("", ""), state("", "pending"), state("", "skipped")), (None, None, None));
    }

    #[test]
    fn a_table_by_image_has_one_task_for_its_rows_with_the_images_in_their_order() {
        let header =
            "id,task_id,status,mode,prompt,reason,grid,n,image,attempts,quota,submitted_at,finished_at";
        let rows = [3, 1, 2].map(|n| format!("a,job-1,done,fast,a mug,,g.png,{n},{n}.png,1,4,,"));
        let other = "b,job-2,failed,fast,a cup,blurred,,,,1,4,,";
        let table = [header, &rows[0], other, &rows[1], &rows[2]].join("\n");
        let read = read("a.results.csv", &table);
        let urls: Vec<_> = read.rows.iter().map(|row| row.earlier.images.urls.join(" ")).collect();
        assert_eq!(urls, ["1.png 2.png 3.png", ""]);
        assert_eq!(read.rows[1].earlier.reason.as_deref(), Some("blurred"));
    }

    #[test]
    fn json_lines_are_read_and_a_persons_own_table_says_nothing() {
        let line = r#"{"id":"a","status":"done","mode":"fast","prompt":"a mug","vars":{},"task_id":"job-1","reason":null,"grid":"g.png","images":["1.png","2.png"],"attempts":1,"quota":4,"submitted_at":null,"finished_at":null}"#;
        let read_line = read("a.jsonl", line);
        let earlier = &read_line.rows[0].earlier;
        assert_eq!((earlier.images.urls.len(), earlier.images.grid.as_deref()), (2, Some("g.png")));
        assert_eq!(earlier.quota.unwrap().0, 4000);
        assert_eq!(read("a.csv", "id,prompt,task_id\na,a mug,job-1\n"), EarlierResults::default());
    }
}
