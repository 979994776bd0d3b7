//! Lets the OpenID Connect room fetch through the guarded way out.

use std::sync::Arc;

use oidc::{Fetch, FetchError, Fetching};
use outbound::Fetcher;

/// The guarded way out, as the key source wants it.
pub(crate) struct Guarded(pub(crate) Arc<Fetcher>);

impl Fetch for Guarded {
    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(async move {
            let fetched = self.0.get(url).await.map_err(FetchError::new)?;
            Ok(fetched.bytes.to_vec())
        })
    }

    fn get_pinned<'a>(&'a self, url: &'a str, thumbprints: &'a [String]) -> Fetching<'a> {
        Box::pin(async move {
            let fetched = self.0.get_pinned(url, thumbprints).await;
            Ok(fetched.map_err(FetchError::new)?.bytes.to_vec())
        })
    }
}
