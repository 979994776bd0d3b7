//! The signed-in session of a browser. It lives in the browser alone: a cookie holds it,
//! sealed, so that nothing here grows with the number of people who are signed in.

use std::fmt::Write as _;

use aws::Entropy;
use http::{HeaderMap, HeaderValue, header};
use identity::{Origin, Session, SessionKind};
use plane::REGION_DEFAULT;
use serde::{Deserialize, Serialize};

use crate::frame::unguessable;
use crate::{Answer, Pages};

/// What the cookie is sealed for.
const PURPOSE: &str = "console session";

/// Browsers keep no cookie longer than 4096 bytes, name and attributes included.
const PIECE_BYTES_MAX: usize = 3_600;

/// A session of full size, and a role's put on over it, in pieces.
const PIECES_MAX: usize = 12;

/// Who is signed in, and as whom they act.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ConsoleSession {
    /// Who signed in.
    signed_in: Session,
    /// Names this sign-in, and no other.
    sign_in_id: String,
    /// Where they came from, to sign in again.
    issuer: Option<String>,
    /// Stands in every form of the session, and nowhere else.
    form: String,
    /// The role that they put on over it.
    role: Option<PutOn>,
}

/// A role that was put on.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PutOn {
    /// The role's session.
    pub(crate) session: Session,
    /// What the person calls it.
    pub(crate) display_name: Option<String>,
    /// The colour that they know it by.
    pub(crate) colour: Option<String>,
}

impl ConsoleSession {
    /// The session of somebody who just signed in.
    pub(crate) fn begin(signed_in: Session, issuer: Option<String>, entropy: &dyn Entropy) -> Self {
        let mut console = ConsoleSession {
            signed_in,
            sign_in_id: aws::uuid_v4(entropy),
            issuer,
            form: unguessable(entropy),
            role: None,
        };
        // A user's or root's own session comes from nowhere but a sign-in, and policies may
        // know it. A role's session stays as it was issued.
        if matches!(
            console.signed_in.kind,
            SessionKind::User { .. } | SessionKind::Root
        ) {
            console.signed_in.origin = Origin::SignIn(console.sign_in_arn());
        }
        console
    }

    /// The session that came with a request, if there is one and it has not ended.
    pub(crate) fn of(pages: &Pages, headers: &HeaderMap, secure: bool) -> Option<Self> {
        let mut sealed = String::new();
        for number in 0..PIECES_MAX {
            let Some(piece) = cookie(headers, &name(number, secure)) else {
                break;
            };
            sealed.push_str(piece);
        }
        if sealed.is_empty() {
            return None;
        }
        let session: ConsoleSession = pages.open(PURPOSE, &sealed)?;
        let now_s = pages.plane.environment().clock.epoch_seconds();
        (now_s < session.signed_in.expires_at).then_some(session)
    }

    /// The session that the person acts with now.
    pub(crate) fn active(&self, now_s: i64) -> &Session {
        match self.put_on(now_s) {
            Some(role) => &role.session,
            None => &self.signed_in,
        }
    }

    /// The role that is put on and has not ended.
    pub(crate) fn put_on(&self, now_s: i64) -> Option<&PutOn> {
        self.role
            .as_ref()
            .filter(|role| now_s < role.session.expires_at)
    }

    /// Who signed in.
    pub(crate) fn signed_in(&self) -> &Session {
        &self.signed_in
    }

    /// The ARN of this sign-in, as policies know it by `aws:SignInSessionArn`.
    pub(crate) fn sign_in_arn(&self) -> String {
        let (account, id) = (self.signed_in.account, &self.sign_in_id);
        format!("arn:aws:signin:{REGION_DEFAULT}:{account}:session/{id}")
    }

    /// Where the person came from, to sign in again.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// What stands in every form of this session.
    pub(crate) fn form(&self) -> &str {
        &self.form
    }

    /// The same person with a role put on, or without one.
    pub(crate) fn with_role(&self, role: Option<PutOn>) -> Self {
        ConsoleSession {
            role,
            ..self.clone()
        }
    }

    /// Lays the session into the browser with this answer. It ends there when it ends here.
    /// What does not fit is not kept, and the answer says so by `None`.
    pub(crate) fn keep(
        &self,
        pages: &Pages,
        mut answer: Answer,
        secure: bool,
        now_s: i64,
    ) -> Option<Answer> {
        let sealed = pages.seal(PURPOSE, self).ok()?;
        // Base64 is ASCII: every place is a boundary.
        let mut pieces = Vec::new();
        let mut rest = sealed.as_str();
        while !rest.is_empty() {
            let (piece, further) = rest
                .split_at_checked(PIECE_BYTES_MAX.min(rest.len()))
                .unwrap_or((rest, ""));
            pieces.push(piece);
            rest = further;
        }
        if pieces.len() > PIECES_MAX {
            return None;
        }
        let age_s = self.signed_in.expires_at.saturating_sub(now_s).max(0);
        for (number, piece) in pieces.iter().enumerate() {
            set_cookie(&mut answer, &name(number, secure), piece, age_s, secure);
        }
        // Reading ends at the first piece that is missing.
        set_cookie(&mut answer, &name(pieces.len(), secure), "", 0, secure);
        Some(answer)
    }

    /// Takes the session out of the browser.
    pub(crate) fn forget(mut answer: Answer, headers: &HeaderMap, secure: bool) -> Answer {
        for number in 0..PIECES_MAX {
            let name = name(number, secure);
            if cookie(headers, &name).is_some() {
                set_cookie(&mut answer, &name, "", 0, secure);
            }
        }
        answer
    }
}

/// `__Host-` binds a cookie to this very host, over TLS; plain http is for loopback.
fn name(number: usize, secure: bool) -> String {
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}arnold-session-{number}")
}

/// Lays one cookie: no script reads it, no other site's form or picture sends it.
pub(crate) fn set_cookie(answer: &mut Answer, name: &str, value: &str, age_s: i64, secure: bool) {
    let mut cookie = format!("{name}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax");
    if secure {
        // Writing to a string does not fail.
        let _ = cookie.write_str("; Secure");
    }
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}
