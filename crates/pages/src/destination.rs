//! Where somebody may be sent after a sign-in: to pages of ours and nowhere else.

use url::Url;

use crate::HOME;

/// AWS's own console, which links and scripts name: it stands for ours.
const CONSOLE: &str = "console.aws.amazon.com";

/// The page that a destination stands for: a path of ours, or an address of ours or of AWS's
/// console. Everything else is nothing, so that no sign-in sends anybody to a stranger.
pub(crate) fn page(destination: &str, own_origin: &str) -> Option<String> {
    // Browsers take a backslash for a slash and leave out controls: no such address is honest.
    if destination
        .chars()
        .any(|character| character == '\\' || character.is_control())
    {
        return None;
    }
    let own = Url::parse(own_origin).ok()?;
    let url = own.join(destination).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let host = url.host_str()?;
    if url.origin() == own.origin() {
        let mut page = url.path().to_owned();
        if let Some(query) = url.query() {
            page.push('?');
            page.push_str(query);
        }
        return Some(if is_ours(url.path()) {
            page
        } else {
            HOME.to_owned()
        });
    }
    let of_the_console = host == CONSOLE
        || host
            .strip_suffix(CONSOLE)
            .is_some_and(|front| front.ends_with('.'));
    (url.scheme() == "https" && url.port().is_none() && of_the_console).then(|| HOME.to_owned())
}

/// Whether a page that somebody may be sent to lives here.
fn is_ours(path: &str) -> bool {
    matches!(path, HOME | "/switchrole" | "/v1/authorize")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://127.0.0.1:8080";

    #[test]
    fn our_own_pages_and_awss_console_are_destinations() {
        for (destination, leads_to) in [
            ("/console/home", HOME),
            ("http://127.0.0.1:8080/console/home", HOME),
            (
                "/switchrole?account=1&roleName=r",
                "/switchrole?account=1&roleName=r",
            ),
            ("https://console.aws.amazon.com/", HOME),
            ("https://console.aws.amazon.com/s3?region=us-east-1", HOME),
            ("https://us-east-1.console.aws.amazon.com/ec2/home", HOME),
            ("https://ec2.console.aws.amazon.com/", HOME),
            ("/bucket/evil.html", HOME),
            ("/", HOME),
        ] {
            assert_eq!(
                page(destination, OWN).as_deref(),
                Some(leads_to),
                "{destination}"
            );
        }
    }

    #[test]
    fn strangers_are_no_destinations_however_they_are_written() {
        for destination in [
            "https://evil.example/",
            "//evil.example/console/home",
            "/\\evil.example",
            "\\\\evil.example",
            "https:evil.example",
            "http://127.0.0.1:8080@evil.example/",
            "http://user@127.0.0.1:8080/console/home",
            "http://127.0.0.1:8081/console/home",
            "https://127.0.0.1:8080/console/home",
            "https://console.aws.amazon.com.evil.example/",
            "https://evilconsole.aws.amazon.com/",
            "https://console.aws.amazon.com:8443/",
            "http://console.aws.amazon.com/",
            "https://console.aws.amazon.com@evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "\thttps://evil.example",
            "ht\ntps://evil.example",
        ] {
            assert_eq!(page(destination, OWN), None, "{destination}");
        }
    }
}
