//! Text from files and programs, in the encodings that editors and shells really write.

/// The text in these bytes: UTF-8, or UTF-16 of either order as Windows shells write it, with or without a mark at the
/// beginning. `None` when it is none of them.
pub(super) fn decoded(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        // Keys and settings are plain letters: in UTF-16 every second byte of them is zero.
        [first, 0, ..] if *first != 0 => wide(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => wide(bytes, u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn what_shells_write_is_read() {
        for bytes in [&b"ab"[..], b"\xef\xbb\xbfab", b"\xff\xfea\0b\0", b"\xfe\xff\0a\0b", b"a\0b\0", b"\0a\0b"] {
            assert_eq!(decoded(bytes).as_deref(), Some("ab"), "{bytes:?}");
        }
        assert_eq!(decoded(b"\xff\xfea\0b"), None);
        assert_eq!(decoded(b"\xc3\x28"), None);
        assert_eq!(decoded(b"").as_deref(), Some(""));
    }
}
