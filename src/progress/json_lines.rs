//! One JSON object per line, for programs. The names of events and fields are a contract,
//! documented at [`JsonLines`].
//!
//! The words of `notice` and `stop`, unlike their sentences, never change, so they are spelled out
//! here rather than derived from the names of the variants.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::event::RunEvent;
use super::notice::Notice;
use super::run_progress::RunProgress;
use super::sink::Sink;
use super::summary::Summary;
use super::wording::counts_line;
use crate::task::{Counts, Quota, Status};
use crate::text::escape_json;

/// Writes one JSON object per line. The format is a stable contract: fields are added, never
/// renamed or removed, and a reader must ignore fields and events that it does not know.
///
/// Every line has `event` (which one), `at` (RFC 3339, UTC, milliseconds), `elapsed_s` (seconds
/// since the run began), `counts` (the number of tasks for each of `pending running done failed
/// unknown lost skipped`), `slots`, `in_slots` and `remaining` (tasks that this run still has to
/// finish), all of them with the event included. Besides these:
///
/// | event | fields |
/// | --- | --- |
/// | `started` | `batch`, `service`, `state`, `results` (paths) |
/// | `submitted` | `id`, `task_id` |
/// | `ended` | `id`, `status`, `task_id`, `reason`, `took_s`, `grid`, `images`; null where not known |
/// | `retrying` | `id`, `task_id`, `reason`: the attempt failed, or its outcome is unknown, and the task will be resent |
/// | `notice` | `notice` (which one), `level` (`note`, `warning`, `error`), `text` (one sentence, may be reworded), and what the notice knows: `slots`, `asked`, `seconds`, `why`, `running`, `tasks`, `submits`, `left`, `in_a_row`, `id`, `what`, `address`, `url`, `path` under `detail` |
/// | `finished` | `batch`, `stop` (`finished`, `nothing_to_do`, `interrupted`, `key_refused`, `quota_gone`, `unreachable`, `state_not_written`, `limit_reached`, `budget_reached`, `time_over`, `not_awaited`, `breaker`, `chosen_done`, `pilot_done`), `stop_text`, `troubles` (`status`, `reason`, `count`, `example`), `left_running`, `quota_run`, `quota_batch`, `results` (the first file), `all_results` (all of them), `state`, `resolve`, `next`; null where not known |
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// Creates a sink that writes to `out`.
    pub fn new(out: W) -> Self {
        JsonLines { out }
    }
}

impl<W: Write + Send> Sink for JsonLines<W> {
    fn event(&mut self, event: &RunEvent, now: &RunProgress) {
        let mut line = Map::new();
        let (word, fields) = event_fields(event);
        line.insert("event".to_owned(), word.into());
        line.insert("at".to_owned(), format!("{:.3}", now.at).into());
        line.insert("elapsed_s".to_owned(), seconds(now.elapsed));
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        line.insert("counts".to_owned(), counts(&now.counts));
        line.insert("slots".to_owned(), now.slots.into());
        line.insert("in_slots".to_owned(), now.in_slots.into());
        line.insert("remaining".to_owned(), now.remaining.into());
        let _ = writeln!(self.out, "{}", escape_json(&Value::Object(line).to_string()));
        let _ = self.out.flush();
    }
}

/// The word of an event and its own fields.
fn event_fields(event: &RunEvent) -> (&'static str, Value) {
    match event {
        RunEvent::Started { batch, service, state, results } => {
            ("started", json!({"batch": batch, "service": service, "state": state, "results": path(results)}))
        }
        RunEvent::Submitted { id, task_id } => ("submitted", json!({"id": id, "task_id": task_id})),
        RunEvent::Ended { id, status, task_id, reason, took, images } => (
            "ended",
            json!({
                "id": id,
                "status": status,
                "task_id": task_id,
                "reason": reason,
                "took_s": took.map(seconds),
                "grid": images.grid,
                "images": images.urls,
            }),
        ),
        RunEvent::Retrying { id, task_id, reason } => {
            ("retrying", json!({"id": id, "task_id": task_id, "reason": reason}))
        }
        RunEvent::Notice(notice) => {
            let (word, detail) = notice_detail(notice);
            let level = notice.level().as_str();
            ("notice", json!({"notice": word, "level": level, "text": notice.to_string(), "detail": detail}))
        }
        RunEvent::Finished(summary) => ("finished", finished(summary)),
    }
}

