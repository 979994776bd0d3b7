//! Accounts as issuers of tokens for others: where they are published, and which there are.

use std::sync::Arc;

use aws::AccountId;
use store::{Record, StoreError};

use crate::GLOBAL_SCOPE;
use crate::directory::Directory;
use crate::outbound_issuer::OutboundIssuer;
use crate::watch::Watch;

impl Directory {
    /// Says where this Arnold is reached from outside. Counts once.
    pub fn publish_at(&self, url: &str) {
        let _ = self.0.public_url.set(url.trim_end_matches('/').to_owned());
    }

    /// The URL of an account's issuer of this id: below the public address where there is
    /// one, else in AWS's form.
    pub fn outbound_issuer_url(&self, id: &str) -> String {
        match self.0.public_url.get() {
            Some(url) => format!("{url}{}{id}", OutboundIssuer::PATH),
            None => OutboundIssuer::aws_url(id),
        }
    }

    /// Whether tokens of this issuer are made here, for others.
    pub fn is_outbound_issuer(&self, issuer: &str) -> bool {
        let below = self.0.public_url.get();
        issuer.ends_with(OutboundIssuer::AWS_ENDING)
            || below.is_some_and(|url| {
                let rest = issuer.strip_prefix(url.as_str());
                rest.is_some_and(|rest| rest.starts_with(OutboundIssuer::PATH))
            })
    }

    /// The account as an issuer, if it ever was one.
    pub fn outbound_issuer(
        &self,
        account: AccountId,
    ) -> Result<Option<Arc<OutboundIssuer>>, StoreError> {
        let store = &self.0.store;
        if let Some(found) = self.0.outbound_issuers.get(&account)
            && found.1.is_current(store)
        {
            return Ok(Some(Arc::clone(&found.0)));
        }
        let mut watch = Watch::default();
        watch.before_reading(store, GLOBAL_SCOPE, OutboundIssuer::KIND, account.as_str());
        let Some(issuer) = store.get::<OutboundIssuer>(GLOBAL_SCOPE, account.as_str())? else {
            return Ok(None);
        };
        let issuer = Arc::new(issuer);
        let entry = Arc::new((Arc::clone(&issuer), watch));
        self.0.outbound_issuers.insert(account, entry);
        Ok(Some(issuer))
    }
}
