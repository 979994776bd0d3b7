//! What somebody came for: a page of ours, or to let a program on their machine act for them.

use http::StatusCode;
use url::{Host, Url};

use crate::frame::message;
use crate::parameters::Parameters;
use crate::visit::Visit;
use crate::{Answer, destination};

/// The one program that asks.
pub(super) const CLIENT: &str = "arnold-login";

/// Where it listens.
const CALLBACK: &str = "/callback";

/// The longest state that is carried.
const STATE_CHARS_MAX: usize = 512;

/// The longest name of a choice.
const ROLE_CHARS_MAX: usize = 2_048;

/// What somebody came for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Errand {
    /// A program's question.
    pub(super) ask: Option<Ask>,
    /// The page of ours that they wanted.
    pub(super) next: Option<String>,
}

/// A program asks for a code (RFC 8252, RFC 7636).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) redirect_uri: Url,
    pub(super) state: String,
    pub(super) challenge: String,
    /// What it wants, if it knows: a grant's title, or a role's ARN.
    pub(super) role: Option<String>,
}

/// A program's question that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("response_type must be code.")]
    ResponseType,
    #[error("client_id names no program that is known here.")]
    Client,
    #[error(
        "redirect_uri must be http://127.0.0.1:PORT/callback: the program listens on this machine."
    )]
    RedirectUri,
    #[error("state must be there, and have no more than 512 characters.")]
    State,
    #[error("code_challenge must be there, by the method S256.")]
    Challenge,
    #[error("role is too long.")]
    Role,
}

impl Fault {
    pub(super) fn page(self) -> Answer {
        message(
            StatusCode::BAD_REQUEST,
            "This request cannot be taken",
            &self.to_string(),
            None,
        )
    }
}

impl Errand {
    /// Reads it from the address or the form.
    pub(super) fn read(visit: &Visit<'_>) -> Result<Errand, Fault> {
        Errand::of(&visit.parameters, &visit.origin())
    }

    pub(super) fn of(parameters: &Parameters, own_origin: &str) -> Result<Errand, Fault> {
        let ask = match parameters.get("response_type") {
            None => None,
            Some("code") => Some(Ask::of(parameters, own_origin)?),
            Some(_) => return Err(Fault::ResponseType),
        };
        let next = parameters
            .get("next")
            .and_then(|next| destination::page(next, own_origin));
        Ok(Errand { ask, next })
    }

    /// The errand as parameters, for an address or a form.
    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = Vec::new();
        if let Some(ask) = &self.ask {
            pairs.extend([
                ("response_type", "code"),
                ("client_id", CLIENT),
                ("redirect_uri", ask.redirect_uri.as_str()),
                ("state", ask.state.as_str()),
                ("code_challenge", ask.challenge.as_str()),
                ("code_challenge_method", "S256"),
            ]);
            pairs.extend(ask.role.as_deref().map(|role| ("role", role)));
        }
        pairs.extend(self.next.as_deref().map(|next| ("next", next)));
        pairs
    }

    /// The broker's page with this errand.
    pub(super) fn page(&self) -> String {
        let pairs = self.pairs();
        if pairs.is_empty() {
            return super::PAGE.to_owned();
        }
        format!("{}?{}", super::PAGE, self.query())
    }

    /// The errand as a query.
    pub(super) fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.pairs())
            .finish()
    }
}

impl Ask {
    fn of(parameters: &Parameters, own_origin: &str) -> Result<Ask, Fault> {
        if parameters.get("client_id") != Some(CLIENT) {
            return Err(Fault::Client);
        }
        let challenge = parameters.get("code_challenge").unwrap_or_default();
        let method = parameters.get("code_challenge_method");
        if method != Some("S256") || challenge.len() != 43 || !is_url_safe(challenge) {
            return Err(Fault::Challenge);
        }
        let state = parameters.get("state").ok_or(Fault::State)?;
        if state.chars().count() > STATE_CHARS_MAX {
            return Err(Fault::State);
        }
        let role = parameters.get("role");
        if role.is_some_and(|role| role.len() > ROLE_CHARS_MAX) {
            return Err(Fault::Role);
        }
        let redirect_uri = parameters.get("redirect_uri").ok_or(Fault::RedirectUri)?;
        Ok(Ask {
            redirect_uri: redirect(redirect_uri, own_origin).ok_or(Fault::RedirectUri)?,
            state: state.to_owned(),
            challenge: challenge.to_owned(),
            role: role.map(str::to_owned),
        })
    }

