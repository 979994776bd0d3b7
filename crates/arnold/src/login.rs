//! `arnold login`: credentials for the AWS CLI and the SDKs, by signing in at a broker, an
//! OpenID Connect provider or a SAML provider.
//!
//! The way: somebody signs in ([`broker`], [`provider`], [`saml`]; mostly in their browser,
//! which comes back to a [`listener`] on this machine) → [`Credentials`] → kept ([`cache`]) →
//! written to a [`profile`], or printed as `credential_process` wants them.

mod broker;
mod browser;
mod cache;
mod credentials;
mod listener;
mod profile;
mod provider;
mod saml;
mod web;

use std::path::PathBuf;

use aws::{Clock as _, SystemClock};
use clap::Args;
use url::Url;

use crate::Failure;
use crate::login::cache::Cache;
use crate::login::credentials::Credentials;
use crate::login::web::Web;

/// How to sign in, and what to do with what comes of it.
#[derive(Args)]
#[command(group(clap::ArgGroup::new("way").required(true).args(["broker", "oidc", "saml"])))]
pub(crate) struct LoginOptions {
    /// Sign in at an identity broker: the address of an Arnold that has one.
    #[arg(long, value_name = "URL")]
    broker: Option<Url>,
    /// Sign in at an OpenID Connect provider: its issuer.
    #[arg(long, value_name = "ISSUER", requires_all = ["client_id", "role_arn"])]
    oidc: Option<String>,
    /// Sign in at a SAML provider: the address that starts a sign-in there. It must send its
    /// response to http://127.0.0.1:PORT/saml.
    #[arg(long, value_name = "URL", requires_all = ["principal_arn", "role_arn"])]
    saml: Option<Url>,

    /// At the broker: ask for a name and a password here, without a browser.
    #[arg(long, requires = "broker")]
    ldap: bool,
    /// At the broker: which directory, if it has several.
    #[arg(long, value_name = "NAME", requires = "ldap")]
    sign_in: Option<String>,
    /// At the broker: the name in the directory; asked for if not said.
    #[arg(long, value_name = "NAME", requires = "ldap")]
    user: Option<String>,
    /// At the broker: what to get, by its title or its role's ARN, if several things are open.
    #[arg(long, value_name = "ROLE", requires = "broker")]
    role: Option<String>,

    /// At a provider: the id under which it knows this program.
    #[arg(long, value_name = "ID", requires = "oidc")]
    client_id: Option<String>,
    /// At a provider: a file with the secret of that id, if it has one.
    #[arg(long, value_name = "FILE", requires = "oidc")]
    client_secret_file: Option<PathBuf>,
    /// At a provider: what to ask for.
    #[arg(
        long,
        value_name = "SCOPES",
        default_value = "openid",
        requires = "oidc"
    )]
    scope: String,
    /// At a provider: show a code to type on another device, instead of opening a browser here.
    #[arg(long, requires = "oidc")]
    device: bool,
    /// The role to assume.
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
    /// The SAML provider in IAM.
    #[arg(long, value_name = "ARN", requires = "saml")]
    principal_arn: Option<String>,
    /// What the role's session is called; the user's name on this machine if not said.
    #[arg(long, value_name = "NAME", requires = "oidc")]
    session_name: Option<String>,
    /// How long the credentials are to be good, in seconds.
    #[arg(long, value_name = "SECONDS", conflicts_with = "broker")]
    duration: Option<u32>,
    /// Where STS is.
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        default_value = "https://sts.amazonaws.com"
    )]
    endpoint: Url,

    /// The profile to write.
    #[arg(long, value_name = "NAME", default_value = "arnold")]
    profile: String,
    /// Print the credentials as `credential_process` wants them, instead of writing a profile.
    /// They are kept, and printed again until they end.
    #[arg(long)]
    process: bool,
    /// The port to listen on for the browser; any if not said, 35001 for SAML.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Only show the address, and open no browser.
    #[arg(long)]
    no_browser: bool,
    /// Certificate authorities to believe besides the system's, in PEM.
    #[arg(long, value_name = "FILE")]
    ca_file: Vec<PathBuf>,
}

pub(crate) fn run(options: &LoginOptions) -> Result<(), Failure> {
    crate::serve::log_to_stderr("warn");
    let cache = Cache::of(&options.identity())?;
    let now_s = SystemClock.epoch_seconds();
    if options.process
        && let Some(kept) = cache.read(now_s)
    {
        return kept.print();
    }
    let credentials = crate::serve::runtime()?.block_on(sign_in(options))?;
    cache.write(&credentials)?;
    if options.process {
        return credentials.print();
    }
    let written = profile::write(
        &options.profile,
        &credentials,
        options.endpoint().as_deref(),
    )?;
    eprintln!(
        "The profile `{}` in `{}` is good until {}. Use it with `--profile {}`.",
        options.profile,
        written.display(),
        credentials.expiration,
        options.profile,
    );
    Ok(())
}

async fn sign_in(options: &LoginOptions) -> Result<Credentials, Failure> {
    let web = Web::new(&options.ca_file);
    if let Some(broker) = &options.broker {
        return match options.ldap {
            true => broker::by_password(options, broker, &web).await,
            false => broker::by_browser(options, broker, &web).await,
        };
    }
    if let Some(issuer) = &options.oidc {
        return provider::sign_in(options, issuer, &web).await;
    }
    if let Some(address) = &options.saml {
        return saml::sign_in(options, address, &web).await;
    }
    Err("say `--broker`, `--oidc` or `--saml`".into())
}

impl LoginOptions {
    /// What tells these credentials from others: everything that decides whose they are.
    fn identity(&self) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let url = |value: &Option<Url>| value.as_ref().map(Url::to_string).unwrap_or_default();
        vec![
            url(&self.broker),
            text(&self.oidc),
            url(&self.saml),
            text(&self.sign_in),
            text(&self.user),
            text(&self.role),
            text(&self.client_id),
            self.scope.clone(),
            text(&self.role_arn),
            text(&self.principal_arn),
            text(&self.session_name),
            self.duration.unwrap_or_default().to_string(),
            self.endpoint.to_string(),
        ]
    }

    /// Where the credentials count, if not at AWS.
    fn endpoint(&self) -> Option<String> {
        let endpoint = self.broker.as_ref().unwrap_or(&self.endpoint);
        let is_aws = endpoint
            .host_str()
            .is_some_and(|host| host == "amazonaws.com" || host.ends_with(".amazonaws.com"));
        (!is_aws).then(|| endpoint.origin().ascii_serialization())
    }
}
