//! Where chance comes from.

use rand::Rng as _;

/// Gives random bytes fit for keys.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// A generator fit for keys in each thread, seeded by the operating system and from time to
/// time anew. A start gathers no chance of its own, say from the jitter of the clock: that
/// takes longer than all the rest of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        rand::rng().fill_bytes(buffer);
    }
}

/// A random UUID (version 4), as text in lower case with hyphens.
pub fn uuid_v4(entropy: &dyn Entropy) -> String {
    let digit = |nibble: u8| {
        let beyond_nine = u8::from(nibble > 9);
        char::from(b'0' + nibble + beyond_nine * (b'a' - b'9' - 1))
    };
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let text = uuid_v4(&SystemEntropy);
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&text.as_bytes()[19]));
        assert_ne!(text, uuid_v4(&SystemEntropy));
    }
}
