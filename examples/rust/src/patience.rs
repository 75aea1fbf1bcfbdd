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

/// When to make a failed call again: when the server says, or soon where no server was there to say.
fn delay(status: &Status) -> Option<Duration> {
    let details = status.get_error_details();
    if let Some(retry) = details.retry_info() {
        return retry.retry_delay;
    }
    let was_reached = details.error_info().is_some();
    (status.code() == Code::Unavailable && !was_reached).then_some(Duration::from_millis(500))
}
