//! Bodies in chunks: what was signed comes through, and nothing else does.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod common;

use common::stream::{KINDS, Kind, Pieces, Stream};
use common::{EMPTY, put, sha256};
use http::HeaderMap;
use http_body_util::BodyExt;
use proptest::prelude::*;
use sigv4::{BodyFault, Refusal, VerifiedBody, unchunk};

const SIGNED: [Kind; 2] = [Kind::Signed, Kind::SignedWithTrailer];
const TRAILED: [Kind; 2] = [Kind::SignedWithTrailer, Kind::UnsignedWithTrailer];

fn body() -> Vec<u8> {
    (0..=255).cycle().take(3000).collect()
}

fn stream(kind: Kind) -> Stream {
    Stream::new(kind, &body(), 1000)
}

fn refusal(stream: &Stream) -> Refusal {
    stream.read().unwrap_err()
}

#[test]
fn what_was_signed_comes_through_however_it_is_cut() {
    for kind in KINDS {
        let stream = stream(kind);
        let encoded = stream.encoded();
        for piece in [1, 2, 3, 7, 64, 999, 1000, 1001, usize::MAX] {
            let (read, trailer) = stream.read_as(&encoded, piece).unwrap();
            assert_eq!(read, body(), "{kind:?} in pieces of {piece}");
            let expected = (kind != Kind::Signed).then_some("AAAAAA==");
            let found = trailer.get("x-amz-checksum-crc32");
            assert_eq!(found.map(|value| value.to_str().unwrap()), expected);
        }
    }
}

#[test]
fn an_empty_body_comes_through() {
    for kind in KINDS {
        let (read, _) = Stream::new(kind, b"", 1000).read().unwrap();
        assert!(read.is_empty());
    }
}

#[test]
fn a_changed_chunk_is_refused() {
    for kind in SIGNED {
        for at in 0..3 {
            let mut stream = stream(kind);
            stream.chunks[at].0[500] ^= 1;
            assert_eq!(refusal(&stream), Refusal::Chunk, "{kind:?}, chunk {at}");
        }
    }
}

#[test]
fn chunks_in_another_order_left_out_or_repeated_are_refused() {
    for kind in SIGNED {
        let mut swapped = stream(kind);
        swapped.chunks.swap(0, 1);
        assert_eq!(refusal(&swapped), Refusal::Chunk);

        for at in 0..3 {
            let mut dropped = stream(kind);
            dropped.chunks.remove(at);
            // After the last one only the length tells, which comes before its signature.
            let expected = if at == 2 {
                Refusal::Length
            } else {
                Refusal::Chunk
            };
            assert_eq!(refusal(&dropped), expected, "{kind:?}, without {at}");
        }

        let mut repeated = stream(kind);
        let again = repeated.chunks[0].clone();
        repeated.chunks.insert(1, again);
        assert_eq!(refusal(&repeated), Refusal::Chunk);

        let mut cut_short = stream(kind);
        let end = Stream::new(kind, b"", 1000).chunks.pop().unwrap();
        cut_short.chunks = vec![cut_short.chunks[0].clone(), end];
        assert_eq!(refusal(&cut_short), Refusal::Length);
    }
}

#[test]
fn a_chunk_of_another_stream_is_refused() {
    for kind in SIGNED {
        let mut stream = stream(kind);
        let other = Stream::announcing(kind, &body(), 1000, 2999);
        stream.chunks[1] = other.chunks[1].clone();
        assert_eq!(refusal(&stream), Refusal::Chunk);
    }
}

#[test]
fn a_chunk_without_its_signature_is_refused() {
    for kind in SIGNED {
        for spoiled in ["", "0", &"0".repeat(64)] {
            let mut stream = stream(kind);
            stream.chunks[1].1 = spoiled.to_owned();
            assert_eq!(refusal(&stream), Refusal::Chunk);
        }
        let stream = stream(kind);
        let upper = String::from_utf8_lossy(&stream.encoded()).into_owned();
        let signature = &stream.chunks[0].1;
        assert!(upper.contains(signature));
        let mut spoiled = stream.clone();
        spoiled.chunks[0].1 = signature.to_uppercase();
        assert_eq!(refusal(&spoiled), Refusal::Chunk);

        let encoded = stream.encoded();
        let unsigned = [
            b"3e8\r\n",
            &encoded[encoded.iter().position(|b| *b == b'\n').unwrap() + 1..],
        ]
        .concat();
        assert_eq!(stream.read_as(&unsigned, usize::MAX), Err(Refusal::Chunk));
    }
}

#[test]
fn a_stream_that_ends_too_early_is_refused_wherever_it_ends() {
    for kind in KINDS {
        let stream = Stream::new(kind, b"hello, world", 5);
        let encoded = stream.encoded();
        for end in 0..encoded.len() {
            let read = stream.read_as(&encoded[..end], usize::MAX);
            assert_eq!(
                read,
                Err(Refusal::Chunks("it ends too early")),
                "{kind:?} at {end}"
            );
        }
    }
}

