//! Lets the OpenID Connect room fetch through the guarded way out.

use std::sync::Arc;

use oidc::{Fetch, FetchError, Fetching};
use outbound::{FetchRefusal, Fetcher};

/// The guarded way out, as the key source wants it.
pub(crate) struct Guarded(pub(crate) Arc<Fetcher>);

impl Fetch for Guarded {
    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(async move {
            let fetched = self.0.get(url).await.map_err(error)?;
            Ok(fetched.bytes.to_vec())
        })
    }

    fn get_pinned<'a>(&'a self, url: &'a str, thumbprints: &'a [String]) -> Fetching<'a> {
        Box::pin(async move {
            let fetched = self.0.get_pinned(url, thumbprints).await;
            Ok(fetched.map_err(error)?.bytes.to_vec())
        })
    }
}

fn error(refusal: FetchRefusal) -> FetchError {
    match refusal.is_of_authority() {
        true => FetchError::of_authority(refusal),
        false => FetchError::new(refusal),
    }
}
