//! The authorization request of a tool, and the code that somebody's consent gives it.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity::{Ask, Caller, GLOBAL_SCOPE, RequestFacts, Session};
use plane::{Environment, Error};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::challenge::Challenge;
use crate::grant::{Code, Consent, sweep};

/// Where the page stands that shows a code to be typed elsewhere.
const CONFIRMATION: &str = "/v1/sessions/confirmation";

/// Where a tool listens that opened the browser itself.
const CALLBACK: &str = "/oauth/callback";

/// The longest state that is carried.
const STATE_CHARS_MAX: usize = 512;

/// The tools that AWS knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Client {
    /// On the machine with the browser.
    #[serde(rename = "same-device")]
    SameDevice,
    /// On another machine: somebody carries the code over.
    #[serde(rename = "cross-device")]
    CrossDevice,
}

impl Client {
    /// The client of this id.
    pub fn of(id: &str) -> Option<Client> {
        match id {
            "arn:aws:signin:::devtools/same-device" => Some(Client::SameDevice),
            "arn:aws:signin:::devtools/cross-device" => Some(Client::CrossDevice),
            _ => None,
        }
    }

    pub(crate) fn id(self) -> &'static str {
        match self {
            Client::SameDevice => "arn:aws:signin:::devtools/same-device",
            Client::CrossDevice => "arn:aws:signin:::devtools/cross-device",
        }
    }

    /// What policies call it.
    pub(crate) fn arn(self, region: &str, account: aws::AccountId) -> String {
        let name = match self {
            Client::SameDevice => "localhost",
            Client::CrossDevice => "remote",
        };
        format!("arn:aws:signin:{region}:{account}:oauth2/public-client/{name}")
    }

    /// How long a code of its waits: until a browser is back, or until it is typed.
    fn code_s(self) -> i64 {
        match self {
            Client::SameDevice => 60,
            Client::CrossDevice => 600,
        }
    }
}

/// What a tool asked for, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The tool.
    pub client: Client,
    /// Where the code goes.
    pub redirect_uri: Url,
    /// As it was sent, for the trade must name it again.
    redirect_text: String,
    /// What the tool recognizes its own request by.
    pub state: String,
    challenge: Challenge,
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not `code`.
    #[error("response_type must be code.")]
    ResponseType,
    /// Neither of the two.
    #[error("client_id names no known tool.")]
    Client,
    /// Not loopback, or not our own page.
    #[error("redirect_uri is not an address that this tool may use.")]
    RedirectUri,
    /// Not a digest by SHA-256.
    #[error(
        "code_challenge must be a SHA-256 digest in base64url, and code_challenge_method SHA-256."
    )]
    Challenge,
    /// Without `openid`.
    #[error("scope must be openid.")]
    Scope,
    /// Missing, or too long.
    #[error("state is missing or too long.")]
    State,
}

impl Request {
    /// Reads the parameters of an authorization request that came to `own_origin`.
    pub fn read<'a>(
        parameter: impl Fn(&str) -> Option<&'a str>,
        own_origin: &str,
    ) -> Result<Request, Fault> {
        if parameter("response_type") != Some("code") {
            return Err(Fault::ResponseType);
        }
        let client = parameter("client_id")
            .and_then(Client::of)
            .ok_or(Fault::Client)?;
        let redirect_text = parameter("redirect_uri").ok_or(Fault::RedirectUri)?;
        let redirect_uri = redirect(client, redirect_text, own_origin).ok_or(Fault::RedirectUri)?;
        // The AWS CLI calls it SHA-256, RFC 7636 S256; `plain` would hide nothing.
        if !matches!(parameter("code_challenge_method"), Some("SHA-256" | "S256")) {
            return Err(Fault::Challenge);
        }
        let challenge = parameter("code_challenge")
            .and_then(Challenge::parse)
            .ok_or(Fault::Challenge)?;
        if parameter("scope") != Some("openid") {
            return Err(Fault::Scope);
        }
        let state = parameter("state").ok_or(Fault::State)?;
        if state.len() > STATE_CHARS_MAX {
            return Err(Fault::State);
        }
        Ok(Request {
            client,
            redirect_uri,
            redirect_text: redirect_text.to_owned(),
            state: state.to_owned(),
            challenge,
        })
    }

    /// Where the browser goes with a code.
    pub fn answer(&self, code: &str) -> Url {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut()
            .append_pair("code", code)
            .append_pair("state", &self.state);
        url
    }

    /// Where the browser goes without one.
    pub fn refusal(&self) -> Url {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut()
            .append_pair("error", "access_denied")
            .append_pair("state", &self.state);
        url
    }
}

