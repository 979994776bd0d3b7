//! Who we are to an identity provider: the names by which assertions may be meant for us.

/// AWS's name for itself as a service provider.
const ENTITY: &str = "urn:amazon:webservices";
/// AWS's sign-in end point, the one that most providers are configured with.
pub const SIGN_IN: &str = "https://signin.aws.amazon.com/saml";

/// The names of the service that assertions are made for.
#[derive(Debug, Clone)]
pub enum Service {
    /// AWS's sign-in. Providers are configured for AWS and need not be told anything new; where
    /// the sign-in page has an address of its own, assertions may be made for that too.
    SignIn {
        /// Addresses of our own sign-in end point.
        own: Vec<String>,
        /// The provider's id in our directory, which may follow `/acs/`.
        provider_id: Option<String>,
    },
    /// A service beside AWS's, with one name and one end point. What is meant for AWS is not
    /// meant for it.
    Other {
        /// Its name.
        entity_id: String,
        /// Where messages to it go.
        endpoint: String,
    },
}

impl Service {
    /// Whether assertions with this audience are for us.
    pub(crate) fn is_audience(&self, audience: &str) -> bool {
        match self {
            Service::SignIn { .. } => audience == ENTITY || self.is_endpoint(audience),
            Service::Other { entity_id, .. } => audience == entity_id,
        }
    }

    /// Whether messages to this address are for us.
    pub(crate) fn is_endpoint(&self, address: &str) -> bool {
        let (own, provider_id) = match self {
            Service::SignIn { own, provider_id } => (own, provider_id),
            Service::Other { endpoint, .. } => return address == endpoint,
        };
        let base = match (address.rsplit_once("/acs/"), provider_id) {
            (Some((base, id)), Some(expected)) if id == expected => base,
            _ => address,
        };
        is_of_aws(base) || own.iter().any(|own| own == base)
    }

    /// The names, for people who wonder why theirs is not one.
    pub(crate) fn audiences(&self) -> Vec<String> {
        match self {
            Service::SignIn { .. } => {
                let mut all = vec![ENTITY.to_owned()];
                all.extend(self.endpoints());
                all
            }
            Service::Other { entity_id, .. } => vec![entity_id.clone()],
        }
    }

    /// The addresses, for people who wonder why theirs is not one.
    pub(crate) fn endpoints(&self) -> Vec<String> {
        match self {
            Service::SignIn { own, .. } => {
                let mut all = vec![
                    SIGN_IN.to_owned(),
                    "https://<region>.signin.aws.amazon.com/saml".to_owned(),
                ];
                all.extend(own.iter().cloned());
                all
            }
            Service::Other { endpoint, .. } => vec![endpoint.clone()],
        }
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
        let service = Service::SignIn {
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

    #[test]
    fn another_service_is_known_by_its_own_names_alone() {
        let service = Service::Other {
            entity_id: "https://arnold.example/broker".to_owned(),
            endpoint: "https://arnold.example/console/broker/return/sso".to_owned(),
        };
        assert!(service.is_audience("https://arnold.example/broker"));
        assert!(service.is_endpoint("https://arnold.example/console/broker/return/sso"));
        for foreign in [ENTITY, SIGN_IN, "https://arnold.example/broker/", ""] {
            assert!(!service.is_audience(foreign), "{foreign}");
            assert!(!service.is_endpoint(foreign), "{foreign}");
        }
        assert!(!service.is_audience("https://arnold.example/console/broker/return/sso"));
        assert!(!service.is_endpoint("https://arnold.example/broker"));
    }
}
