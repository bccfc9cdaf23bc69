//! `POST /midjourney/v1/job-status`: reports the states of the jobs of a list of taskIds.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::connection::CutHandle;
use super::faults::SandboxFault;
use super::service::{PreFaults, SandboxService, garbage, in_half, whole_body};
use super::wire::{SandboxRefusal, parse_task_ids};

const PRE_FAULTS: PreFaults = PreFaults {
    cut: SandboxFault::StatusCut,
    hang: SandboxFault::StatusHang,
    too_many: SandboxFault::Status429,
    broken: SandboxFault::Status500,
    html: SandboxFault::StatusHtml,
};

pub(super) async fn answer(
    State(service): State<Arc<SandboxService>>,
    ConnectInfo(cut_handle): ConnectInfo<CutHandle>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let number = {
        let mut accounts = service.accounts();
        accounts.totals.statuses += 1;
        accounts.totals.statuses
    };
    if let Some(reply) = service.pre_fault(&PRE_FAULTS, number, &cut_handle).await {
        return reply;
    }
    let items = find_items(&service, &headers, body);
    service.lag().await;
    let items = match items {
        Ok(items) => items,
        Err(refusal) => return service.refuse(&refusal),
    };
    let fault = {
        let mut accounts = service.accounts();
        [SandboxFault::StatusHalf, SandboxFault::StatusGarbage]
            .into_iter()
            .find(|fault| accounts.strikes(*fault, number))
    };
    let whole = service.envelope(StatusCode::OK, 0, "success", data(&service, items));
    match fault {
        Some(SandboxFault::StatusHalf) => in_half(&cut_handle, whole),
        Some(_) => garbage(),
        None => whole,
    }
}

fn find_items(
    service: &SandboxService,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Vec<Value>, SandboxRefusal> {
    service.account(headers)?;
    let task_ids = parse_task_ids(&whole_body(body)?)?;
    let most = service.shape.faults.count(SandboxFault::StatusMaxIds);
    if most.is_some_and(|most| task_ids.len() as u64 > most) {
        return Err(SandboxRefusal::new(SandboxRefusal::REQUEST, "too many taskIds"));
    }
    let mut accounts = service.accounts();
    accounts.totals.ids_asked += task_ids.len() as u64;
    Ok(service.shape.items(&mut accounts, &task_ids, service.clock.now()))
}

fn data(service: &SandboxService, mut items: Vec<Value>) -> Option<Value> {
    match service.shape.faults.choice(SandboxFault::StatusData) {
        "missing" => None,
        "null" => Some(Value::Null),
        "empty" => Some(json!({})),
        "object" if items.len() == 1 => items.pop(),
        _ => Some(items.into()),
    }
}