    /// Where the browser takes a code.
    pub(super) fn answer(&self, code: &str) -> String {
        self.with(&[("code", code)])
    }

    /// Where the browser takes the person's refusal.
    pub(super) fn refusal(&self) -> String {
        self.with(&[("error", "access_denied")])
    }

    fn with(&self, pairs: &[(&str, &str)]) -> String {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut()
            .extend_pairs(pairs)
            .append_pair("state", &self.state);
        url.to_string()
    }
}

fn is_url_safe(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A listener on the person's own machine, which a browser reaches and nobody else does. It is
/// not we ourselves, if we are on that machine too.
fn redirect(text: &str, own_origin: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_loopback = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(_) => false,
    };
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let own = Url::parse(own_origin).ok()?;
    (url.scheme() == "http"
        && is_loopback
        && url.port().is_some()
        && url.path() == CALLBACK
        && plain
        && url.origin() != own.origin())
    .then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://127.0.0.1:4566";

    fn query(changed: &str, to: Option<&str>) -> String {
        let challenge = "a".repeat(43);
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", "arnold-login"),
            ("redirect_uri", "http://127.0.0.1:40000/callback"),
            ("state", "s"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| *name != changed);
        pairs.extend(to.map(|to| (changed, to)));
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    }

    fn read(changed: &str, to: Option<&str>) -> Result<Errand, Fault> {
        Errand::of(&Parameters::parse(&query(changed, to), b"").unwrap(), OWN)
    }

    #[test]
    fn a_question_is_read_and_carried_on_as_it_was() {
        let errand = read("role", Some("Developer")).unwrap();
        let carried = Parameters::parse(&errand.query(), b"").unwrap();
        assert_eq!(Errand::of(&carried, OWN).unwrap(), errand);
        let ask = errand.ask.unwrap();
        assert_eq!(
            ask.answer("c"),
            "http://127.0.0.1:40000/callback?code=c&state=s"
        );
        assert_eq!(
            ask.refusal(),
            "http://127.0.0.1:40000/callback?error=access_denied&state=s"
        );
    }

    #[test]
    fn codes_go_to_listeners_on_the_persons_own_machine_alone() {
        assert!(read("redirect_uri", Some("http://[::1]:40000/callback")).is_ok());
        for elsewhere in [
            "http://127.0.0.1/callback",
            "https://127.0.0.1:40000/callback",
            "http://localhost:40000/callback",
            "http://127.0.0.1.evil.example:40000/callback",
            "http://evil.example:40000/callback",
            "http://127.0.0.1:40000@evil.example/callback",
            "http://user@127.0.0.1:40000/callback",
            "http://127.0.0.1:40000/callback/../x",
            "http://127.0.0.1:40000/other",
            "http://127.0.0.1:40000/callback?x=1",
            "http://127.0.0.1:40000/callback#x",
            "http://127.0.0.1:4566/callback",
            "http://0.0.0.0:40000/callback",
            "javascript:alert(1)",
        ] {
            assert_eq!(
                read("redirect_uri", Some(elsewhere)),
                Err(Fault::RedirectUri),
                "{elsewhere}"
            );
        }
        assert_eq!(read("redirect_uri", None), Err(Fault::RedirectUri));
    }

    #[test]
    fn what_is_missing_or_weak_is_refused_by_name() {
        for (name, to, fault) in [
            ("response_type", Some("token"), Fault::ResponseType),
            ("client_id", Some("other"), Fault::Client),
            ("client_id", None, Fault::Client),
            ("state", None, Fault::State),
            ("code_challenge", None, Fault::Challenge),
            ("code_challenge", Some("short"), Fault::Challenge),
            ("code_challenge_method", Some("plain"), Fault::Challenge),
            ("code_challenge_method", None, Fault::Challenge),
        ] {
            assert_eq!(read(name, to), Err(fault), "{name}");
        }
    }

    #[test]
    fn nobody_is_sent_to_a_stranger() {
        let next = |text: &str| {
            let parameters = Parameters::parse(&format!("next={text}"), b"").unwrap();
            Errand::of(&parameters, OWN).unwrap().next
        };
        assert_eq!(
            next("/switchrole?roleName=r").as_deref(),
            Some("/switchrole?roleName=r")
        );
        for elsewhere in [
            "//evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
        ] {
            assert_eq!(next(elsewhere), None, "{elsewhere}");
        }
    }
}
