//! `POST /midjourney/v1/submit-jobs`: accepts and bills a job or refuses it, unless a fault strikes
//! before.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::accounts::AcceptedSubmit;
use super::connection::CutHandle;
use super::faults::SandboxFault;
use super::service::{PreFaults, SandboxService, cut, garbage, in_half, whole_body};
use super::webhook;
use super::wire::{ReceivedSubmit, SandboxRefusal};

const PRE_FAULTS: PreFaults = PreFaults {
    cut: SandboxFault::SubmitCut,
    hang: SandboxFault::SubmitHang,
    too_many: SandboxFault::Submit429,
    broken: SandboxFault::Submit500,
    html: SandboxFault::SubmitHtml,
};

pub(super) async fn answer(
    State(service): State<Arc<SandboxService>>,
    ConnectInfo(cut_handle): ConnectInfo<CutHandle>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let number = {
        let mut accounts = service.accounts();
        accounts.totals.submits += 1;
        accounts.totals.submits
    };
    if let Some(reply) = service.pre_fault(&PRE_FAULTS, number, &cut_handle).await {
        return reply;
    }
    match accept(&service, &headers, body, number) {
        Ok((accepted, hook_url)) => {
            if let Some(hook_url) = hook_url {
                webhook::schedule(&service, &accepted, hook_url).await;
            }
            reply(&service, &accepted, number, &cut_handle).await
        }
        Err(refusal) => {
            service.lag().await;
            service.refuse(&refusal)
        }
    }
}

fn accept(
    service: &SandboxService,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    number: u64,
) -> Result<(AcceptedSubmit, Option<String>), SandboxRefusal> {
    let account = service.account(headers)?;
    let submit = ReceivedSubmit::parse(&whole_body(body)?)?;
    let hook_url = submit.hook_url.clone();
    let accepted = service.accounts().submit(service.clock.now(), &account, submit, number)?;
    Ok((accepted, hook_url))
}

/// Replies to a job that is accepted and billed, unless a fault spoils the reply.
async fn reply(
    service: &SandboxService,
    accepted: &AcceptedSubmit,
    number: u64,
    cut_handle: &CutHandle,
) -> Response {
    let fault = {
        let mut accounts = service.accounts();
        let all = [
            SandboxFault::AcceptCut,
            SandboxFault::AcceptHalf,
            SandboxFault::AcceptHang,
            SandboxFault::Accept500,
            SandboxFault::AcceptGarbage,
        ];
        all.into_iter().find(|fault| accounts.strikes(*fault, number))
    };
    let data = match service.shape.faults.choice(SandboxFault::AcceptData) {
        "missing" => None,
        "null" => Some(Value::Null),
        "empty" => Some(json!({})),
        "no-id" => Some(json!({"taskId": ""})),
        _ => Some(json!({"taskId": accepted.task_id})),
    };
    if fault.is_none() && service.shape.faults.choice(SandboxFault::AcceptData) == "whole" {
        service.accounts().mark_reply_sent(accepted.number);
    }
    service.lag().await;
    let whole = service.envelope(StatusCode::OK, 0, "success", data);
    match fault {
        None => whole,
        Some(SandboxFault::AcceptCut) => cut(cut_handle),
        Some(SandboxFault::AcceptHalf) => in_half(cut_handle, whole),
        Some(SandboxFault::AcceptGarbage) => garbage(),
        Some(SandboxFault::AcceptHang) => std::future::pending().await,
        Some(_) => {
            service.envelope(StatusCode::INTERNAL_SERVER_ERROR, 500, "internal error", Some(Value::Null))
        }
    }
}
