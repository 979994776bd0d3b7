//! Cross-origin requests: preflights, and the headers on real answers.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};
use s3s::Body;

use crate::failure::{Answer, BAD_REQUEST, CORS_FORBIDDEN, Code, Failure};
use crate::house::House;
use crate::records::CorsRule;
use crate::request::Target;

const NOT_ENABLED: &str = "CORSResponse: CORS is not enabled for this bucket.";
const NO_BUCKET: &str = "CORSResponse: Bucket not found";
const VARY: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/// Answers a browser that asks before it sends a request.
pub(crate) fn preflight(
    house: &House,
    target: &Target,
    headers: &HeaderMap,
) -> Answer<Response<Body>> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).ok_or_else(|| {
        BAD_REQUEST.say("Insufficient information. Origin request header needed.")
    })?;
    let method = text(header::ACCESS_CONTROL_REQUEST_METHOD);
    let refused = |code: Code, kind: &str| {
        Failure::from(code)
            .with("Method", method.unwrap_or("OPTIONS"))
            .with("ResourceType", kind)
    };
    let bucket = target
        .bucket
        .as_deref()
        .and_then(|name| house.bucket(name).ok())
        .ok_or_else(|| refused(Code(403, CORS_FORBIDDEN.1, NO_BUCKET), "BUCKET"))?;
    let rules = bucket
        .bucket
        .cors
        .as_ref()
        .ok_or_else(|| refused(Code(403, CORS_FORBIDDEN.1, NOT_ENABLED), "BUCKET"))?;
    let known =
        method.filter(|method| matches!(*method, "GET" | "PUT" | "HEAD" | "POST" | "DELETE"));
    let method = known.ok_or_else(|| {
        let named = method.unwrap_or("null");
        BAD_REQUEST.say(format!("Invalid Access-Control-Request-Method: {named}"))
    })?;
    let asked: Vec<String> = text(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let kind = if target.key.is_empty() {
        "BUCKET"
    } else {
        "OBJECT"
    };
    let rule = rules
        .iter()
        .find(|rule| {
            rule.allows(origin, method) && asked.iter().all(|name| rule.allows_header(name))
        })
        .ok_or_else(|| refused(CORS_FORBIDDEN, kind))?;

    let mut response = Response::new(Body::empty());
    let answer = response.headers_mut();
    add_rule(answer, rule, origin);
    if !asked.is_empty() {
        add(
            answer,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            &asked.join(", "),
        );
    }
    Ok(response)
}

/// Adds to an answer what lets a page of another origin read it.
pub(crate) fn add_headers(
    house: &House,
    target: &Target,
    method: &Method,
    asked: &HeaderMap,
    answer: &mut HeaderMap,
) {
    let Some(origin) = asked
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok())
    else {
        return;
    };
    let Some(bucket) = target
        .bucket
        .as_deref()
        .and_then(|name| house.bucket(name).ok())
    else {
        return;
    };
    let rules = bucket.bucket.cors.as_deref().unwrap_or_default();
    if let Some(rule) = rules
        .iter()
        .find(|rule| rule.allows(origin, method.as_str()))
    {
        add_rule(answer, rule, origin);
    }
}

fn add_rule(answer: &mut HeaderMap, rule: &CorsRule, origin: &str) {
    // A page may send credentials unless the rule is for whoever comes.
    if rule.origins.iter().any(|pattern| pattern == "*") {
        add(answer, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else {
        add(answer, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        add(answer, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    add(
        answer,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        &rule.methods.join(", "),
    );
    if !rule.expose.is_empty() {
        add(
            answer,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            &rule.expose.join(", "),
        );
    }
    if let Some(seconds) = rule.max_age_s {
        add(answer, header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    add(answer, header::VARY, VARY);
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

impl CorsRule {
    fn allows(&self, origin: &str, method: &str) -> bool {
        self.methods.iter().any(|one| one == method)
            && self
                .origins
                .iter()
                .any(|pattern| matches_one_star(pattern, origin))
    }

    /// `name` is in lower case.
    fn allows_header(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|pattern| matches_one_star(&pattern.to_ascii_lowercase(), name))
    }
}

/// Matches a pattern with at most one `*`.
fn matches_one_star(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => {
            text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_once() {
        for (pattern, text, answer) in [
            ("*", "https://a.example", true),
            ("https://*.example", "https://a.example", true),
            ("https://*.example", "https://.example", true),
            ("https://a*a.example", "https://a.example", false),
            ("https://a.example", "https://a.example.evil", false),
            ("http://*", "https://a.example", false),
        ] {
            assert_eq!(matches_one_star(pattern, text), answer, "{pattern} {text}");
        }
    }
}
