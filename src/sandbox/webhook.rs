//! Callbacks: a POST to the job's `hookUrl` when it ends, and every way in which one can come wrong or not at all.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::{Value, json};

use super::connection::stopping;
use super::faults::Fault;
use super::jobs::{Accepted, Stand};
use super::server::Service;

const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends callbacks.
#[derive(Debug, Default)]
pub(super) struct Postman {
    /// Made when the first callback is due: most rehearsals have none, and certificates take a while to read.
    client: OnceLock<Option<Client>>,
}

impl Postman {
    /// Sees to it that the job's callbacks are sent when they are due; early ones are sent before this returns.
    pub(super) async fn follow(&self, service: &Arc<Service>, accepted: &Accepted, hook_url: String) {
        let call = Call { service: service.clone(), accepted: accepted.clone(), hook_url };
        if accepted.ticket.lasts == 0 {
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

    fn client(&self) -> Option<&Client> {
        let build = || {
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
            let roots = roots.iter().filter_map(|der| reqwest::Certificate::from_der(der).ok());
            Client::builder()
                .tls_certs_merge(roots)
                .timeout(TIMEOUT)
                .connect_timeout(TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .build()
                .ok()
        };
        self.client.get_or_init(build).as_ref()
    }

    /// One callback, tried again where it is not taken; true if it was.
    async fn post(&self, url: &str, body: &str) -> bool {
        let Some(client) = self.client() else { return false };
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(BETWEEN_TRIES * attempt).await;
            }
            let request = client.post(url).header("content-type", "application/json").body(body.to_owned());
            if request.send().await.is_ok_and(|reply| reply.status().is_success()) {
                return true;
            }
        }
        false
    }
}

/// The callbacks of one job.
struct Call {
    service: Arc<Service>,
    accepted: Accepted,
    hook_url: String,
}

impl Call {
    async fn send_all(&self) {
        let Service { clock, shape, speed, .. } = &*self.service;
        if shape.faults.is_on(Fault::WebhookProgress) {
            self.send_item(self.accepted.ticket.accepted_at).await;
        }
        if self.strikes(Fault::WebhookForged) {
            self.send_forged().await;
        }
        let late = shape.faults.time(Fault::WebhookLate).map_or(Duration::ZERO, |late| speed.real(late));
        tokio::time::sleep(clock.until(self.accepted.ticket.ends_at()) + late).await;
        self.send_end().await;
    }

    async fn send_end(&self) {
        let ends_at = self.accepted.ticket.ends_at();
        if self.strikes(Fault::WebhookDrop) {
            return;
        }
        if self.strikes(Fault::WebhookForeign) {
            let foreign = json!({"taskId": "sbForeign-job_of-nobody", "status": 2, "failReason": "foreign"});
            self.send(&self.hook_url, &self.body(foreign)).await;
        }
        if self.strikes(Fault::WebhookMalformed) {
            self.send(&self.hook_url, "{\"status\":0,\"data\":{\"taskId\":").await;
            return;
        }
        let times = if self.strikes(Fault::WebhookDouble) { 2 } else { 1 };
        for _ in 0..times {
            self.send_item(ends_at).await;
        }
    }

    /// Calls back with the item as it was at a Unix time in milliseconds. A job that never ends says nothing then.
    async fn send_item(&self, at: u64) {
        let Accepted { ticket, task_id, .. } = &self.accepted;
        let silent = match ticket.stand(at) {
            Some(Stand::Running) => at >= ticket.ends_at(),
            Some(Stand::Failed(_)) => self.service.shape.faults.is_on(Fault::WebhookNoFailures),
            Some(Stand::Done) => false,
            None => true,
        };
        let item = self.service.shape.item(&self.service.books(), task_id, at).filter(|_| !silent);
        if let Some(item) = item {
            self.send(&self.hook_url, &self.body(Value::Object(item))).await;
        }
    }

    /// A stranger guesses: the address is right but for its token, and the news is false.
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
        let lie = json!({"taskId": self.accepted.task_id, "status": 2, "failReason": "forged"});
        self.send(url.as_str(), &self.body(lie)).await;
    }

    fn body(&self, item: Value) -> String {
        match self.service.shape.faults.choice(Fault::WebhookShape) {
            "bare" => item.to_string(),
            _ => self.service.shape.envelope(0, "success", Some(item)).to_string(),
        }
    }

    async fn send(&self, url: &str, body: &str) {
        let taken = self.service.postman.post(url, body).await;
        let mut books = self.service.books();
        let count = if taken { &mut books.totals.webhooks_sent } else { &mut books.totals.webhooks_failed };
        *count += 1;
    }

    fn strikes(&self, fault: Fault) -> bool {
        self.service.books().strikes(fault, self.accepted.number)
    }
}

/// The same with its last character changed to one that is as likely.
fn altered(text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if let Some(last) = letters.last_mut() {
        *last = if *last == '0' { '1' } else { '0' };
    }
    letters.into_iter().collect()
}
