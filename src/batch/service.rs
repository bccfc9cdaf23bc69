//! The service that a batch runs against: a URL and a key.

use secrecy::SecretString;

use super::BatchError;
use crate::api::{Client, DEFAULT_BASE_URL, Endpoint};

/// The identity of a sandbox in a state.
pub(super) const SANDBOX: &str = "the sandbox";

/// The environment variables of the API key and of the service's URL, named as in the vendor's
/// samples.
const KEY: &str = "MIDJOURNEY_API_KEY";
const BASE_URL: &str = "MIDJOURNEY_API_BASE_URL";

/// A service, ready to be used.
#[derive(Debug)]
pub struct Service {
    pub(super) client: Client,
    /// The URL.
    pub(super) address: String,
    /// The identity in a state: the taskIds of one service mean nothing at another.
    pub(super) identity: String,
    /// The URL, for people.
    pub(super) shown: String,
    is_local: bool,
    /// A note about its images, to be shown at the end of a run.
    pub(super) note: Option<String>,
}

impl Service {
    /// A service at a URL, with a key.
    ///
    /// # Errors
    ///
    /// [`BatchError::Client`] if no client can be made of them.
    pub fn new(endpoint: &Endpoint, key: &SecretString) -> Result<Service, BatchError> {
        let client = Client::new(endpoint, key).map_err(|e| BatchError::Client(e.to_string()))?;
        Ok(Service {
            client,
            address: endpoint.to_string(),
            identity: endpoint.identity(),
            shown: endpoint.to_string(),
            is_local: endpoint.is_local(),
            note: None,
        })
    }

    /// A sandbox at a URL. It takes any key.
    ///
    /// # Errors
    ///
    /// [`BatchError::Client`] if no client can be made of it.
    pub fn sandbox(endpoint: &Endpoint) -> Result<Service, BatchError> {
        let service = Service::new(endpoint, &"sandbox".into())?;
        let shown = format!("{SANDBOX} ({endpoint})");
        Ok(Service { identity: SANDBOX.to_owned(), shown, is_local: true, ..service })
    }

    /// The service of the environment: `MIDJOURNEY_API_KEY`, and `MIDJOURNEY_API_BASE_URL` where it
    /// is set.
    ///
    /// # Errors
    /// [`BatchError::NoKey`], or [`BatchError::Client`] where the address is none.
    pub fn from_env() -> Result<Service, BatchError> {
        let read = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let key = read(KEY).ok_or(BatchError::NoKey(KEY))?;
        let address = read(BASE_URL).unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        let endpoint = Endpoint::parse(&address).map_err(|e| BatchError::Client(e.to_string()))?;
        Service::new(&endpoint, &key.into())
    }

    /// Adds a note about its images, to be shown at the end of a run.
    #[must_use]
    pub fn with_note(self, note: String) -> Service {
        Service { note: Some(note), ..self }
    }

    /// Whether the service is on this machine.
    pub fn is_local(&self) -> bool {
        self.is_local
    }
}
