//! Pages: what people see. Templates escape everything that they are given.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use crate::directory::Person;

/// Something to do with a token, shown on the token page.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it does, in one sentence.
    pub title: String,
    /// The command that does it.
    pub command: String,
}

/// Something to tell somebody above a form.
pub(crate) struct Notice {
    pub(crate) text: &'static str,
}

impl Notice {
    pub(crate) fn warning(text: &'static str) -> Notice {
        Notice { text }
    }
}

/// The sign-in page.
#[derive(Template)]
#[template(path = "sign-in.html")]
pub(crate) struct SignInPage<'a> {
    pub(crate) client_id: &'a str,
    /// Where the form goes: this page with the client's request.
    pub(crate) action: &'a str,
    /// Ties the form to the browser.
    pub(crate) form: &'a str,
    pub(crate) username: &'a str,
    pub(crate) notice: Option<Notice>,
    pub(crate) people: &'a [Person],
}

/// The page that shows a token.
#[derive(Template)]
#[template(path = "token.html")]
pub(crate) struct TokenPage<'a> {
    pub(crate) name: &'a str,
    pub(crate) id_token: &'a str,
    pub(crate) claims: &'a str,
    pub(crate) steps: &'a [Step],
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage;

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    text: &'a str,
}

/// The first page.
pub(crate) async fn home() -> Response {
    html(StatusCode::OK, &HomePage)
}

/// The style of all pages.
pub(crate) async fn style() -> Response {
    let kind = [(CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("../templates/style.css")).into_response()
}

/// What is said where there is nothing.
pub(crate) async fn not_found() -> Response {
    message(StatusCode::NOT_FOUND, "There is no such page.")
}

/// A page with one sentence and the way back.
pub(crate) fn message(status: StatusCode, text: &str) -> Response {
    html(status, &MessagePage { text })
}

/// A page as an answer.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A JSON document as an answer.
pub(crate) fn json(status: StatusCode, document: &Value) -> Response {
    let kind = [(CONTENT_TYPE, "application/json")];
    (status, kind, document.to_string()).into_response()
}
