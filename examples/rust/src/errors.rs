//! What a failed call says.

use std::error::Error;
use std::iter;

use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt;

/// Says in one line what an error's details say.
pub fn explain(status: &Status) -> String {
    let details = status.get_error_details();
    let reason = match details.error_info() {
        Some(info) => &info.reason,
        None => status.message(),
    };
    let mut parts = vec![format!("{:?} {reason}", code(status))];
    if let Some(bad) = details.bad_request() {
        for wrong in &bad.field_violations {
            parts.push(format!("{} {}", wrong.field, wrong.description));
        }
    }
    if let Some(delay) = details.retry_info().and_then(|retry| retry.retry_delay) {
        parts.push(format!("retry after {:.1} s", delay.as_secs_f64()));
    }
    if let Some(request) = details.request_info() {
        parts.push(format!("request {}", request.request_id));
    }
    parts.join("; ")
}

/// A call's code. Where tonic's own clock ended the call, before the server's did, tonic says that it was cancelled.
pub fn code(status: &Status) -> Code {
    let mut causes = iter::successors(status.source(), |&cause| cause.source());
    if causes.any(|cause| cause.is::<TimeoutExpired>()) {
        return Code::DeadlineExceeded;
    }
    status.code()
}
