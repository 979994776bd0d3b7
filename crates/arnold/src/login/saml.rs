//! Signing in at a SAML provider, whose response the browser posts to this machine. It goes to
//! AssumeRoleWithSAML, which verifies it.

use http::Method;
use url::Url;

use crate::Failure;
use crate::login::credentials::Credentials;
use crate::login::listener::{Awaited, Listener, Parameters};
use crate::login::web::Web;
use crate::login::{LoginOptions, browser};

/// Where providers send responses that AWS's own VPN client takes: many know it already.
const PORT: u16 = 35_001;

const RESPONSE: &str = "SAMLResponse";

/// Signs in, and assumes the role.
pub(super) async fn sign_in(
    options: &LoginOptions,
    address: &Url,
    web: &Web,
) -> Result<Credentials, Failure> {
    let listener = Listener::open(Some(options.port.unwrap_or(PORT))).await?;
    let posted = Awaited {
        method: &Method::POST,
        path: "/saml",
    };
    browser::open(address.as_str(), options.no_browser);
    let came = listener.wait(posted, has_response, "").await?;
    let response = came.get(RESPONSE).map(String::as_str).unwrap_or_default();
    let duration = options.duration.map(|seconds| seconds.to_string());
    let mut parameters = vec![
        ("RoleArn", options.role_arn.as_deref().unwrap_or_default()),
        (
            "PrincipalArn",
            options.principal_arn.as_deref().unwrap_or_default(),
        ),
        ("SAMLAssertion", response),
    ];
    if let Some(duration) = &duration {
        parameters.push(("DurationSeconds", duration));
    }
    web.sts(&options.endpoint, "AssumeRoleWithSAML", &parameters)
        .await
}

fn has_response(parameters: &Parameters, _: &str) -> bool {
    parameters.contains_key(RESPONSE)
}
