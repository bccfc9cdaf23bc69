//! `mjbatch status`: where a batch stands, read from its state, also while it runs.

use std::io::Write as _;

use serde_json::json;

use super::args::StatusArgs;
use super::attempts;
use super::by;
use super::exit::Exit;
use super::failure::Failure;
use super::settings::{self, Files};
use crate::figures::Shown;
use crate::progress::counts_line;
use crate::store::{DeliveryCount, FilesCount, Header, StoreError, Undelivered};
use crate::task::{Counts, Quota, Status};
use crate::text;

/// At most so many that were not told yet are in the JSON, and in the text.
const MOST_UNTOLD: u32 = 1000;
const MOST_SHOWN: usize = 5;

/// Shows where a batch stands.
pub(super) fn status(args: StatusArgs) -> Result<Exit, Failure> {
    let files = Files::of(&args.manifest, &args.place, Vec::new());
    if args.attempts {
        return attempts::attempts(&args, &files);
    }
    let standing = Standing::read(&files, &args)?;
    let resolve = settings::command_for("resolve", &args.manifest, &args.place, &[]);
    let resolve = Some(resolve).filter(|_| standing.counts.of(Status::Unknown) > 0);
    let text =
        if args.json { standing.json(&files, resolve) } else { standing.text(&files, resolve.as_deref()) };
    let _ = anstream::stdout().write_all(text.as_bytes());
    Ok(Exit::Success)
}

struct Standing {
    header: Header,
    holder: Option<String>,
    counts: Counts,
    spent: Option<Quota>,
    files: FilesCount,
    deliveries: DeliveryCount,
    undelivered: Vec<Undelivered>,
    by: Vec<Shown>,
}

impl Standing {
    fn read(files: &Files, args: &StatusArgs) -> Result<Standing, Failure> {
        let opening = |e| match e {
            StoreError::Absent(path) => Failure::never_run(&path.into()),
            e => Failure::opening(&e),
        };
        let snapshot = files.store.snapshot().map_err(opening)?;
        let header = snapshot.header().map_err(opening)?;
        let variables = by::variables(&args.by, &header.columns)?;
        let holder = snapshot.holder().map(str::to_owned);
        let read = || {
            let most = if args.json { by::MOST_IN_JSON } else { by::MOST_ON_SCREEN };
            let by = if variables.is_empty() { Vec::new() } else { snapshot.figures(&variables)? };
            let by = by.into_iter().map(|figures| figures.most(most)).collect();
            let (counts, files, spent) = (snapshot.counts()?, snapshot.files()?, snapshot.spent(None)?);
            let (deliveries, undelivered) = (snapshot.deliveries()?, snapshot.undelivered(MOST_UNTOLD)?);
            Ok(Standing { header, counts, holder, spent, files, deliveries, undelivered, by })
        };
        read().map_err(opening)
    }

    fn json(&self, files: &Files, resolve: Option<String>) -> String {
        let counts: serde_json::Map<_, _> = Status::ALL
            .iter()
            .map(|status| (status.as_str().to_owned(), self.counts.of(*status).into()))
            .collect();
        let mut object = json!({
            "batch": self.header.batch,
            "state": files.store.location().to_string(),
            "service": self.header.service,
            "running_now": self.holder,
            "total": self.counts.total(),
            "counts": counts,
            "quota": self.spent.map(|quota| quota.0 as f64 / 1000.0),
            "resolve": resolve,
        });
        if self.files != FilesCount::default() {
            object["pictures"] = json!({"brought": self.files.brought, "failed": self.files.failed});
        }
        if self.deliveries != DeliveryCount::default() {
            let untold = |it: &Undelivered| json!({"id": it.id, "tries": it.tries, "why": it.error});
            object["follow_up"] = json!({
                "told": self.deliveries.delivered,
                "not_told": self.deliveries.due,
                "first_not_told": self.undelivered.iter().map(untold).collect::<Vec<_>>(),
            });
        }
        if !self.by.is_empty() {
            object["by"] = by::json(&self.by);
        }
        text::escape_json(&format!("{object:#}\n"))
    }

    fn text(&self, files: &Files, resolve: Option<&str>) -> String {
        let mut lines = vec![
            format!("{}: {} tasks", text::sanitize_line(&self.header.batch, 80), self.counts.total()),
            format!("  {}", counts_line(&self.counts)),
        ];
        if let Some(resolve) = resolve {
            lines.push(format!("  settle what is unknown: {}", text::sanitize(resolve)));
        }
        if let Some(spent) = self.spent {
            lines.push(format!("  cost so far: {spent} quota"));
        }
        if self.files != FilesCount::default() {
            let FilesCount { brought, failed } = self.files;
            lines.push(format!("  pictures: {brought} brought to files, {failed} could not be"));
        }
        lines.extend(self.follow_up());
        lines.push(format!(
            "  state: {}, of {}",
            text::sanitize(&files.store.location().to_string()),
            self.header.service
        ));
        lines.push(match &self.holder {
            Some(holder) => format!("  running now: {}", text::sanitize_line(holder, 200)),
            None => "  not running now".to_owned(),
        });
        lines.extend(self.by.iter().flat_map(by::lines));
        lines.join("\n") + "\n"
    }

    /// What was told to others, and the first that was not.
    fn follow_up(&self) -> Vec<String> {
        let DeliveryCount { delivered, due } = self.deliveries;
        if self.deliveries == DeliveryCount::default() {
            return Vec::new();
        }
        let mut lines = vec![format!("  follow-up: {delivered} told, {due} not told yet")];
        for Undelivered { id, tries, error } in self.undelivered.iter().take(MOST_SHOWN) {
            let about =
                id.as_ref().map_or("the end of a run".to_owned(), |id| text::sanitize_line(&id.0, 60));
            let why = match (error, tries) {
                (Some(why), _) => text::sanitize_line(why, 200),
                (None, 0) => "not tried yet".to_owned(),
                (None, _) => "not written down why".to_owned(),
            };
            lines.push(format!("    {about}: {why}"));
        }
        if let Some(more) = due.checked_sub(MOST_SHOWN as u64).filter(|more| *more > 0) {
            lines.push(format!("    … and {more} more"));
        }
        lines
    }
}
