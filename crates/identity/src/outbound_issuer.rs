//! An account as an issuer: whether its principals may show who they are outside.

use std::borrow::Cow;

use aws::AccountId;
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

/// The outbound identity federation of an account. Made when it is first enabled; the issuer
/// stays the same from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundIssuer {
    /// The account.
    pub account: AccountId,
    /// A UUID that nobody else has.
    pub id: String,
    /// The issuer's URL, as its tokens say it.
    pub url: String,
    /// Whether tokens are given out.
    pub enabled: bool,
}

impl OutboundIssuer {
    /// What the host of an issuer ends with in AWS's form.
    pub const AWS_ENDING: &str = ".tokens.sts.global.api.aws";

    /// Below which path of this Arnold all issuers are.
    pub const PATH: &str = "/_arnold/issuers/";

    /// The issuer's URL in AWS's form.
    pub fn aws_url(id: &str) -> String {
        format!("https://{id}{}", OutboundIssuer::AWS_ENDING)
    }
}

impl Record for OutboundIssuer {
    const KIND: &'static str = "iam.outbound-issuer";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.account.as_str())
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique("id", &self.id)]
    }
}
