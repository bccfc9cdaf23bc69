//! `POST /midjourney/v1/submit-jobs`: a job is accepted and billed, or refused, or all goes wrong on the way.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::connection::Knife;
use super::faults::Fault;
use super::jobs::Accepted;
use super::server::{Service, Strikes, cut, garbage, in_half, whole};
use super::wire::{Refusal, Submit};

const STRIKES: Strikes = Strikes {
    cut: Fault::SubmitCut,
    hang: Fault::SubmitHang,
    too_many: Fault::Submit429,
    broken: Fault::Submit500,
    html: Fault::SubmitHtml,
};

pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let number = {
        let mut books = service.books();
        books.totals.submits += 1;
        books.totals.submits
    };
    if let Some(struck) = service.struck(&STRIKES, number, &knife).await {
        return struck;
    }
    match accept(&service, &headers, body, number) {
        Ok((accepted, hook_url)) => {
            if let Some(hook_url) = hook_url {
                service.postman.follow(&service, &accepted, hook_url).await;
            }
            tell(&service, &accepted, number, &knife).await
        }
        Err(refusal) => {
            service.lag().await;
            service.refuse(&refusal)
        }
    }
}

fn accept(
    service: &Service,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    number: u64,
) -> Result<(Accepted, Option<String>), Refusal> {
    let account = service.account(headers)?;
    let submit = Submit::read(&whole(body)?)?;
    let hook_url = submit.hook_url.clone();
    let accepted = service.books().submit(service.clock.now(), &account, submit, number)?;
    Ok((accepted, hook_url))
}

/// The reply to a job that is accepted and billed, whatever becomes of the reply.
async fn tell(service: &Service, accepted: &Accepted, number: u64, knife: &Knife) -> Response {
    let spoilt = {
        let mut books = service.books();
        let all =
            [Fault::AcceptCut, Fault::AcceptHalf, Fault::AcceptHang, Fault::Accept500, Fault::AcceptGarbage];
        all.into_iter().find(|fault| books.strikes(*fault, number))
    };
    let data = match service.shape.faults.choice(Fault::AcceptData) {
        "missing" => None,
        "null" => Some(Value::Null),
        "empty" => Some(json!({})),
        "no-id" => Some(json!({"taskId": ""})),
        _ => Some(json!({"taskId": accepted.task_id})),
    };
    if spoilt.is_none() && service.shape.faults.choice(Fault::AcceptData) == "whole" {
        service.books().tell(accepted.number);
    }
    service.lag().await;
    let whole = service.envelope(StatusCode::OK, 0, "success", data);
    match spoilt {
        None => whole,
        Some(Fault::AcceptCut) => cut(knife),
        Some(Fault::AcceptHalf) => in_half(knife, whole),
        Some(Fault::AcceptGarbage) => garbage(),
        Some(Fault::AcceptHang) => std::future::pending().await,
        Some(_) => {
            service.envelope(StatusCode::INTERNAL_SERVER_ERROR, 500, "internal error", Some(Value::Null))
        }
    }
}
