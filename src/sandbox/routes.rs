//! The routes of the sandbox: which handler answers which path.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::service::SandboxService;
use super::{images, pages, status, submit};

/// The largest body that is accepted, in bytes. A prompt of 100,000 characters fits, each as two
/// `\u` escapes.
const MAX_BODY: usize = 2 << 20;

/// Builds the router.
pub(super) fn routes(service: Arc<SandboxService>) -> Router {
    Router::new()
        .route("/midjourney/v1/submit-jobs", post(submit::answer))
        .route("/midjourney/v1/job-status", post(status::answer))
        .route("/images/{task_id}/{name}", get(images::answer))
        .route("/stored/{task_id}/{name}", get(images::answer_stored))
        .route("/ledger", get(pages::ledger))
        .route("/", get(pages::index))
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(service)
}
