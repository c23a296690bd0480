//! Hexadecimal as chains write it: two digits a byte, `0x` in front where the chain has it.

/// Lower-case digits, two a byte, without a prefix.
pub fn text(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of digits without a prefix; `None` for an odd number of them or anything else among them.
pub fn bytes(digits: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

/// What follows `0x` or `0X`.
pub fn strip(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// True for exactly `count` digits and nothing else.
pub fn is(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pairs_of_digits_are_bytes() {
        assert_eq!(bytes("00fFa0"), Some(vec![0, 255, 160]));
        assert_eq!(bytes(""), Some(vec![]));
        for bad in ["0", "0x00", "g0", "é", " 0", "+1"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
        assert_eq!((strip("0Xab"), strip("ab"), is("aB", 2), is("é", 2)), (Some("ab"), None, true, false));
    }

    proptest::proptest! {
        #[test] // What was written reads back.
        fn bytes_round_trip(raw: Vec<u8>) {
            proptest::prop_assert_eq!(bytes(&text(&raw)), Some(raw));
        }
    }
}
