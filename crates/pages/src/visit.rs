//! A visit: one request of a browser, with what is known of who sent it and from where.

use http::{HeaderMap, Method, header};
use identity::{Caller, RequestFacts, Session};
use plane::{Environment, Raw};

use crate::Pages;
use crate::console::ConsoleSession;
use crate::parameters::{Ambiguous, Parameters};

/// One request for a page.
pub(crate) struct Visit<'a> {
    pub(crate) pages: &'a Pages,
    pub(crate) raw: &'a Raw,
    /// What the query and the form say.
    pub(crate) parameters: Parameters,
    /// Who is signed in.
    pub(crate) console: Option<ConsoleSession>,
}

impl<'a> Visit<'a> {
    pub(crate) fn new(pages: &'a Pages, raw: &'a Raw) -> Result<Visit<'a>, Ambiguous> {
        let form: &[u8] = if raw.method == Method::POST {
            &raw.body
        } else {
            &[]
        };
        let parameters = Parameters::parse(&raw.query, form)?;
        let console = ConsoleSession::of(pages, &raw.headers, raw.peer.secure);
        Ok(Visit {
            pages,
            raw,
            parameters,
            console,
        })
    }

    pub(crate) fn environment(&self) -> &Environment {
        self.pages.plane.environment()
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.environment().clock.epoch_seconds()
    }

    /// The address that people know us by: what the browser asked for.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.raw.peer.secure {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.host())
    }

    /// The host and port that the browser asked for.
    pub(crate) fn host(&self) -> &str {
        self.raw
            .authority
            .as_deref()
            .or_else(|| header_text(&self.raw.headers, &header::HOST))
            .unwrap_or_default()
    }

    /// Whether a page of ours sent this form, as far as the browser tells. Browsers that tell
    /// nothing are old; the form's own secret decides there.
    pub(crate) fn is_from_us(&self) -> bool {
        let site = self.raw.headers.get("sec-fetch-site");
        if site.is_some_and(|site| site.as_bytes() != b"same-origin") {
            return false;
        }
        let origin = self.raw.headers.get(header::ORIGIN);
        origin.is_none_or(|origin| {
            origin
                .as_bytes()
                .eq_ignore_ascii_case(self.origin().as_bytes())
        })
    }

    /// The signed-in session, if this form is its own.
    pub(crate) fn own_form(&self) -> Option<&ConsoleSession> {
        let console = self.console.as_ref()?;
        let sent = self.parameters.get("form")?;
        let genuine = self.is_from_us() && seal::same(sent.as_bytes(), console.form().as_bytes());
        genuine.then_some(console)
    }

    /// Time, place and manner, for the record.
    pub(crate) fn facts(&self) -> RequestFacts {
        plane::request_facts(self.environment(), self.raw, None)
    }

    /// Whom the session in force stands for, if they are still there.
    pub(crate) fn caller(&self) -> Option<Caller> {
        self.caller_of(self.console.as_ref()?.active(self.now_s()))
    }

    /// Whom a session stands for, if they are still there.
    pub(crate) fn caller_of(&self, session: &Session) -> Option<Caller> {
        let environment = self.environment();
        let directory = &environment.directory;
        let issued = directory
            .issue(session, environment.entropy.as_ref())
            .ok()?;
        directory
            .credential(
                &issued.access_key_id,
                Some(&issued.session_token),
                self.now_s(),
            )
            .ok()
            .map(|credential| credential.caller)
    }
}

/// A moment, as people read it.
pub(crate) fn when(epoch_s: i64) -> String {
    jiff::Timestamp::from_second(epoch_s)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%H:%M:%S UTC, %-d %B %Y")
        .to_string()
}

/// A header's value, if it is text.
pub(crate) fn header_text<'a>(
    headers: &'a HeaderMap,
    name: &header::HeaderName,
) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
