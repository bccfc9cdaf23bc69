//! `POST /midjourney/v1/job-status`: where the jobs of a list of taskIds stand.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::connection::Knife;
use super::faults::Fault;
use super::server::{Service, Strikes, garbage, in_half, whole};
use super::wire::{Refusal, read_task_ids};

const STRIKES: Strikes = Strikes {
    cut: Fault::StatusCut,
    hang: Fault::StatusHang,
    too_many: Fault::Status429,
    broken: Fault::Status500,
    html: Fault::StatusHtml,
};

pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let number = {
        let mut books = service.books();
        books.totals.statuses += 1;
        books.totals.statuses
    };
    if let Some(struck) = service.struck(&STRIKES, number, &knife).await {
        return struck;
    }
    let items = look(&service, &headers, body);
    service.lag().await;
    let items = match items {
        Ok(items) => items,
        Err(refusal) => return service.refuse(&refusal),
    };
    let spoilt = {
        let mut books = service.books();
        [Fault::StatusHalf, Fault::StatusGarbage].into_iter().find(|fault| books.strikes(*fault, number))
    };
    let whole = service.envelope(StatusCode::OK, 0, "success", data(&service, items));
    match spoilt {
        Some(Fault::StatusHalf) => in_half(&knife, whole),
        Some(_) => garbage(),
        None => whole,
    }
}

fn look(
    service: &Service,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Vec<Value>, Refusal> {
    service.account(headers)?;
    let task_ids = read_task_ids(&whole(body)?)?;
    let most = service.shape.faults.count(Fault::StatusMaxIds);
    if most.is_some_and(|most| task_ids.len() as u64 > most) {
        return Err(Refusal::new(Refusal::REQUEST, "too many taskIds"));
    }
    let mut books = service.books();
    books.totals.ids_asked += task_ids.len() as u64;
    Ok(service.shape.items(&mut books, &task_ids, service.clock.now()))
}

fn data(service: &Service, mut items: Vec<Value>) -> Option<Value> {
    match service.shape.faults.choice(Fault::StatusData) {
        "missing" => None,
        "null" => Some(Value::Null),
        "empty" => Some(json!({})),
        "object" if items.len() == 1 => items.pop(),
        _ => Some(items.into()),
    }
}
