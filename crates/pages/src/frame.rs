//! The frame that every page stands in, and the headers that protect it.

use askama::Template;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{Answer, HOME, assets};

/// What every template needs of the frame around it.
pub(crate) struct Frame {
    /// Lets this answer's own style and script run, and nothing else.
    pub(crate) nonce: String,
    /// Where the product's name leads.
    pub(crate) home: &'static str,
}

impl Frame {
    /// A frame for one answer.
    pub(crate) fn new() -> Frame {
        let entropy: &dyn aws::Entropy = &aws::SystemEntropy;
        Frame {
            nonce: unguessable(entropy),
            home: HOME,
        }
    }

    /// What stands in the addresses of style and script.
    pub(crate) fn assets(&self) -> &'static str {
        assets::version()
    }
}

/// Somewhere to go from a message.
#[derive(Clone, Copy)]
pub(crate) struct Link<'a> {
    pub(crate) href: &'a str,
    pub(crate) label: &'a str,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    frame: &'a Frame,
    title: &'a str,
    text: &'a str,
    is_alert: bool,
    links: Vec<Link<'a>>,
}

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// 32 bytes that nobody guesses, in base64url.
pub(crate) fn unguessable(entropy: &dyn aws::Entropy) -> String {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A page as an answer.
pub(crate) fn page(status: StatusCode, frame: &Frame, page: &impl Template) -> Answer {
    page_with_target(status, frame, page, "")
}

/// A page whose forms may end at `origin` too: browsers hold redirects after a form to the
/// same rule as the form.
pub(crate) fn page_with_target(
    status: StatusCode,
    frame: &Frame,
    page: &impl Template,
    origin: &str,
) -> Answer {
    let text = match page.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            return bare(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    let mut answer = Response::new(text.into_bytes());
    *answer.status_mut() = status;
    protect(&mut answer);
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    let nonce = &frame.nonce;
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; form-action 'self' {origin}; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// A page with one sentence and somewhere to go.
pub(crate) fn message(
    status: StatusCode,
    title: &str,
    text: &str,
    link: Option<Link<'_>>,
) -> Answer {
    message_with_links(status, title, text, link.into_iter().collect())
}

/// The same with several ways to go; the first is the usual one.
pub(crate) fn message_with_links(
    status: StatusCode,
    title: &str,
    text: &str,
    links: Vec<Link<'_>>,
) -> Answer {
    let frame = Frame::new();
    let is_alert = !status.is_success();
    page(
        status,
        &frame,
        &MessagePage {
            frame: &frame,
            title,
            text,
            is_alert,
            links,
        },
    )
}

/// Sends the browser to another page by a GET.
pub(crate) fn redirect(location: &str) -> Answer {
    let Ok(location) = HeaderValue::from_str(location) else {
        return bare(StatusCode::BAD_REQUEST);
    };
    let mut answer = bare(StatusCode::SEE_OTHER);
    answer.headers_mut().insert(header::LOCATION, location);
    answer
}

/// An answer without a body.
pub(crate) fn bare(status: StatusCode) -> Answer {
    let mut answer = Response::new(Vec::new());
    *answer.status_mut() = status;
    protect(&mut answer);
    answer
}

/// An answer for programs.
pub(crate) fn json(document: &serde_json::Value) -> Answer {
    let mut answer = Response::new(document.to_string().into_bytes());
    protect(&mut answer);
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    answer
}

fn protect(answer: &mut Answer) {
    for (name, value) in HEADERS {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}
