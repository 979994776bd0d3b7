//! Text that is written as it is: nearly all of it.

/// How many bytes are looked at together.
const TOGETHER: usize = 16;

/// Splits a text before the first byte that is not plain. All bytes beyond ASCII must count
/// as the same.
pub(crate) fn split(text: &str, is_plain: impl Fn(u8) -> bool) -> (&str, &str) {
    let bytes = text.as_bytes();
    if is_all(bytes, &is_plain) {
        return (text, "");
    }
    let (groups, _) = bytes.as_chunks::<TOGETHER>();
    let whole = groups
        .iter()
        .take_while(|group| is_all_of(group, &is_plain))
        .count();
    let whole = whole * TOGETHER;
    let rest = bytes.get(whole..).unwrap_or_default();
    let plain = rest.iter().take_while(|byte| is_plain(**byte)).count();
    text.split_at(text.floor_char_boundary(whole + plain))
}

/// Whether all bytes are plain. What is left over after groups is looked at as a group that
/// overlaps the one before.
fn is_all(bytes: &[u8], is_plain: &impl Fn(u8) -> bool) -> bool {
    if let Some(last) = bytes.last_chunk::<TOGETHER>() {
        let (groups, _) = bytes.as_chunks::<TOGETHER>();
        let whole = groups.iter().all(|group| is_all_of(group, is_plain));
        return whole && is_all_of(last, is_plain);
    }
    by_ends::<8>(bytes, is_plain)
        .or_else(|| by_ends::<4>(bytes, is_plain))
        .unwrap_or_else(|| bytes.iter().all(|byte| is_plain(*byte)))
}

/// The same for bytes that two groups cover, from either end; `None` where they are too few.
fn by_ends<const COUNT: usize>(bytes: &[u8], is_plain: &impl Fn(u8) -> bool) -> Option<bool> {
    let (first, last) = (bytes.first_chunk::<COUNT>()?, bytes.last_chunk::<COUNT>()?);
    Some(is_all_of(first, is_plain) && is_all_of(last, is_plain))
}

/// Without a way out in the middle, a group is a few instructions.
fn is_all_of<const COUNT: usize>(group: &[u8; COUNT], is_plain: &impl Fn(u8) -> bool) -> bool {
    group.iter().fold(true, |all, byte| all & is_plain(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_where_it_is_no_longer_plain() {
        let is_plain = |byte: u8| byte != b'!';
        for length in 0..70 {
            let text = "\u{e9}".repeat(length / 3) + &"x".repeat(length);
            assert_eq!(split(&text, is_plain), (text.as_str(), ""));
            for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                let (before, after) = text.split_at(at);
                let marked = format!("{before}!{after}");
                assert_eq!(
                    split(&marked, is_plain),
                    (before, marked.split_at(at).1),
                    "{marked}"
                );
            }
        }
        assert_eq!(
            split("ab\u{e9}c", |byte| byte.is_ascii()),
            ("ab", "\u{e9}c")
        );
    }
}
