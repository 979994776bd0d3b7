//! The style and the script of all pages: files that never change under one address.

use std::sync::LazyLock;

use http::{HeaderValue, Response, header};

use crate::Answer;

const STYLE: &str = include_str!("../templates/style.css");
const SCRIPT: &str = include_str!("../templates/script.js");

/// What stands in the addresses of both, so that a new version is a new address.
pub(crate) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let all = [STYLE, SCRIPT].concat();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, all.as_bytes());
        hex::encode(digest.as_ref().get(..6).unwrap_or_default())
    });
    &VERSION
}

pub(crate) fn style() -> Answer {
    asset(STYLE, "text/css; charset=utf-8")
}

pub(crate) fn script() -> Answer {
    asset(SCRIPT, "text/javascript; charset=utf-8")
}

fn asset(text: &str, kind: &'static str) -> Answer {
    let mut answer = Response::new(text.as_bytes().to_vec());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=86400"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    answer
}
