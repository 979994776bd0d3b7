//! Forms as browsers write them, and as nobody should.

use aws::Timestamp;
use http_body_util::BodyExt;

use super::*;

const TYPE: &str = "multipart/form-data; boundary=\"xx\"";

fn headers(kind: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
    headers
}

fn part(name: &str, value: &str) -> String {
    format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(content: &str) -> String {
    format!(
        "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\\\a b.txt\"\r\n\
         Content-Type: text/plain\r\n\r\n{content}\r\n--xx--\r\n"
    )
}

/// Bytes one by one, as a slow network brings them.
fn trickle(text: String) -> impl HttpBody<Data = Bytes, Error = BodyRefused> + Unpin {
    let frames = text
        .into_bytes()
        .into_iter()
        .map(|byte| Ok(http_body::Frame::data(Bytes::from(vec![byte]))));
    http_body_util::StreamBody::new(futures::stream::iter(frames))
}

async fn taken(text: String) -> Result<(Form, Bytes), BodyRefused> {
    let (form, file) = read(&headers(TYPE), trickle(text)).await?;
    let bytes = file.collect().await?.to_bytes();
    Ok((form, bytes))
}

async fn code(text: String) -> String {
    taken(text).await.map(|_| ()).unwrap_err().code.into_owned()
}

#[tokio::test]
async fn fields_and_file_are_told_apart() {
    let text =
        part("Key", "up/${filename}") + &part("x-amz-meta-a", "--\r\n--x") + &file("a\r\n--x b");
    let (form, bytes) = taken(text).await.unwrap();
    assert_eq!(form.key().unwrap(), "up/a b.txt");
    assert_eq!(form.field("x-amz-meta-a"), Some("--\r\n--x"));
    assert_eq!(bytes, "a\r\n--x b");
}

#[tokio::test]
async fn what_follows_the_file_does_not_count() {
    let text = part("key", "k")
        + &file("f").replace("--xx--\r\n", "")
        + &part("acl", "public-read")
        + "--xx--";
    let (form, bytes) = taken(text).await.unwrap();
    assert_eq!((form.field("acl"), bytes), (None, Bytes::from("f")));
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let whole = part("key", "k") + &file("f");
    for (text, expected) in [
        (String::new(), "MalformedPOSTRequest"),
        (whole.replace("xx", "yy"), "MalformedPOSTRequest"),
        (whole.replace("\r\n--xx--\r\n", ""), "MalformedPOSTRequest"),
        (
            whole.replace("form-data", "attachment"),
            "MalformedPOSTRequest",
        ),
        (part("key", "k") + "--xx--\r\n", "InvalidArgument"),
        (
            part("key", "k") + &part("KEY", "l") + &file("f"),
            "InvalidArgument",
        ),
        (
            part("key", &"k".repeat(21_000)) + &file("f"),
            "MaxPostPreDataLengthExceededError",
        ),
        (
            (0..5_000)
                .map(|n| part(&n.to_string(), ""))
                .collect::<String>()
                + &file("f"),
            "MaxPostPreDataLengthExceededError",
        ),
        ("x".repeat(30_000), "MaxPostPreDataLengthExceededError"),
    ] {
        assert_eq!(code(text.clone()).await, expected, "{text:.200}");
    }
    let unbound = headers("multipart/form-data");
    assert!(read(&unbound, trickle(whole)).await.is_err());
}

#[tokio::test]
async fn nothing_but_an_upload_comes_of_a_form() {
    let text = part("key", "k")
        + &part("acl", "private")
        + &part("Content-Type", "a/b")
        + &part("x-amz-meta-a", "1")
        + &part("x-amz-copy-source", "other/secret")
        + &part("x-amz-security-token", "t")
        + &part("host", "evil")
        + &file("f");
    let (form, _) = taken(text).await.unwrap();
    let headers = form.headers().unwrap();
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-type", "x-amz-acl", "x-amz-meta-a"]);
}

#[tokio::test]
async fn tags_come_as_a_document() {
    let tagging = |document: &str| {
        let text = part("key", "k") + &part("tagging", document) + &file("f");
        async move {
            let (form, _) = taken(text).await.unwrap();
            let headers = form
                .headers()
                .map_err(|refused| refused.code.into_owned())?;
            Ok(headers["x-amz-tagging"].to_str().unwrap().to_owned())
        }
    };
    let refused = |code: &str| Err(code.to_owned());
    let many = "<Tag><Key>k</Key><Value>v</Value></Tag>".repeat(11);
    for (tags, expected) in [
        (
            "<Tag><Key>a</Key><Value>x &amp; y</Value></Tag>",
            refused("InvalidTag"),
        ),
        (
            "<Tag><Key>a b</Key><Value>x=y</Value></Tag><Tag><Key>c</Key><Value></Value></Tag>",
            Ok("a%20b=x%3Dy&c=".to_owned()),
        ),
        ("", Ok(String::new())),
        ("<Tag><Key>a</Key></Tag>", refused("MalformedXML")),
        (&many, refused("BadRequest")),
    ] {
        let document = format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
        assert_eq!(tagging(&document).await, expected, "{document}");
    }
    for broken in [
        "",
        "a=b",
        "<Tagging><TagSet>",
        "<TagSet></TagSet>",
        "<Tagging/>",
    ] {
        assert_eq!(tagging(broken).await, refused("MalformedXML"), "{broken}");
    }
}

#[tokio::test]
async fn a_policy_is_kept_to_the_letter() {
    use base64::Engine as _;
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let good = r#"{"expiration":"2026-01-01T00:01:00.000Z","conditions":[{"bucket":"b"},["starts-with","$key","up/"],["content-length-range",2,"4"],{"x-amz-meta-a":"1"}]}"#;
    for (from, to, extra, content, expected) in [
        ("", "", "", "abc", "ok"),
        ("", "", "", "a", "EntityTooSmall"),
        ("", "", "", "abcde", "EntityTooLarge"),
        ("", "", "x-amz-meta-b", "abc", "AccessDenied"),
        ("", "", "x-ignore-b", "abc", "ok"),
        ("00:01:00", "00:00:00", "", "abc", "AccessDenied"),
        ("\"b\"", "\"c\"", "", "abc", "AccessDenied"),
        ("{\"bucket\":\"b\"},", "", "", "abc", "AccessDenied"),
        ("up/", "upper/", "", "abc", "AccessDenied"),
        ("\"1\"", "\"2\"", "", "abc", "AccessDenied"),
        (
            "starts-with",
            "ends-with",
            "",
            "abc",
            "InvalidPolicyDocument",
        ),
        ("expiration", "expires", "", "abc", "InvalidPolicyDocument"),
        (
            "\"conditions\":[",
            "\"conditions\":[7,",
            "",
            "abc",
            "InvalidPolicyDocument",
        ),
        (
            "{\"expiration",
            "\"expiration",
            "",
            "abc",
            "InvalidPolicyDocument",
        ),
    ] {
        let policy = base64::engine::general_purpose::STANDARD.encode(good.replacen(from, to, 1));
        let mut text = part("key", "up/k") + &part("x-amz-meta-a", "1") + &part("policy", &policy);
        if !extra.is_empty() {
            text += &part(extra, "1");
        }
        let (form, file) = read(&headers(TYPE), trickle(text + &file(content)))
            .await
            .unwrap();
        let outcome = match form.check("b", now) {
            Err(refused) => refused.code.into_owned(),
            Ok(sizes) => match file.within(sizes).collect().await {
                Err(refused) => refused.code.into_owned(),
                Ok(_) => "ok".to_owned(),
            },
        };
        assert_eq!(outcome, expected, "{from} -> {to} {extra} {content}");
    }
}
