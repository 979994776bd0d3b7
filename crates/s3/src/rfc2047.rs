//! Encoded words of RFC 2047: how S3 carries text in metadata headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a metadata header says, encoded words decoded. What is not well encoded stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, word) = rest.split_at(at);
        let Some((meaning, after)) = decode_word(word) else {
            return text.to_owned();
        };
        // White space between encoded words only separates them.
        if !before.trim().is_empty() || decoded.is_empty() {
            decoded.push_str(before);
        }
        decoded.push_str(&meaning);
        rest = after;
    }
    decoded.push_str(rest);
    decoded
}

fn decode_word(word: &str) -> Option<(String, &str)> {
    let (charset, rest) = word.strip_prefix("=?")?.split_once('?')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let (encoding, rest) = rest.split_once('?')?;
    let (content, after) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(content).ok()?,
        "Q" | "q" => decode_q(content)?,
        _ => return None,
    };
    Some((String::from_utf8(bytes).ok()?, after))
}

fn decode_q(content: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(content.len());
    let mut rest = content.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            plain => plain,
        });
    }
    Some(bytes)
}

/// The text as a metadata header shows it.
pub(crate) fn encode(text: &str) -> String {
    let plain = |c: char| c == '\t' || (c.is_ascii() && !c.is_ascii_control());
    if text.chars().all(plain) {
        return text.to_owned();
    }
    // What cannot be printed goes as a whole.
    if text
        .chars()
        .any(|c| c == '\u{fffd}' || (c.is_control() && c != '\t'))
    {
        return format!("=?UTF-8?B?{}?=", STANDARD.encode(text));
    }
    let mut encoded = String::from("=?UTF-8?Q?");
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('_'),
            b'_' | b'=' | b'?' => encoded.push_str(&format!("={byte:02X}")),
            b'\t' | b'!'..=b'~' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("={other:02X}")),
        }
    }
    encoded.push_str("?=");
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_encoded_as_s3_shows_it() {
        for (text, shown) in [
            (
                "plain, with = ? _ and blanks",
                "plain, with = ? _ and blanks",
            ),
            (
                "test_—_file%E2%80%94_é_2?.pdf",
                "=?UTF-8?Q?test=5F=E2=80=94=5Ffile%E2%80%94=5F=C3=A9=5F2=3F.pdf?=",
            ),
            ("ÄMÄZÕÑ S3", "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?="),
            ("\0\u{1}\u{2}\u{3}", "=?UTF-8?B?AAECAw==?="),
        ] {
            assert_eq!(encode(text), shown);
            assert_eq!(decode(shown), text);
        }
        assert_eq!(decode("=?UTF-8?Q?actually-ascii?="), "actually-ascii");
        assert_eq!(
            decode("=?UTF-8?B?YW?= =?UTF-8?B?YWJj?="),
            "=?UTF-8?B?YW?= =?UTF-8?B?YWJj?="
        );
        assert_eq!(decode("=?UTF-8?B?YWJj?= =?UTF-8?B?YWJj?="), "abcabc");
        assert_eq!(decode("=?UTF-8?B?=GGG?="), "=?UTF-8?B?=GGG?=");
    }
}
