//! Cross-origin requests: preflights, and the headers on real answers.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};
use s3s::Body;

use crate::failure::{Answer, BAD_REQUEST, CORS_FORBIDDEN, Code, Failure};
use crate::house::{BucketState, House};
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
    let origin = origin_of(headers).ok_or_else(|| {
        BAD_REQUEST.say("Insufficient information. Origin request header needed.")
    })?;
    let method = text(headers, &header::ACCESS_CONTROL_REQUEST_METHOD);
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
    let method = check_method(method.unwrap_or("null"))?;
    let asked = asked_headers(headers)?;
    let kind = if target.key.is_empty() {
        "BUCKET"
    } else {
        "OBJECT"
    };
    let rule =
        rule_for(rules, origin, method, &asked).ok_or_else(|| refused(CORS_FORBIDDEN, kind))?;

    let mut response = Response::new(Body::empty());
    add_rule(response.headers_mut(), rule, origin, &asked);
    Ok(response)
}

/// Refuses a request of a page's that names a method or headers which are none, where its
/// bucket has rules.
pub(crate) fn check_asked(house: &House, target: &Target, headers: &HeaderMap) -> Answer<()> {
    if origin_of(headers).is_none() || rules_of(house, target).is_none() {
        return Ok(());
    }
    if let Some(method) = text(headers, &header::ACCESS_CONTROL_REQUEST_METHOD) {
        check_method(method)?;
    }
    asked_headers(headers).map(drop)
}

/// Adds to an answer what lets a page of another origin read it. A request may name the method
/// and the headers that count, as a preflight does.
pub(crate) fn add_headers(
    house: &House,
    target: &Target,
    method: &Method,
    asked: &HeaderMap,
    answer: &mut HeaderMap,
) {
    let (Some(origin), Ok(headers)) = (origin_of(asked), asked_headers(asked)) else {
        return;
    };
    let Some(bucket) = rules_of(house, target) else {
        return;
    };
    let rules = bucket.bucket.cors.as_deref().unwrap_or_default();
    let method = text(asked, &header::ACCESS_CONTROL_REQUEST_METHOD).unwrap_or(method.as_str());
    if let Some(rule) = rule_for(rules, origin, method, &headers) {
        add_rule(answer, rule, origin, &headers);
    }
}

/// The bucket, if it has rules.
fn rules_of(house: &House, target: &Target) -> Option<Arc<BucketState>> {
    let bucket = house.bucket(target.bucket.as_deref()?).ok()?;
    bucket.bucket.cors.is_some().then_some(bucket)
}

/// The first rule that allows all that is asked for.
fn rule_for<'a>(
    rules: &'a [CorsRule],
    origin: &str,
    method: &str,
    headers: &[String],
) -> Option<&'a CorsRule> {
    rules.iter().find(|rule| {
        rule.allows(origin, method) && headers.iter().all(|name| rule.allows_header(name))
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn origin_of(headers: &HeaderMap) -> Option<&str> {
    text(headers, &header::ORIGIN).filter(|origin| !origin.is_empty())
}

/// S3 knows `PATCH`, as recorded, though no rule can allow it.
fn check_method(method: &str) -> Answer<&str> {
    match method {
        "GET" | "PUT" | "HEAD" | "POST" | "DELETE" | "PATCH" => Ok(method),
        _ => Err(BAD_REQUEST.say(format!("Invalid Access-Control-Request-Method: {method}"))),
    }
}

/// The headers that a page asks for, in lower case. As recorded from AWS, empty names at the
/// end of the list do not count, and others do.
fn asked_headers(headers: &HeaderMap) -> Answer<Vec<String>> {
    let list = text(headers, &header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let mut names: Vec<String> = list
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    let is_name = |name: &String| name.is_empty() || HeaderName::try_from(name).is_ok();
    if !names.iter().all(is_name) {
        return Err(BAD_REQUEST.say(format!("Invalid Access-Control-Request-Headers: {list}")));
    }
    Ok(names)
}

fn add_rule(answer: &mut HeaderMap, rule: &CorsRule, origin: &str, asked: &[String]) {
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
    if !asked.is_empty() {
        let asked = asked.join(", ");
        add(answer, header::ACCESS_CONTROL_ALLOW_HEADERS, &asked);
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
