//! Who we are to an identity provider: the names by which assertions may be meant for us.

/// AWS's name for itself as a service provider.
const ENTITY: &str = "urn:amazon:webservices";
/// AWS's sign-in end point, the one that most providers are configured with.
pub const SIGN_IN: &str = "https://signin.aws.amazon.com/saml";

/// The names of the service that assertions are made for.
///
/// Providers are configured for AWS and need not be told anything new; where the sign-in
/// page has an address of its own, assertions may be made for that too.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Addresses of our own sign-in end point.
    pub own: Vec<String>,
    /// The provider's id in our directory, which may follow `/acs/`.
    pub provider_id: Option<String>,
}

impl Service {
    /// Whether assertions with this audience are for us.
    pub(crate) fn is_audience(&self, audience: &str) -> bool {
        audience == ENTITY || self.is_endpoint(audience)
    }

    /// Whether messages to this address are for us.
    pub(crate) fn is_endpoint(&self, address: &str) -> bool {
        let base = match (address.rsplit_once("/acs/"), &self.provider_id) {
            (Some((base, id)), Some(expected)) if id == expected => base,
            _ => address,
        };
        is_of_aws(base) || self.own.iter().any(|own| own == base)
    }

    /// The names, for people who wonder why theirs is not one.
    pub(crate) fn audiences(&self) -> Vec<String> {
        let mut all = vec![ENTITY.to_owned()];
        all.extend(self.endpoints());
        all
    }

    /// The addresses, for people who wonder why theirs is not one.
    pub(crate) fn endpoints(&self) -> Vec<String> {
        let mut all = vec![
            SIGN_IN.to_owned(),
            "https://<region>.signin.aws.amazon.com/saml".to_owned(),
        ];
        all.extend(self.own.iter().cloned());
        all
    }
}

fn is_of_aws(address: &str) -> bool {
    let Some((host, path)) = address
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let is_host = host == "signin.aws.amazon.com"
        || host
            .strip_suffix(".signin.aws.amazon.com")
            .is_some_and(is_region);
    is_host && matches!(path, "saml" | "static/saml")
}

/// `us-east-1` and the like.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else {
        return false;
    };
    let is_word = |word: &&str| {
        !word.is_empty() && word.len() <= 12 && word.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    words.len() >= 2
        && words.iter().all(is_word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_is_known_by_its_addresses_and_nobody_else_is() {
        let service = Service {
            own: vec!["http://127.0.0.1:8080/saml".to_owned()],
            provider_id: Some("SAMLSP1".to_owned()),
        };
        for good in [
            SIGN_IN,
            "https://signin.aws.amazon.com/static/saml",
            "https://eu-central-1.signin.aws.amazon.com/saml",
            "https://us-gov-west-1.signin.aws.amazon.com/saml",
            "https://us-east-1.signin.aws.amazon.com/saml/acs/SAMLSP1",
            "http://127.0.0.1:8080/saml",
            "http://127.0.0.1:8080/saml/acs/SAMLSP1",
        ] {
            assert!(service.is_endpoint(good), "{good}");
            assert!(service.is_audience(good), "{good}");
        }
        assert!(service.is_audience("urn:amazon:webservices"));
        for bad in [
            "urn:amazon:webservices",
            "http://signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com/saml/",
            "https://signin.aws.amazon.com/saml?x",
            "https://signin.aws.amazon.com.evil.example/saml",
            "https://evil.signin.aws.amazon.com/saml",
            "https://evil.example/.us-east-1.signin.aws.amazon.com/saml",
            "https://us-east-1.signin.aws.amazon.com/saml/acs/SAMLSP2",
            "https://signin.aws.amazon.com:443/saml",
            "https://SIGNIN.aws.amazon.com/saml",
            "",
        ] {
            assert!(!service.is_endpoint(bad), "{bad}");
        }
    }
}
