//! `mjbatch status`: shows the progress of a batch from its state, also while it runs.

use std::io::Write as _;

use serde_json::json;

use super::args::StatusArgs;
use super::attempts;
use super::by;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::{options, paste};
use crate::batch::{Batch, BatchStatus};
use crate::progress::counts_line;
use crate::store::{DeliveryCount, FailedDelivery, FileCounts};
use crate::task::Status;
use crate::text;

/// How many pending deliveries the text lists.
const MOST_SHOWN: usize = 5;

/// Shows the progress of a batch.
pub(super) fn status(args: StatusArgs) -> Result<Exit, CommandFailure> {
    let batch = Batch::at(&args.manifest, options::options_of(&args.batch));
    if args.attempts {
        return attempts::attempts(&args, &batch);
    }
    let most_values = if args.json { by::MOST_IN_JSON } else { by::MOST_ON_SCREEN };
    let status = batch.status(&args.by, most_values)?;
    let resolve = paste::command_for("resolve", &args.manifest, &args.batch, &[]);
    let resolve = Some(resolve).filter(|_| status.counts.of(Status::Unknown) > 0);
    let view = StatusView { state: batch.store().location().to_string(), status, resolve };
    let text = if args.json { view.json() } else { view.text() };
    let _ = anstream::stdout().write_all(text.as_bytes());
    Ok(Exit::Success)
}

/// A status to show.
struct StatusView {
    state: String,
    status: BatchStatus,
    /// The command that resolves unknown tasks.
    resolve: Option<String>,
}

impl StatusView {
    fn json(&self) -> String {
        let status = &self.status;
        let counts: serde_json::Map<_, _> =
            Status::ALL.iter().map(|it| (it.as_str().to_owned(), status.counts.of(*it).into())).collect();
        let mut object = json!({
            "batch": status.header.batch,
            "state": self.state,
            "service": status.header.service,
            "running_now": status.holder,
            "total": status.counts.total(),
            "counts": counts,
            "quota": status.spent.map(|quota| quota.0 as f64 / 1000.0),
            "resolve": self.resolve,
        });
        if status.files != FileCounts::default() {
            object["pictures"] = json!({"brought": status.files.downloaded, "failed": status.files.failed});
        }
        if status.deliveries != DeliveryCount::default() {
            let failed = |it: &FailedDelivery| json!({"id": it.id, "tries": it.tries, "why": it.error});
            object["follow_up"] = json!({
                "told": status.deliveries.delivered,
                "not_told": status.deliveries.pending,
                "first_not_told": status.failed_deliveries.iter().map(failed).collect::<Vec<_>>(),
            });
        }
        if !status.by.is_empty() {
            object["by"] = by::json(&status.by);
        }
        text::escape_json(&format!("{object:#}\n"))
    }

    fn text(&self) -> String {
        let status = &self.status;
        let mut lines = vec![
            format!("{}: {} tasks", text::sanitize_line(&status.header.batch, 80), status.counts.total()),
            format!("  {}", counts_line(&status.counts)),
        ];
        if let Some(resolve) = &self.resolve {
            lines.push(format!("  resolve unknown tasks: {}", text::sanitize(resolve)));
        }
        if let Some(spent) = status.spent {
            lines.push(format!("  cost so far: {spent} quota"));
        }
        if status.files != FileCounts::default() {
            let FileCounts { downloaded, failed } = status.files;
            lines.push(format!("  images: {downloaded} downloaded, {failed} failed"));
        }
        lines.extend(self.follow_up());
        lines.push(format!("  state: {}, of {}", text::sanitize(&self.state), status.header.service));
        lines.push(match &status.holder {
            Some(holder) => format!("  running now: {}", text::sanitize_line(holder, 200)),
            None => "  not running now".to_owned(),
        });
        lines.extend(status.by.iter().flat_map(by::lines));
        lines.join("\n") + "\n"
    }

    /// The lines about pending deliveries, with the first that failed.
    fn follow_up(&self) -> Vec<String> {
        let status = &self.status;
        let DeliveryCount { delivered, pending } = status.deliveries;
        if status.deliveries == DeliveryCount::default() {
            return Vec::new();
        }
        let mut lines = vec![format!("  hooks: {delivered} delivered, {pending} not delivered")];
        for FailedDelivery { id, tries, error } in status.failed_deliveries.iter().take(MOST_SHOWN) {
            let about =
                id.as_ref().map_or("the end of a run".to_owned(), |id| text::sanitize_line(&id.0, 60));
            let why = match (error, tries) {
                (Some(why), _) => text::sanitize_line(why, 200),
                (None, 0) => "not tried yet".to_owned(),
                (None, _) => "no reason recorded".to_owned(),
            };
            lines.push(format!("    {about}: {why}"));
        }
        if let Some(more) = pending.checked_sub(MOST_SHOWN as u64).filter(|more| *more > 0) {
            lines.push(format!("    … and {more} more"));
        }
        lines
    }
}
