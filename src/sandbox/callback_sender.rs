//! Sends callbacks over HTTP, with retries.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Client;

/// How often a callback is sent at most.
const ATTEMPTS: u32 = 3;
/// The delay before the second attempt, which grows with each further one.
const RETRY_DELAY: Duration = Duration::from_millis(200);
/// The timeout of an attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends callbacks.
#[derive(Debug, Default)]
pub(super) struct CallbackSender {
    /// Built when the first callback is due: most runs have none, and loading certificates takes a
    /// while.
    client: OnceLock<Option<Client>>,
}

impl CallbackSender {
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

    /// Posts a callback, with retries. Returns whether it was answered with 2xx.
    pub(super) async fn post(&self, url: &str, body: &str) -> bool {
        let Some(client) = self.client() else { return false };
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(RETRY_DELAY * attempt).await;
            }
            let request = client.post(url).header("content-type", "application/json").body(body.to_owned());
            if request.send().await.is_ok_and(|reply| reply.status().is_success()) {
                return true;
            }
        }
        false
    }
}
