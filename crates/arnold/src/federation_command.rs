//! `arnold federation debug …`: how far a captured assertion or token comes, and why no
//! further. It runs the checks that the server runs, and needs no server.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use aws::{Clock as _, SystemClock, Timestamp};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use saml::{Encryption, Expectation, Metadata, PrivateKey, Service, Sha1};

use crate::Failure;
use crate::ldap_command::{self, LdapOptions};

#[derive(Subcommand)]
pub(crate) enum FederationCommand {
    /// Explain a captured SAML response or OpenID Connect token, step by step.
    #[command(subcommand)]
    Debug(DebugCommand),
}

#[derive(Subcommand)]
pub(crate) enum DebugCommand {
    /// Explain a SAML response: XML, or base64 as browsers post it.
    Saml(SamlOptions),
    /// Explain an OpenID Connect token.
    Oidc(OidcOptions),
    /// Ask a directory about somebody, as the configuration says.
    Ldap(LdapOptions),
}

#[derive(Args)]
pub(crate) struct SamlOptions {
    /// The response; `-` reads it from standard input.
    file: PathBuf,
    /// The provider's metadata, as it was uploaded to IAM.
    #[arg(long, value_name = "FILE")]
    metadata: PathBuf,
    /// A private key in PEM that opens encrypted assertions. May be given twice.
    #[arg(long, value_name = "FILE")]
    private_key: Vec<PathBuf>,
    /// An address of your own sign-in end point, beside AWS's.
    #[arg(long, value_name = "URL")]
    sign_in_url: Vec<String>,
    /// The provider's id, if its responses are sent to an address that ends in it.
    #[arg(long, value_name = "ID")]
    provider_id: Option<String>,
    /// The name of the broker at the provider, if the response is for the broker.
    #[arg(long, value_name = "NAME", requires = "answer_to")]
    entity_id: Option<String>,
    /// Where answers to the broker go, such as https://arnold.example.com/console/broker/return/sso.
    #[arg(long, value_name = "URL", requires = "entity_id")]
    answer_to: Option<String>,
    /// The request that the response has to answer.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Let signatures over SHA-1 count.
    #[arg(long)]
    allow_sha1: bool,
    /// Refuse plain assertions.
    #[arg(long)]
    require_encryption: bool,
    /// When the response was handed in, such as 2026-01-15T12:00:00Z. By default it is now.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

#[derive(Args)]
pub(crate) struct OidcOptions {
    /// The token; `-` reads it from standard input.
    file: PathBuf,
    /// The provider's keys, as it publishes them.
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,
    /// The issuer that is expected, such as https://idp.example.com.
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// A client that the token may be made for. May be given several times.
    #[arg(long, value_name = "ID", required = true)]
    client_id: Vec<String>,
    /// When the token was handed in, such as 2026-01-15T12:00:00Z. By default it is now.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

pub(crate) fn run(command: FederationCommand) -> Result<(), Failure> {
    let FederationCommand::Debug(command) = command;
    let mut out = io::stdout().lock();
    match command {
        DebugCommand::Saml(options) => saml_response(&options, &mut out),
        DebugCommand::Oidc(options) => oidc_token(&options, &mut out),
        DebugCommand::Ldap(options) => ldap_command::run(&options, &mut out),
    }
}

fn saml_response(options: &SamlOptions, out: &mut dyn Write) -> Result<(), Failure> {
    let text = read(&options.file)?;
    let response = match text.trim_start().starts_with('<') {
        true => BASE64_STANDARD.encode(&text),
        false => text,
    };
    let metadata = Metadata::parse(&read(&options.metadata)?)?;
    let private_keys = options
        .private_key
        .iter()
        .map(|path| Ok(PrivateKey::from_pem(&read(path)?)?))
        .collect::<Result<Vec<_>, Failure>>()?;
    tell(out, "expected issuer", &metadata.entity_id)?;
    for certificate in &metadata.certificates {
        tell(
            out,
            "certificate of the metadata, SHA-256",
            &certificate.fingerprint,
        )?;
    }
    let (service, is_of_broker) = match (&options.entity_id, &options.answer_to) {
        (Some(entity_id), Some(answer_to)) => {
            let (entity_id, endpoint) = (entity_id.clone(), answer_to.clone());
            (
                Service::Other {
                    entity_id,
                    endpoint,
                },
                true,
            )
        }
        _ => {
            let (own, provider_id) = (options.sign_in_url.clone(), options.provider_id.clone());
            (Service::SignIn { own, provider_id }, false)
        }
    };
    let mut steps = Vec::new();
    let verified = saml::explain(
        &response,
        &Expectation {
            metadata: &metadata,
            private_keys: &private_keys,
            encryption: match options.require_encryption {
                true => Encryption::Required,
                false => Encryption::Allowed,
            },
            sha1: match options.allow_sha1 {
                true => Sha1::Allowed,
                false => Sha1::Refused,
            },
            service: &service,
            request_id: options.request_id.as_deref(),
            now: moment(options.at),
        },
        &mut |step| steps.push(step),
    );
    for step in steps {
        tell(out, step.what, &step.found)?;
    }
    let verified = verified.and_then(|assertion| {
        if is_of_broker {
            return Ok((assertion, None));
        }
        let name = assertion.role_session_name()?;
        assertion.tags()?;
        assertion.source_identity()?;
        assertion.session_duration_s()?;
        Ok((assertion, Some(name)))
    });
    let (assertion, session_name) = match verified {
        Ok(verified) => verified,
        Err(refusal) => {
            let answer = refusal.answer();
            tell(
                out,
                "the caller sees",
                &format!("{}: {}", answer.code, answer.message),
            )?;
            return Err(format!("refused: {refusal}").into());
        }
    };
    tell(out, "subject", &assertion.subject().value)?;
    if let Some(session_name) = &session_name {
        tell(out, "session name", session_name)?;
    }
    for attribute in assertion.attributes() {
        tell(
            out,
            &format!("attribute {}", attribute.name),
            &attribute.values.join(" | "),
        )?;
    }
    if is_of_broker {
        return tell(
            out,
            "verdict",
            "accepted; what is open to somebody is for the broker's grants",
        );
    }
    let roles = assertion.roles();
    if roles.is_empty() {
        return Err("the assertion is good, but its Role attribute offers no role".into());
    }
    for pair in roles {
        tell(out, "role", &format!("{} by {}", pair.role, pair.provider))?;
    }
    tell(
        out,
        "verdict",
        "accepted; whether a role may be assumed is for its trust policy",
    )
}

fn oidc_token(options: &OidcOptions, out: &mut dyn Write) -> Result<(), Failure> {
    let token = read(&options.file)?;
    let keys = oidc::KeySet::parse(read(&options.jwks)?.as_bytes())?;
    tell(out, "keys of the provider", &keys.len().to_string())?;
    let expectation = oidc::Expectation {
        issuer: &options.issuer,
        client_ids: &options.client_id,
        now: moment(options.at),
    };
    let claims = match oidc::verify_with(token.trim(), &expectation, &keys) {
        Ok(claims) => claims,
        Err(refusal) => {
            let answer = refusal.answer();
            tell(
                out,
                "the caller sees",
                &format!("{}: {}", answer.code, answer.message),
            )?;
            return Err(format!("refused: {refusal}").into());
        }
    };
    tell(out, "issuer", claims.issuer())?;
    tell(out, "subject", claims.subject())?;
    tell(out, "client", claims.client_id())?;
    for (key, values) in claims.condition_keys() {
        tell(out, &format!("condition key {key}"), &values.join(" | "))?;
    }
    for (key, value) in claims.session_tags()?.tags {
        tell(out, &format!("session tag {key}"), &value)?;
    }
    tell(
        out,
        "verdict",
        "accepted; whether a role may be assumed is for its trust policy",
    )
}

fn tell(out: &mut dyn Write, what: &str, found: &str) -> Result<(), Failure> {
    // What was captured is shown and not obeyed: no control characters reach the terminal.
    let shown: String = found
        .chars()
        .flat_map(|c| match c.is_control() {
            true => c.escape_default().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect();
    Ok(writeln!(out, "{what}: {shown}")?)
}

fn moment(at: Option<Timestamp>) -> i64 {
    at.unwrap_or_else(|| SystemClock.now()).as_second()
}

/// The most that a file may hold, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |source: io::Error| format!("cannot read `{}`: {source}", path.display());
    let mut text = String::new();
    let mut input: Box<dyn Read> = match path == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(std::fs::File::open(path).map_err(cannot)?),
    };
    input
        .by_ref()
        .take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    Ok(text)
}
