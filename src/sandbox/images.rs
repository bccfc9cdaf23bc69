//! `GET /images/{taskId}/{1..4|grid}.png`: the images, drawn on request.
//!
//! The taskId encodes all that is needed, so images of an earlier sandbox are served as well.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::connection::CutHandle;
use super::encoded_id::EncodedId;
use super::faults::SandboxFault;
use super::job::JobState;
use super::service::{SandboxService, in_half};
use super::{drawing, html};

pub(super) async fn answer(
    State(service): State<Arc<SandboxService>>,
    ConnectInfo(cut_handle): ConnectInfo<CutHandle>,
    Path((task_id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let (number, fault) = {
        let mut accounts = service.accounts();
        accounts.totals.keys_leaked += u64::from(headers.contains_key("api-key"));
        accounts.totals.image_requests += 1;
        let number = accounts.totals.image_requests;
        let all = [SandboxFault::ImageHang, SandboxFault::Image404, SandboxFault::Image500];
        (number, all.into_iter().find(|fault| accounts.strikes(*fault, number)))
    };
    match fault {
        Some(SandboxFault::ImageHang) => return std::future::pending().await,
        Some(SandboxFault::Image404) => return missing(),
        Some(_) => return (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response(),
        None => {}
    }
    if service.shape.faults.is_on(SandboxFault::ImageRedirect) {
        let to = format!("/stored/{task_id}/{name}");
        return (StatusCode::FOUND, [(header::LOCATION, to)]).into_response();
    }
    let response = serve(&service, &task_id, &name).await;
    let is_halved = service.accounts().strikes(SandboxFault::ImageHalf, number);
    if is_halved { in_half(&cut_handle, response) } else { response }
}

/// Answers the URL that a redirected image leads to.
pub(super) async fn answer_stored(
    State(service): State<Arc<SandboxService>>,
    Path((task_id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    service.accounts().totals.keys_leaked += u64::from(headers.contains_key("api-key"));
    serve(&service, &task_id, &name).await
}

async fn serve(service: &SandboxService, task_id: &str, name: &str) -> Response {
    let now = service.clock.now();
    let done = EncodedId::decode(task_id).filter(|encoded| encoded.state_at(now) == Some(JobState::Done));
    let (Some(encoded), Some(which)) = (done, ServedImage::parse(name)) else {
        return missing();
    };
    let faults = &service.shape.faults;
    let kept = faults.time(SandboxFault::ImageExpire).map(|kept| service.speed.real_millis(kept));
    if kept.is_some_and(|kept| now >= encoded.ends_at().saturating_add(kept)) {
        return (StatusCode::GONE, "this image has expired").into_response();
    }
    let kind = match faults.choice(SandboxFault::ImageType) {
        "html" => return Html(html::SIGN_IN).into_response(),
        "octet" => "application/octet-stream",
        "jpeg-name" => "image/jpeg",
        _ => "image/png",
    };
    let side = service.shape.image_side;
    // Drawing keeps a processor busy. The semaphore is never closed, so the permit is always
    // granted.
    let permit = service.draw_permits.acquire().await;
    let drawn = tokio::task::spawn_blocking(move || match which {
        ServedImage::Single(number) => drawing::single(encoded.look, encoded.aspect, number, side),
        ServedImage::Grid => drawing::grid(encoded.look, encoded.aspect, side),
    })
    .await;
    drop(permit);
    match drawn {
        Ok(file) => {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=86400")], file).into_response()
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the image could not be drawn").into_response(),
    }
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "there is no such image").into_response()
}

/// One of the images of a job.
#[derive(Clone, Copy)]
enum ServedImage {
    Single(u8),
    Grid,
}

impl ServedImage {
    fn parse(name: &str) -> Option<Self> {
        match name.strip_suffix(".png").or_else(|| name.strip_suffix(".jpg")).unwrap_or(name) {
            "grid" => Some(ServedImage::Grid),
            number => {
                number.parse().ok().filter(|n| (1..=drawing::SINGLES).contains(n)).map(ServedImage::Single)
            }
        }
    }
}
