//! What the results of an earlier run say of their tasks, for a state that does not know them:
//! results that were saved under another name, or carried to another machine, must not be paid for
//! again.

use super::csv_table::{CsvRow, CsvTable};
use super::role::{ColumnRole, ResultColumn};
use crate::task::{Earlier, Images, RemoteTaskId, State};

/// What a row of results says was made of its task. `None` where nothing was sent for it.
pub(crate) fn read(table: &CsvTable, row: &CsvRow) -> Option<Box<Earlier>> {
    let cells = |wanted: ResultColumn| {
        let columns = table
            .columns
            .iter()
            .enumerate()
            .filter(move |(_, column)| column.role == ColumnRole::Result(wanted));
        columns.map(|(column, _)| row.cell(column)).filter(|cell| !cell.is_empty())
    };
    let cell = |wanted| cells(wanted).next();
    let task_id = cell(ResultColumn::TaskId).map(|id| RemoteTaskId(id.to_owned()));
    let word = cell(ResultColumn::Status).unwrap_or_default().to_ascii_lowercase();
    let state = match State::from_word(&word) {
        Some(State::Pending | State::Skipped) => return None,
        Some(State::Running | State::Submitting) if task_id.is_none() => State::Unknown,
        Some(State::Submitting) => State::Running,
        Some(state) => state,
        // A status that was lost in a spreadsheet: what has a taskId was paid for, and asking about
        // it is free.
        None if task_id.is_some() => State::Running,
        None => return None,
    };
    let images = cells(ResultColumn::Image).map(str::to_owned).collect();
    Some(Box::new(Earlier {
        state,
        task_id,
        reason: cell(ResultColumn::Reason).map(str::to_owned),
        images: Images { grid: cell(ResultColumn::Grid).map(str::to_owned), urls: images },
        quota: cell(ResultColumn::Quota).and_then(|quota| quota.parse().ok()),
        submitted_at: cell(ResultColumn::SubmittedAt).and_then(|at| at.parse().ok()),
        finished_at: cell(ResultColumn::FinishedAt).and_then(|at| at.parse().ok()),
    }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::manifest::parse;
    use crate::task::{Earlier, State};

    const HEADER: &str = "id,sku,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at";

    fn earlier_of(row: &str) -> Option<Earlier> {
        let csv = format!("{HEADER}\n{row}\n");
        let path = Path::new("picks.csv");
        let manifest = parse(path, csv.as_bytes()).unwrap();
        manifest.tasks().next().unwrap().earlier.map(|earlier| *earlier)
    }

    #[test]
    fn a_row_says_what_was_made_of_its_task() {
        let done = earlier_of(
            "a,S-1,job-1,done,fast,a mug,,g.png,1.png,2.png,3.png,4.png,1,4,2026-03-01T08:00:00Z,2026-03-01T08:01:00Z",
        );
        let done = done.unwrap();
        assert_eq!((done.state, done.task_id.unwrap().0.as_str()), (State::Done, "job-1"));
        assert_eq!((done.images.grid.as_deref(), done.images.urls.len()), (Some("g.png"), 4));
        assert_eq!(
            (done.quota.unwrap().0, done.submitted_at.unwrap().to_string()),
            (4000, "2026-03-01T08:00:00Z".into())
        );
        assert_eq!(earlier_of("a,S-1,,pending,fast,a mug,,,,,,,0,,,"), None);
        assert_eq!(earlier_of("a,S-1,,skipped,fast,a mug,,,,,,,0,,,"), None);
    }

    #[test]
    fn whatever_a_spreadsheet_did_to_the_status_nothing_with_a_taskid_is_new() {
        let state = |task_id: &str, status: &str| {
            earlier_of(&format!("a,S-1,{task_id},{status},fast,a mug,,,,,,,1,,,"))
                .map(|earlier| earlier.state)
        };
        assert_eq!(state("job-1", "Done"), Some(State::Done));
        assert_eq!(state("job-1", ""), Some(State::Running));
        assert_eq!(state("job-1", "erledigt"), Some(State::Running));
        assert_eq!(state("job-1", "running"), Some(State::Running));
        assert_eq!(state("", "running"), Some(State::Unknown));
        assert_eq!(state("", "unknown"), Some(State::Unknown));
        assert_eq!(state("job-1", "lost"), Some(State::Lost));
        assert_eq!(state("", "failed"), Some(State::Failed));
        assert_eq!(state("", ""), None);
    }
}
