//! Taking in the body of an answer, up to a limit.

pub(super) enum BodyFailure {
    /// It broke off.
    Lost,
    /// It is larger than we are willing to hold.
    TooLarge,
}

pub(super) async fn whole(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, BodyFailure> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyFailure::TooLarge);
    }
    let mut body = Vec::with_capacity(announced.unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|_| BodyFailure::Lost)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyFailure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