/// The word of a notice and the facts in it.
fn notice_detail(notice: &Notice) -> (&'static str, Value) {
    match notice {
        Notice::SlotsLearned { slots, asked } => ("slots_learned", json!({"slots": slots, "asked": asked})),
        Notice::BackingOff { wait, why } => ("backing_off", json!({"seconds": seconds(*wait), "why": why})),
        Notice::Unreachable { since, why } => {
            ("unreachable", json!({"seconds": seconds(*since), "why": why}))
        }
        Notice::Reachable { after } => ("reachable", json!({"seconds": seconds(*after)})),
        Notice::QuotaGone { running } => ("quota_gone", json!({"running": running})),
        Notice::BudgetReached { left, running } => {
            ("budget_reached", json!({"left": left, "running": running}))
        }
        Notice::WillBeLate { tasks, deadline } => {
            ("will_be_late", json!({"tasks": tasks, "deadline": deadline}))
        }
        Notice::DeadlineOver { left } => ("deadline_over", json!({"left": left})),
        Notice::TimeOver { running, drain } => {
            ("time_over", json!({"running": running, "seconds": seconds(*drain)}))
        }
        Notice::Breaker { in_a_row, running } => {
            ("breaker", json!({"in_a_row": in_a_row, "running": running}))
        }
        Notice::Stopping { running } => ("stopping", json!({"running": running})),
        Notice::SubmitsInterrupted { tasks } => ("cut_off", json!({"tasks": tasks})),
        Notice::LateImages { id } => ("late_images", json!({"id": id})),
        Notice::Listening { address, url } => ("listening", json!({"address": address, "url": url})),
        Notice::AwaitingCallbacks { submits, at_most } => {
            ("awaiting", json!({"submits": submits, "seconds": seconds(*at_most)}))
        }
        Notice::StateGone { file, tasks, first } => {
            let first: serde_json::Map<_, _> =
                first.iter().map(|(id, task_id)| (task_id.clone(), id.0.clone().into())).collect();
            let (file, why) = (file.as_ref().ok(), file.as_ref().err());
            ("state_gone", json!({"rescued": file, "why": why, "task_ids": tasks, "first": first}))
        }
        Notice::StateNotWritten { why } => ("state_not_written", json!({"why": why})),
        Notice::NotRecorded { id, what, why } => {
            ("not_recorded", json!({"id": id, "what": what, "why": why}))
        }
        Notice::ResultsNotWritten { why } => ("results_not_written", json!({"why": why})),
        Notice::Downloads { downloaded, failed, folder, first_failed } => (
            "pictures",
            json!({
                "brought": downloaded,
                "failed": failed,
                "folder": path(folder),
                "first_failed": first_failed.as_ref().map(|(id, n, why)| json!({"id": id.0, "n": n, "why": why})),
            }),
        ),
        Notice::DownloadsNotLoaded { why } => ("pictures_not_looked_up", json!({"why": why})),
        Notice::Deliveries { delivered, pending, first_failed } => (
            "follow_up",
            json!({
                "told": delivered,
                "not_told": pending,
                "first_failed": first_failed.as_ref().map(|(id, why)| json!({"id": id, "why": why})),
            }),
        ),
        Notice::HooksDisabled { why } => ("nothing_told", json!({"why": why})),
        Notice::DeliveriesNotLoaded { why } => ("follow_up_not_looked_up", json!({"why": why})),
        Notice::ResultsLimited { path: of, what } => ("of_results", json!({"path": path(of), "what": what})),
        Notice::ResultsMoved { path: to, why } => ("results_beside", json!({"path": path(to), "why": why})),
    }
}

fn counts(counts: &Counts) -> Value {
    let words = Status::ALL.into_iter();
    words.map(|status| (status.as_str().to_owned(), counts.of(status).into())).collect::<Map<_, _>>().into()
}

/// The summary of a run as hooks get it: the fields of `finished`, and `text`, `counts` and
/// `took_s`.
pub fn summary_as_json(summary: &Summary) -> Value {
    let mut object = finished(summary);
    let pieces = counts_line(&summary.counts);
    object["text"] = format!("{}: {pieces}; {}", summary.batch, summary.stop).into();
    object["counts"] = counts(&summary.counts);
    object["took_s"] = seconds(summary.took);
    object
}

fn finished(summary: &Summary) -> Value {
    let failures: Vec<Value> = [Status::Failed, Status::Unknown, Status::Lost]
        .into_iter()
        .flat_map(|status| summary.failures.of(status))
        .map(|group| {
            json!({
                "status": group.status,
                "reason": group.reason,
                "count": group.count,
                "example": group.example,
            })
        })
        .collect();
    json!({
        "batch": summary.batch,
        "stop": summary.stop.reason.as_str(),
        "stop_text": summary.stop.to_string(),
        "troubles": failures,
        "left_running": summary.left_running,
        "quota_run": summary.cost.map(|cost| quota(cost.run)),
        "quota_batch": summary.cost.map(|cost| quota(cost.batch)),
        "results": summary.results.first().map(|first| path(first)),
        "all_results": summary.results.iter().map(|each| path(each)).collect::<Vec<_>>(),
        "state": summary.state,
        "resolve": summary.resolve,
        "next": summary.next,
    })
}

