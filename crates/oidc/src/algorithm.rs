//! Algorithms: the ones that are accepted, and nothing else.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    VerificationAlgorithm,
};

/// A signature algorithm of public keys. There is no value for `none`, for shared secrets
/// (`HS*`) or for secp256k1, so no code can choose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    Ed25519,
}

/// All algorithms of RSA keys: a key that names none may be used with each.
pub(crate) const RSA: [Algorithm; 6] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

impl Algorithm {
    /// The algorithm that a token header or a key calls `name`, exactly so.
    pub(crate) fn named(name: &str) -> Option<Algorithm> {
        Some(match name {
            "RS256" => Algorithm::Rs256,
            "RS384" => Algorithm::Rs384,
            "RS512" => Algorithm::Rs512,
            "PS256" => Algorithm::Ps256,
            "PS384" => Algorithm::Ps384,
            "PS512" => Algorithm::Ps512,
            "ES256" => Algorithm::Es256,
            "ES384" => Algorithm::Es384,
            "ES512" => Algorithm::Es512,
            // RFC 9864 gives the curve's own name beside the older, vaguer one.
            "EdDSA" | "Ed25519" => Algorithm::Ed25519,
            _ => return None,
        })
    }

    /// The algorithm that a curve of a JWK goes with. Each curve has exactly one.
    pub(crate) fn of_curve(curve: &str) -> Option<Algorithm> {
        Some(match curve {
            "P-256" => Algorithm::Es256,
            "P-384" => Algorithm::Es384,
            "P-521" => Algorithm::Es512,
            "Ed25519" => Algorithm::Ed25519,
            _ => return None,
        })
    }

    /// What RSA signatures look like under this algorithm, if it is one of RSA's.
    pub(crate) fn rsa_parameters(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 | Algorithm::Ed25519 => {
                return None;
            }
        })
    }

    /// What verifies curve signatures under this algorithm, with the length of one
    /// coordinate of its keys.
    pub(crate) fn curve_parameters(self) -> Option<(&'static dyn VerificationAlgorithm, usize)> {
        Some(match self {
            Algorithm::Es256 => (&ECDSA_P256_SHA256_FIXED, 32),
            Algorithm::Es384 => (&ECDSA_P384_SHA384_FIXED, 48),
            Algorithm::Es512 => (&ECDSA_P521_SHA512_FIXED, 66),
            Algorithm::Ed25519 => (&ED25519, 32),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact_and_the_rest_is_unknown() {
        for name in ["RS256", "PS384", "ES512", "EdDSA", "Ed25519"] {
            assert!(Algorithm::named(name).is_some(), "{name}");
        }
        for name in [
            "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "rs256", "RS256 ",
            "RS1", "ES256K", "Ed448", "RSA-OAEP", "dir", "A128KW",
        ] {
            assert_eq!(Algorithm::named(name), None, "{name}");
        }
    }
}
