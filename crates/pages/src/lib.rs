//! What people see: sign-in by password and by SAML, the session page, switching roles, and what stands between a
//! browser and short-lived credentials.
//!
//! Pages are clients. They call the same operations as everybody, with credentials of the
//! person who is signed in, through the plane's own door ([`Client`](client)); nothing here
//! decides about access. A signed-in session lives in the browser alone, sealed in a cookie
//! ([`console`]). Every page stands in one [`frame`], which carries the protective headers.
//!
//! The way of a request: [`Pages::takes`] (is it for a page?) → [`visit`] (what was asked,
//! by whom, from where?) → the page's own file → [`frame`].

mod assets;
mod authorize;
mod broker;
mod client;
mod console;
mod credentials;
mod destination;
mod federation;
mod frame;
mod home;
mod parameters;
mod saml;
mod second_step;
mod security_credentials;
mod security_key;
mod sign_in;
mod sign_in_event;
mod sign_out;
mod switch_role;
mod throttle;
mod visit;

use std::sync::Arc;

use http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use plane::{Plane, Raw};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::broker::Desk;
use crate::frame::{Link, message};
use crate::throttle::Throttle;
use crate::visit::Visit;

/// The session page.
pub(crate) const HOME: &str = "/console/home";

/// A page as an answer.
pub type Answer = Response<Vec<u8>>;

/// All pages.
pub struct Pages {
    plane: Arc<Plane>,
    throttle: Throttle,
    broker: Option<Desk>,
}

impl Pages {
    /// Pages in front of this plane, the broker's among them if there is one.
    pub fn new(plane: Arc<Plane>, broker: Option<::broker::Broker>) -> Pages {
        Pages {
            plane,
            throttle: Throttle::default(),
            broker: broker.map(Desk::new),
        }
    }

    /// Forgets what is in memory of people who came: attempts and codes.
    pub fn forget(&self) {
        self.throttle.clear();
        if let Some(desk) = &self.broker {
            desk.forget();
        }
    }

    /// Seals a note that a browser carries for us and cannot read; it opens for this purpose
    /// only.
    pub(crate) fn seal(
        &self,
        purpose: &str,
        note: &impl Serialize,
    ) -> Result<String, plane::Error> {
        let note = serde_json::to_vec(note).map_err(plane::Error::internal)?;
        let environment = self.plane.environment();
        let ring = environment.directory.ring();
        ring.seal_note(purpose, &note, environment.entropy.as_ref())
            .map_err(plane::Error::internal)
    }

    /// Opens what [`Pages::seal`] made for this purpose.
    pub(crate) fn open<T: DeserializeOwned>(&self, purpose: &str, sealed: &str) -> Option<T> {
        let ring = self.plane.environment().directory.ring();
        let note = ring.open_note(purpose, sealed).ok()?;
        serde_json::from_slice(note.expose()).ok()
    }

    /// Whether a request is for a page, judged by its head alone. One that carries a
    /// signature never is.
    pub fn takes(method: &Method, address: &Uri, headers: &HeaderMap) -> bool {
        let presigned = address
            .query()
            .is_some_and(|query| query.contains("Signature="));
        if presigned || headers.contains_key(header::AUTHORIZATION) {
            return false;
        }
        match address.path() {
            // The root belongs to the services; a browser that a person steers is sent home.
            "/" => {
                *method == Method::GET
                    && headers.get("sec-fetch-mode").map(|mode| mode.as_bytes())
                        == Some(b"navigate")
            }
            "/federation"
            | "/saml"
            | "/switchrole"
            | "/oauth"
            | "/v1/authorize"
            | "/v1/sessions/confirmation" => true,
            path => {
                path.starts_with("/console/")
                    || *method == Method::POST && path.starts_with(saml::OF_PROVIDER)
            }
        }
    }

    /// Answers a request that [`Pages::takes`].
    pub async fn answer(&self, raw: Raw) -> Answer {
        let visit = match Visit::new(self, &raw) {
            Ok(visit) => visit,
            Err(ambiguous) => {
                return message(
                    StatusCode::BAD_REQUEST,
                    "Something is not right",
                    &ambiguous.to_string(),
                    None,
                );
            }
        };
        let get = matches!(raw.method, Method::GET | Method::HEAD);
        let post = raw.method == Method::POST;
        match raw.path.as_str() {
            "/" if get => frame::redirect(HOME),
            "/console/style.css" if get => assets::style(),
            "/console/script.js" if get => assets::script(),
            "/federation" if get || post => federation::answer(&visit),
            "/oauth" if get => sign_out::by_address(&visit),
            HOME if get => home::show(&visit).await,
            "/console/sign-in" if get => sign_in::show(&visit),
            "/console/sign-in" if post => sign_in::take(&visit).await,
            "/console/sign-in/code" if post => second_step::take_code(&visit).await,
            "/console/sign-in/key" if post => second_step::take_key(&visit).await,
            "/console/sign-in/password" if post => second_step::take_password(&visit).await,
            "/console/sign-in/code" | "/console/sign-in/key" | "/console/sign-in/password"
                if get =>
            {
                frame::redirect("/console/sign-in")
            }
            "/saml" if get || post => saml::answer(&visit).await,
            path if post && path.starts_with(saml::OF_PROVIDER) => saml::answer(&visit).await,
            "/switchrole" if get => switch_role::show(&visit),
            "/switchrole" if post => switch_role::switch(&visit).await,
            "/v1/authorize" if get => authorize::ask(&visit),
            "/v1/authorize" if post => authorize::decide(&visit),
            "/v1/sessions/confirmation" if get => authorize::confirm(&visit),
            security_credentials::PAGE if get => security_credentials::show(&visit).await,
            security_credentials::KEYS if post => security_credentials::register(&visit).await,
            security_credentials::REMOVALS if post => security_credentials::remove(&visit).await,
            security_credentials::KEYS | security_credentials::REMOVALS if get => {
                frame::redirect(security_credentials::PAGE)
            }
            "/console/switch-back" if post => switch_role::back(&visit),
            "/console/credentials" if post => credentials::show(&visit).await,
            "/console/sign-out" if post => sign_out::by_form(&visit),
            // A form's own address, opened anew: the person is taken where the form is.
            "/console/credentials" | "/console/switch-back" | "/console/sign-out" if get => {
                frame::redirect(HOME)
            }
            "/console/" if get => frame::redirect(HOME),
            path if path == broker::PAGE || path.starts_with(broker::BELOW) => {
                broker::answer(&visit, get, post).await
            }
            _ => not_here(),
        }
    }
}

/// The page where there is none.
fn not_here() -> Answer {
    message(
        StatusCode::NOT_FOUND,
        "There is no such page",
        "The address may be mistyped, or the page may have moved.",
        Some(Link {
            href: HOME,
            label: "To your session",
        }),
    )
}