fn seconds(time: Duration) -> Value {
    // Milliseconds are below 2^53 for 285,000 years.
    (time.as_millis() as f64 / 1000.0).into()
}

fn quota(amount: Quota) -> Value {
    // A whole amount stays a whole number: `114`, not `114.0`.
    if amount.0.is_multiple_of(1000) { (amount.0 / 1000).into() } else { (amount.0 as f64 / 1000.0).into() }
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::QuotaSpent;
    use super::super::tests::{Recorder, bad, done, progress, started, with_failures};
    use super::*;
    use crate::task::{RemoteTaskId, TaskId};

    #[test]
    fn each_event_is_one_json_object_with_the_documented_fields() {
        let recorder = Recorder::default();
        let mut json = JsonLines::new(recorder.clone());
        let now = progress(62, &[(Status::Done, 1), (Status::Running, 2), (Status::Pending, 3)]);
        json.event(&started(), &now);
        json.event(
            &RunEvent::Submitted { id: TaskId("mug".into()), task_id: RemoteTaskId("T1".into()) },
            &now,
        );
        json.event(&done("mug"), &now);
        json.event(&bad("vase", Status::Unknown, "cut \u{1b}[31m off\u{9b}"), &now);
        json.event(&RunEvent::Notice(Notice::SlotsLearned { slots: 7, asked: 10 }), &now);
        let mut over = with_failures();
        over.cost = Some(QuotaSpent { run: Quota(1500), batch: Quota(114_000) });
        json.event(&RunEvent::Finished(Box::new(over)), &now);
        let text = recorder.text();
        for line in text.lines() {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(object["counts"]["pending"], 3);
        }
        assert!(!text.chars().any(|c| c != '\n' && crate::text::is_unsafe_on_screen(c)));
        let vase: serde_json::Value = serde_json::from_str(text.lines().nth(3).unwrap()).unwrap();
        assert_eq!(vase["reason"], "cut \u{1b}[31m off\u{9b}", "escaped, not changed");
        insta::assert_snapshot!(text, @r#"
        {"event":"started","at":"2026-03-01T09:01:02.250Z","elapsed_s":62.0,"batch":"spring","service":"https://api.midjourney-api.com","state":"spring.mjbatch","results":"spring.results.csv","counts":{"pending":3,"running":2,"done":1,"failed":0,"unknown":0,"lost":0,"skipped":0},"slots":10,"in_slots":2,"remaining":5}
        {"event":"submitted","at":"2026-03-01T09:01:02.250Z","elapsed_s":62.0,"id":"mug","task_id":"T1","counts":{"pending":3,"running":2,"done":1,"failed":0,"unknown":0,"lost":0,"skipped":0},"slots":10,"in_slots":2,"remaining":5}
        {"event":"ended","at":"2026-03-01T09:01:02.250Z","elapsed_s":62.0,"id":"mug","status":"done","task_id":"T-mug","reason":null,"took_s":61.5,"grid":"https://cdn/g.png","images":["https://cdn/1.png","https://cdn/2.png"],"counts":{"pending":3,"running":2,"done":1,"failed":0,"unknown":0,"lost":0,"skipped":0},"slots":10,"in_slots":2,"remaining":5}
        {"event":"ended","at":"2026-03-01T09:01:02.250Z","elapsed_s":62.0,"id":"vase","status":"unknown","task_id":null,"reason":"cut \u001b[31m off\u009b","took_s":null,"grid":null,"images":[],"counts":{"pending":3,"running":2,"done":1,"failed":0,"unknown":0,"lost":0,"skipped":0},"slots":10,"in_slots":2,"remaining":5}
        {"event":"notice","at":"2026-03-01T09:01:02.250Z","elapsed_s":62.0,"notice":"slots_learned","level":"note","text":"the service takes 7 jobs at once, not 10","detail":{"slots":7,"asked":10},"counts":{"pending":3,"running":2,"done":1,"failed":0,"unknown":0,"lost":0,"skipped":0},"slots":10,"in_slots":2,"remaining":5}
        {"event":"finished","at":"2026-03-01T09:01:02.250Z","elapsed_s":62.0,"batch":"spring","stop":"finished","stop_text":"finished","troubles":[{"status":"failed","reason":"prompt was refused by moderation","count":2,"example":"hero-red"}],"left_running":0,"quota_run":1.5,"quota_batch":114,"results":"spring.results.csv","all_results":["spring.results.csv"],"state":"spring.mjbatch","resolve":null,"next":"mjbatch run spring.yaml","counts":{"pending":3,"running":2,"done":1,"failed":0,"unknown":0,"lost":0,"skipped":0},"slots":10,"in_slots":2,"remaining":5}
        "#);
    }
}