/// The address, if this tool may use it: a port of this very machine by its number, so that
/// no name can lead elsewhere, or our own page.
fn redirect(client: Client, text: &str, own_origin: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let fits = match client {
        Client::SameDevice => {
            url.scheme() == "http"
                && url.host() == Some(Host::Ipv4(Ipv4Addr::LOCALHOST))
                && url.path() == CALLBACK
        }
        Client::CrossDevice => {
            let own = Url::parse(own_origin).ok()?;
            url.origin() == own.origin() && url.path() == CONFIRMATION
        }
    };
    (plain && fits).then_some(url)
}

/// Gives the tool a code for the one who is signed in, if their policies let them.
pub fn authorize(
    environment: &Environment,
    caller: &Caller,
    facts: &RequestFacts,
    session: &Session,
    sign_in: &str,
    request: &Request,
) -> Result<String, Error> {
    let client = request.client;
    let account = session.account;
    let ask = Ask::new(
        "signin:AuthorizeOAuth2Access",
        client.arn(&facts.region, account),
        account.to_string(),
    );
    environment.directory.authorize(caller, facts, &ask)?;
    let now_s = environment.clock.epoch_seconds();
    let mut bytes = [0; 32];
    environment.entropy.fill(&mut bytes);
    let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let consent = Consent {
        session: session.clone(),
        sign_in: sign_in.to_owned(),
        client,
    };
    let code = Code::new(
        &text,
        consent,
        request.redirect_text.clone(),
        request.challenge.clone(),
        now_s + client.code_s(),
    );
    environment
        .directory
        .store()
        .transact(|tx| -> Result<(), Error> {
            sweep::<Code>(tx, now_s)?;
            tx.insert(GLOBAL_SCOPE, &code)?;
            Ok(())
        })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://127.0.0.1:8080";
    const LOCAL: &str = "http://127.0.0.1:41234/oauth/callback";

    /// A good request with one parameter changed, or taken away by nothing.
    fn read(changed: &str, to: Option<&'static str>) -> Result<Request, Fault> {
        let parameter = |name: &str| {
            if name == changed {
                return to;
            }
            match name {
                "response_type" => Some("code"),
                "client_id" => Some("arn:aws:signin:::devtools/same-device"),
                "redirect_uri" => Some(LOCAL),
                "code_challenge_method" => Some("SHA-256"),
                "code_challenge" => Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                "scope" => Some("openid"),
                "state" => Some("5e3a"),
                _ => None,
            }
        };
        Request::read(parameter, OWN)
    }

    #[test]
    fn a_good_request_is_answered_with_code_and_state() {
        let request = read("", None).unwrap();
        let answer = request.answer("c&d");
        assert_eq!(answer.as_str(), format!("{LOCAL}?code=c%26d&state=5e3a"));
        assert!(
            request
                .refusal()
                .query()
                .unwrap()
                .contains("error=access_denied")
        );
    }

    #[test]
    fn nobody_is_sent_elsewhere_than_to_a_port_of_this_machine() {
        for elsewhere in [
            "https://127.0.0.1:41234/oauth/callback",
            "http://localhost:41234/oauth/callback",
            "http://127.0.0.2:41234/oauth/callback",
            "http://127.0.0.1.evil.example/oauth/callback",
            "http://127.0.0.1:1@evil.example/oauth/callback",
            "http://evil@127.0.0.1:41234/oauth/callback",
            "http://127.0.0.1:41234/",
            "http://127.0.0.1:41234/oauth/callback?x=1",
            "http://127.0.0.1:41234/oauth/callback#x",
            "http://[::1]:41234/oauth/callback",
            "https://evil.example/oauth/callback",
            "//evil.example/oauth/callback",
            "",
        ] {
            let fault = read("redirect_uri", Some(elsewhere)).unwrap_err();
            assert_eq!(fault, Fault::RedirectUri, "{elsewhere}");
        }
    }

    #[test]
    fn what_is_missing_or_weak_is_refused_by_name() {
        for (name, to, fault) in [
            ("response_type", Some("token"), Fault::ResponseType),
            ("response_type", None, Fault::ResponseType),
            (
                "client_id",
                Some("arn:aws:signin:::devtools/other"),
                Fault::Client,
            ),
            ("client_id", None, Fault::Client),
            ("code_challenge_method", Some("plain"), Fault::Challenge),
            ("code_challenge_method", None, Fault::Challenge),
            ("code_challenge", Some("short"), Fault::Challenge),
            ("code_challenge", None, Fault::Challenge),
            ("scope", Some("email"), Fault::Scope),
            ("state", None, Fault::State),
        ] {
            assert_eq!(read(name, to).unwrap_err(), fault, "{name}");
        }
    }

    #[test]
    fn a_code_that_is_carried_over_is_shown_by_our_own_page_alone() {
        let page = |own: &str| {
            redirect(
                Client::CrossDevice,
                "http://127.0.0.1:8080/v1/sessions/confirmation",
                own,
            )
        };
        assert!(page(OWN).is_some());
        assert!(page("http://127.0.0.1:8081").is_none());
        assert!(redirect(Client::CrossDevice, LOCAL, OWN).is_none());
    }
}