#[test]
fn whatever_follows_the_end_is_refused() {
    for kind in KINDS {
        let stream = stream(kind);
        for more in ["x", "\r\n", "0\r\n\r\n", "5\r\nhello\r\n"] {
            let encoded = [&stream.encoded(), more.as_bytes()].concat();
            for piece in [1, usize::MAX] {
                let read = stream.read_as(&encoded, piece);
                assert_eq!(
                    read,
                    Err(Refusal::Chunks("bytes follow the end")),
                    "{kind:?} {more:?}"
                );
            }
        }
    }
}

#[test]
fn a_length_that_is_a_lie_is_refused() {
    for kind in KINDS {
        for announced in [0, 2999, 3001, 1 << 40] {
            let stream = Stream::announcing(kind, &body(), 1000, announced);
            assert_eq!(refusal(&stream), Refusal::Length, "{kind:?} {announced}");
        }
    }
    for length in [
        "",
        "-1",
        "+3000",
        "3000 ",
        "0x10",
        "99999999999999999999999",
        "3e3",
    ] {
        let mut stream = stream(Kind::Signed);
        stream
            .call
            .set("x-amz-decoded-content-length", length.trim());
        stream.call = stream.call.signed();
        stream.sign();
        let expected = match length.trim() {
            "3000" => Ok(()),
            _ => Err(Refusal::MissingHeader("x-amz-decoded-content-length")),
        };
        assert_eq!(stream.read().map(|_| ()), expected, "{length}");
    }
}

#[test]
fn a_changed_trailer_is_refused() {
    let mut value = stream(Kind::SignedWithTrailer);
    value.trailer[0].1 = "AAAAAQ==".into();
    assert_eq!(refusal(&value), Refusal::Chunk);

    let mut signature = stream(Kind::SignedWithTrailer);
    signature.trailer_signature = "0".repeat(64);
    assert_eq!(refusal(&signature), Refusal::Chunk);

    let mut of_another = stream(Kind::SignedWithTrailer);
    of_another.trailer_signature = of_another.chunks[3].1.clone();
    assert_eq!(refusal(&of_another), Refusal::Chunk);
}

#[test]
fn the_trailer_is_the_one_that_was_announced() {
    for kind in TRAILED {
        let mut missing = stream(kind);
        missing.trailer.clear();
        missing.sign();
        let expected = Refusal::Trailer("not everything announced came");
        assert_eq!(refusal(&missing), expected, "{kind:?}");

        let mut renamed = stream(kind);
        renamed.trailer[0].0 = "x-amz-checksum-sha1".into();
        renamed.sign();
        assert_eq!(
            refusal(&renamed),
            Refusal::Trailer("a name was not announced")
        );

        let mut more = stream(kind);
        more.trailer.push(("x-amz-meta-a".into(), "b".into()));
        more.sign();
        assert_eq!(refusal(&more), Refusal::Trailer("a name was not announced"));

        let mut twice = stream(kind);
        twice.trailer.push(twice.trailer[0].clone());
        twice.sign();
        assert_eq!(refusal(&twice), Refusal::Trailer("a name is given twice"));

        let mut long = stream(kind);
        long.trailer[0].1 = "A".repeat(1100);
        long.sign();
        assert_eq!(refusal(&long), Refusal::Chunks("a line is too long"));
    }
}

#[test]
fn a_trailer_stands_where_it_belongs_and_is_signed_where_it_must_be() {
    let text = |stream: &Stream| String::from_utf8(stream.encoded()).unwrap();
    let read = |stream: &Stream, text: String| stream.read_as(text.as_bytes(), 3).map(|_| ());
    let signed = Stream::new(Kind::SignedWithTrailer, b"hello", 5);
    let unsigned = Stream::new(Kind::UnsignedWithTrailer, b"hello", 5);
    let plain = Stream::new(Kind::Signed, b"hello", 5);
    let signature = format!("x-amz-trailer-signature:{}\r\n", signed.trailer_signature);
    let checksum = "x-amz-checksum-crc32:AAAAAA==\r\n";

    let without = text(&signed).replace(&signature, "");
    assert_eq!(
        read(&signed, without.clone() + "\r\n"),
        Err(Refusal::Trailer("its signature is missing"))
    );
    assert_eq!(
        read(&signed, without),
        Err(Refusal::Chunks("it ends too early"))
    );
    let before = text(&signed)
        .replace(checksum, "")
        .replace(&signature, &format!("{signature}{checksum}"));
    assert_eq!(read(&signed, before), Err(Refusal::Chunk));
    let after = text(&signed).replace(&signature, &format!("{signature}{checksum}"));
    assert_eq!(
        read(&signed, after),
        Err(Refusal::Trailer("something follows its signature"))
    );
    let split = text(&signed).replace(checksum, &format!("{checksum}\r\n{checksum}"));
    assert_eq!(
        read(&signed, split),
        Err(Refusal::Trailer("it goes on after its end"))
    );
    let more = text(&unsigned).replace(checksum, &format!("{checksum}{signature}"));
    assert_eq!(
        read(&unsigned, more),
        Err(Refusal::Trailer(
            "the body is not signed, but the trailer is"
        ))
    );
    let end = text(&plain);
    let end = format!("{}{checksum}\r\n", end.strip_suffix("\r\n").unwrap());
    assert_eq!(
        read(&plain, end),
        Err(Refusal::Chunks("something follows the last chunk"))
    );
    for spoiled in [
        "x-amz-checksum-crc32\r\n",
        "x-amz-checksum-crc32 AAAAAA==\r\n",
    ] {
        let changed = text(&unsigned).replace(checksum, spoiled);
        assert_eq!(
            read(&unsigned, changed),
            Err(Refusal::Trailer("a name has no value"))
        );
    }
}

