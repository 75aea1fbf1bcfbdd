//! Retries: tonic has none of its own, and reads no service config.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::inferd::{GenerateRequest, GenerateResponse};
use crate::{Generation, MINUTE};

/// Makes a call, again where the server says when, until a minute has passed.
pub async fn generate_patiently(
    mut generation: Generation,
    message: GenerateRequest,
) -> Result<GenerateResponse, Status> {
    let deadline = Instant::now() + MINUTE;
    loop {
        let mut request = Request::new(message.clone());
        request.set_timeout(deadline - Instant::now());
        let status = match generation.generate(request).await {
            Ok(response) => return Ok(response.into_inner()),
            Err(status) => status,
        };
        match delay(&status) {
            Some(delay) if Instant::now() + delay < deadline => sleep(delay).await,
            _ => return Err(status),
        }
    }
}

/// When to make a failed call again: after the time that the server says, or soon where it was not there to say one.
fn delay(status: &Status) -> Option<Duration> {
    match status.get_details_retry_info() {
        Some(retry) => retry.retry_delay,
        None => (status.code() == Code::Unavailable).then_some(Duration::from_millis(500)),
    }
}
