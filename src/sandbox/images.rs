//! `GET /images/{taskId}/{1..4|grid}.png`: the pictures, drawn when they are asked for. A taskId says all that is needed, so
//! those of an earlier sandbox are served as well.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::connection::Knife;
use super::faults::Fault;
use super::jobs::Stand;
use super::server::{Service, in_half};
use super::task_id::Ticket;
use super::{page, picture};

pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    Path((task_id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let (number, struck) = {
        let mut books = service.books();
        books.totals.keys_leaked += u64::from(headers.contains_key("api-key"));
        books.totals.pictures += 1;
        let number = books.totals.pictures;
        let all = [Fault::ImageHang, Fault::Image404, Fault::Image500];
        (number, all.into_iter().find(|fault| books.strikes(*fault, number)))
    };
    match struck {
        Some(Fault::ImageHang) => return std::future::pending().await,
        Some(Fault::Image404) => return missing(),
        Some(_) => return (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response(),
        None => {}
    }
    if service.shape.faults.is_on(Fault::ImageRedirect) {
        let to = format!("/stored/{task_id}/{name}");
        return (StatusCode::FOUND, [(header::LOCATION, to)]).into_response();
    }
    let response = serve(&service, &task_id, &name).await;
    let halved = service.books().strikes(Fault::ImageHalf, number);
    if halved { in_half(&knife, response) } else { response }
}

/// Where a redirected address leads.
pub(super) async fn answer_stored(
    State(service): State<Arc<Service>>,
    Path((task_id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    service.books().totals.keys_leaked += u64::from(headers.contains_key("api-key"));
    serve(&service, &task_id, &name).await
}

async fn serve(service: &Service, task_id: &str, name: &str) -> Response {
    let now = service.clock.now();
    let shown = Ticket::of_task_id(task_id).filter(|ticket| ticket.stand(now) == Some(Stand::Done));
    let (Some(ticket), Some(which)) = (shown, Which::named(name)) else {
        return missing();
    };
    let faults = &service.shape.faults;
    let kept = faults.time(Fault::ImageExpire).map(|kept| service.speed.real_millis(kept));
    if kept.is_some_and(|kept| now >= ticket.ends_at().saturating_add(kept)) {
        return (StatusCode::GONE, "this picture has expired").into_response();
    }
    let kind = match faults.choice(Fault::ImageType) {
        "html" => return Html(page::SIGN_IN).into_response(),
        "octet" => "application/octet-stream",
        "jpeg-name" => "image/jpeg",
        _ => "image/png",
    };
    let side = service.shape.picture_side;
    // Drawing takes a processor for a while; the permit is never refused, as nobody closes the semaphore.
    let permit = service.drawing.acquire().await;
    let drawn = tokio::task::spawn_blocking(move || match which {
        Which::Single(number) => picture::single(ticket.look, ticket.aspect, number, side),
        Which::Grid => picture::grid(ticket.look, ticket.aspect, side),
    })
    .await;
    drop(permit);
    match drawn {
        Ok(file) => {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=86400")], file).into_response()
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the picture could not be drawn").into_response(),
    }
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "there is no such picture").into_response()
}

#[derive(Clone, Copy)]
enum Which {
    Single(u8),
    Grid,
}

impl Which {
    fn named(name: &str) -> Option<Self> {
        match name.strip_suffix(".png").or_else(|| name.strip_suffix(".jpg")).unwrap_or(name) {
            "grid" => Some(Which::Grid),
            number => number.parse().ok().filter(|n| (1..=picture::SINGLES).contains(n)).map(Which::Single),
        }
    }
}