#[test]
fn what_is_no_stream_is_refused() {
    let stream = Stream::new(Kind::UnsignedWithTrailer, b"hello", 5);
    let no_size = Refusal::Chunks("a chunk has no size");
    for (encoded, expected) in [
        ("\r\n", no_size.clone()),
        ("zz\r\n", no_size.clone()),
        ("-5\r\nhello\r\n", no_size.clone()),
        ("+5\r\nhello\r\n", no_size.clone()),
        (" 5\r\nhello\r\n", no_size.clone()),
        ("0x5\r\nhello\r\n", no_size.clone()),
        ("ffffffffffffffff\r\n", no_size.clone()),
        ("fffffffffffffffff\r\n", no_size),
        (
            "5\nhello\r\n",
            Refusal::Chunks("a line does not end in CRLF"),
        ),
        (
            "5\r\nhello!\r\n",
            Refusal::Chunks("a chunk does not end where it should"),
        ),
        (
            "4\r\nhello\r\n",
            Refusal::Chunks("a chunk does not end where it should"),
        ),
        ("6\r\nhello\r\n", Refusal::Length),
        (
            "5;chunk-signature=00\r\nhello\r\n",
            Refusal::Chunks("a chunk has an extension"),
        ),
        ("\u{fc}\r\n", Refusal::Chunks("a chunk has no size")),
        (&"0".repeat(1024), Refusal::Chunks("a line is too long")),
    ] {
        assert_eq!(
            stream.read_as(encoded.as_bytes(), 2),
            Err(expected),
            "{encoded:?}"
        );
    }
}

#[test]
fn a_hashed_body_ends_well_only_if_it_is_the_one() {
    let read = |body: &'static [u8]| {
        let call = put();
        let verified = call.verify().unwrap();
        let pieces = body.chunks(2).map(bytes::Bytes::from_static).collect();
        let body = VerifiedBody::new(Pieces(pieces), &verified, &call.parts()).unwrap();
        assert_eq!(body.decoded_bytes(), None);
        match futures::executor::block_on(body.collect()) {
            Ok(read) => Ok(read.to_bytes()),
            Err(BodyFault::Refused(refusal)) => Err(refusal),
            Err(BodyFault::Transport(never)) => match never {},
        }
    };
    assert_eq!(read(b"hello").unwrap(), "hello");
    for other in [&b"hellO"[..], b"hell", b"hello!", b""] {
        assert!(matches!(read(other), Err(Refusal::Body { .. })));
    }
    assert_ne!(sha256(b"hello"), EMPTY);
}

#[test]
fn headers_forget_the_chunks() {
    for (encoding, rest) in [
        ("aws-chunked", None),
        ("AWS-Chunked", None),
        ("gzip,aws-chunked", Some("gzip")),
        ("aws-chunked, gzip", Some("gzip")),
        ("gzip", Some("gzip")),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("content-encoding", encoding.parse().unwrap());
        headers.insert("content-length", "99".parse().unwrap());
        headers.insert("transfer-encoding", "chunked".parse().unwrap());
        unchunk(&mut headers, 5);
        let found = headers.get("content-encoding");
        assert_eq!(
            found.map(|value| value.to_str().unwrap()),
            rest,
            "{encoding}"
        );
        assert_eq!(headers["content-length"], "5");
        assert!(!headers.contains_key("transfer-encoding"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bit_of_a_signed_stream_can_change(at in 0usize..10_000, bit in 0u8..8, trailer: bool) {
        let kind = if trailer { Kind::SignedWithTrailer } else { Kind::Signed };
        let stream = Stream::new(kind, b"hello, wonderful world", 9);
        let mut encoded = stream.encoded();
        let at = at % encoded.len();
        encoded[at] ^= 1 << bit;
        let read = stream.read_as(&encoded, usize::MAX);
        if let Ok((body, trailer)) = read {
            // Sizes and names in capitals, or space around a value: the meaning is the same.
            let (expected, expected_trailer) = stream.read().unwrap();
            prop_assert_eq!(body, expected);
            prop_assert_eq!(trailer, expected_trailer);
        }
    }

    #[test]
    fn no_bytes_break_the_decoder(encoded: Vec<u8>, piece in 1usize..9, kind in 0usize..3) {
        let stream = Stream::new(KINDS[kind], b"hello", 5);
        let _ = stream.read_as(&encoded, piece);
    }
}
