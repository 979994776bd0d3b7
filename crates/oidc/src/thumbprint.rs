//! Thumbprints: how IAM names the certificate authority of a provider.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The SHA-1 digest, in hex, of the topmost certificate that a host shows: the last one.
/// `chain` is in DER, the host's own certificate first.
///
/// It is what IAM stores and shows. Trust does not rest on it; that needs a certificate
/// chain which ends in a known authority.
pub fn thumbprint(chain: &[Vec<u8>]) -> Option<String> {
    let top = chain.last()?;
    Some(hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, top)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_certificate_counts() {
        let chain = [b"leaf".to_vec(), b"abc".to_vec()];
        // FIPS 180-1, appendix A.
        assert_eq!(
            thumbprint(&chain).as_deref(),
            Some("a9993e364706816aba3e25717850c26c9cd0d89d")
        );
        assert_eq!(thumbprint(&[]), None);
    }
}
