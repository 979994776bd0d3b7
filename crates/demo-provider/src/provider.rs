//! The provider itself: its state, its start, its routes.

use std::io;
use std::sync::Arc;

use aws::{Entropy, SystemEntropy};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::codes::Codes;
use crate::directory::{Client, Directory, Person};
use crate::pages::Step;
use crate::signing::{SigningFault, SigningKey, encode};
use crate::{authorize, guard, pages, token, token_page};

/// Seconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The client of the token page. It always exists.
pub const TOKEN_PAGE_CLIENT: &str = "arnold-demo";

/// How long an id token lives.
pub(crate) const ID_TOKEN_S: i64 = 3600;

/// The largest form that is read.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// What a provider is made of.
pub struct DemoProvider {
    /// Who can sign in.
    pub people: Vec<Person>,
    /// For whom, beside the token page.
    pub clients: Vec<Client>,
    /// What time it is.
    pub clock: Clock,
    /// What to do with a token, shown on the token page. The commands find the token in
    /// the shell variable `TOKEN`.
    pub steps: Vec<Step>,
}

/// Why a provider could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener has no address.
    #[error("the listener has no address: {0}")]
    Listener(#[from] io::Error),
    /// There is no key to sign with.
    #[error(transparent)]
    Key(#[from] SigningFault),
    /// The runtime is shutting down.
    #[error("the key was not made: {0}")]
    Runtime(#[from] tokio::task::JoinError),
}

/// A running provider. It stops when this is dropped.
#[derive(Debug)]
pub struct Handle {
    issuer: String,
    serving: JoinHandle<()>,
}

impl Handle {
    /// The issuer of its tokens: the address under which everything is found.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What every request works with.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    /// Host and port of the issuer.
    pub(crate) authority: String,
    pub(crate) directory: Directory,
    pub(crate) codes: Codes,
    pub(crate) steps: Vec<Step>,
    key: SigningKey,
    clock: Clock,
}

impl DemoProvider {
    /// Makes a key and begins to answer on `listener`.
    pub async fn start(self, listener: TcpListener) -> Result<Handle, StartError> {
        let authority = listener.local_addr()?.to_string();
        let issuer = format!("http://{authority}");
        let key = tokio::task::spawn_blocking(SigningKey::generate).await??;
        let mut clients = self.clients;
        clients.retain(|client| client.id != TOKEN_PAGE_CLIENT);
        clients.push(Client {
            id: TOKEN_PAGE_CLIENT.to_owned(),
            redirect_uris: vec![token_page::location(&issuer)],
        });
        let provider = Arc::new(Provider {
            issuer: issuer.clone(),
            authority,
            directory: Directory {
                people: self.people,
                clients,
            },
            codes: Codes::default(),
            steps: self.steps,
            key,
            clock: self.clock,
        });
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes(provider)).await {
                tracing::error!(%error, "the demo provider stopped");
            }
        });
        Ok(Handle { issuer, serving })
    }
}

fn routes(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/style.css", get(pages::style))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(key_set))
        .route("/authorize", get(authorize::show).post(authorize::sign_in))
        .route("/token", post(token::exchange))
        .route("/token-page", get(token_page::show))
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(axum::middleware::from_fn_with_state(
            provider.clone(),
            guard::guard,
        ))
        .with_state(provider)
}

async fn discovery(State(provider): State<Arc<Provider>>) -> Response {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    let document = json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "password"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce",
            "name", "preferred_username", "email", "email_verified"
        ],
        "authorization_response_iss_parameter_supported": true,
    });
    pages::json(StatusCode::OK, &document)
}

async fn key_set(State(provider): State<Arc<Provider>>) -> Response {
    pages::json(StatusCode::OK, &provider.key.key_set())
}

/// Whom and what an id token speaks of.
pub(crate) struct SignedIn<'a> {
    pub(crate) person: &'a Person,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) at: i64,
}

impl Provider {
    /// What time it is.
    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// A text that nobody can guess.
    pub(crate) fn unguessable(&self) -> String {
        let mut bytes = [0; 32];
        SystemEntropy.fill(&mut bytes);
        encode(bytes)
    }

    /// What an id token says.
    pub(crate) fn claims(&self, signed_in: &SignedIn<'_>) -> Value {
        let now = self.now();
        let mut claims = json!({
            "iss": self.issuer,
            "sub": signed_in.person.username,
            "aud": signed_in.client_id,
            "iat": now,
            "exp": now.saturating_add(ID_TOKEN_S),
            "auth_time": signed_in.at,
            "name": signed_in.person.name,
            "preferred_username": signed_in.person.username,
            "email": signed_in.person.email,
            "email_verified": true,
        });
        if let (Some(nonce), Some(members)) = (signed_in.nonce, claims.as_object_mut()) {
            members.insert("nonce".to_owned(), Value::from(nonce));
        }
        claims
    }

    /// An id token.
    pub(crate) fn id_token(&self, signed_in: &SignedIn<'_>) -> Result<String, SigningFault> {
        self.key.sign(&self.claims(signed_in))
    }
}
