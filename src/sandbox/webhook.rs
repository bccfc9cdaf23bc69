//! The callbacks of a job: a POST to its `hookUrl` when it ends, with every fault that a callback
//! can have.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};

use super::accounts::AcceptedSubmit;
use super::connection::stopping;
use super::faults::SandboxFault;
use super::job::JobState;
use super::service::SandboxService;

/// Schedules the callbacks of a job. Early ones are sent before this returns.
pub(super) async fn schedule(service: &Arc<SandboxService>, accepted: &AcceptedSubmit, hook_url: String) {
    let call = JobCallbacks { service: service.clone(), accepted: accepted.clone(), hook_url };
    if accepted.encoded.lasts == 0 {
        return call.send_end().await;
    }
    tokio::spawn(async move {
        let stopped = call.service.stopped.clone();
        tokio::select! {
            () = call.send_all() => {}
            () = stopping(stopped) => {}
        }
    });
}

/// The callbacks of one job.
struct JobCallbacks {
    service: Arc<SandboxService>,
    accepted: AcceptedSubmit,
    hook_url: String,
}

impl JobCallbacks {
    async fn send_all(&self) {
        let SandboxService { clock, shape, speed, .. } = &*self.service;
        if shape.faults.is_on(SandboxFault::WebhookProgress) {
            self.send_item(self.accepted.encoded.accepted_at).await;
        }
        if self.strikes(SandboxFault::WebhookForged) {
            self.send_forged().await;
        }
        let late =
            shape.faults.time(SandboxFault::WebhookLate).map_or(Duration::ZERO, |late| speed.real(late));
        tokio::time::sleep(clock.until(self.accepted.encoded.ends_at()) + late).await;
        self.send_end().await;
    }

    async fn send_end(&self) {
        let ends_at = self.accepted.encoded.ends_at();
        if self.strikes(SandboxFault::WebhookDrop) {
            return;
        }
        if self.strikes(SandboxFault::WebhookForeign) {
            let foreign = json!({"taskId": "sbForeign-job_of-nobody", "status": 2, "failReason": "foreign"});
            self.send(&self.hook_url, &self.body(foreign)).await;
        }
        if self.strikes(SandboxFault::WebhookMalformed) {
            self.send(&self.hook_url, "{\"status\":0,\"data\":{\"taskId\":").await;
            return;
        }
        let times = if self.strikes(SandboxFault::WebhookDouble) { 2 } else { 1 };
        for _ in 0..times {
            self.send_item(ends_at).await;
        }
    }

    /// Calls back with the item as of a Unix time in milliseconds. A job that never ends sends none
    /// at its end.
    async fn send_item(&self, at: u64) {
        let AcceptedSubmit { encoded, task_id, .. } = &self.accepted;
        let is_silent = match encoded.state_at(at) {
            Some(JobState::Running) => at >= encoded.ends_at(),
            Some(JobState::Failed(_)) => self.service.shape.faults.is_on(SandboxFault::WebhookNoFailures),
            Some(JobState::Done) => false,
            None => true,
        };
        let item = self.service.shape.item(&self.service.accounts(), task_id, at).filter(|_| !is_silent);
        if let Some(item) = item {
            self.send(&self.hook_url, &self.body(Value::Object(item))).await;
        }
    }

    /// Sends a forged callback: to the URL with a wrong token, with a false status.
    async fn send_forged(&self) {
        let Ok(mut url) = Url::parse(&self.hook_url) else { return };
        let path: String = url.path().trim_end_matches('/').to_owned();
        match path.rsplit_once('/') {
            Some((front, token)) if !token.is_empty() => url.set_path(&format!("{front}/{}", altered(token))),
            _ => url.set_path("/forged"),
        }
        if let Some(query) = url.query().map(altered) {
            url.set_query(Some(&query));
        }
        let forged = json!({"taskId": self.accepted.task_id, "status": 2, "failReason": "forged"});
        self.send(url.as_str(), &self.body(forged)).await;
    }

    fn body(&self, item: Value) -> String {
        match self.service.shape.faults.choice(SandboxFault::WebhookShape) {
            "bare" => item.to_string(),
            _ => self.service.shape.envelope(0, "success", Some(item)).to_string(),
        }
    }

    async fn send(&self, url: &str, body: &str) {
        let is_taken = self.service.callbacks.post(url, body).await;
        let mut accounts = self.service.accounts();
        let count =
            if is_taken { &mut accounts.totals.webhooks_sent } else { &mut accounts.totals.webhooks_failed };
        *count += 1;
    }

    fn strikes(&self, fault: SandboxFault) -> bool {
        self.service.accounts().strikes(fault, self.accepted.number)
    }
}

/// Changes the last character of a text, to a digit.
fn altered(text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if let Some(last) = letters.last_mut() {
        *last = if *last == '0' { '1' } else { '0' };
    }
    letters.into_iter().collect()
}
