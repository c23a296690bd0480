//! What is taken out of an answer before it is kept: our key, texts that we were told to hide, names of people.
//! Pure. Keys that nobody told us are hidden by [`domain::text::scrub`].

use domain::Secret;

/// The answer without our key: whoever sends it back must not make us keep it.
pub(crate) fn without_key(body: Vec<u8>, key: &Secret) -> Vec<u8> {
    let key = key.expose().as_bytes();
    // A shorter one is no key that anybody uses, and would shred the answer.
    if key.len() < 8 {
        return body;
    }
    let Some(mut at) = find(&body, key) else { return body };
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body.as_slice();
    loop {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"[hidden]");
        rest = &rest[at + key.len()..];
        match find(rest, key) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Where `key`, which is not empty, stands in any case. By its first byte: an answer may have many megabytes.
fn find(text: &[u8], key: &[u8]) -> Option<usize> {
    let first = key.first()?;
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| *byte == lower || *byte == upper) {
        from += at;
        if text.get(from..from + key.len()).is_some_and(|part| part.eq_ignore_ascii_case(key)) {
            return Some(from);
        }
        from += 1;
    }
    None
}

/// `text` without the given texts. Shorter ones than four characters hide nothing and would shred the rest.
pub(crate) fn hidden(text: &str, hide: &[&str]) -> String {
    hide.iter().filter(|secret| secret.len() >= 4).fold(text.to_owned(), |out, secret| out.replace(secret, "[hidden]"))
}

/// `text` with the values of name fields taken out: a person's name is not kept beside an attempt. Works on the text
/// itself, because an answer that is kept for its faults need not be JSON.
pub(crate) fn without_names(text: &str) -> String {
    const NAMES: [&str; 5] =
        ["\"full_name\"", "\"fullname\"", "\"account_name\"", "\"beneficiary_name\"", "\"beneficiary\""];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, name)) = NAMES.iter().filter_map(|name| Some((rest.find(name)?, name))).min() {
        let (before, after) = rest.split_at(at + name.len());
        out.push_str(before);
        let value = after.trim_start().strip_prefix(':').map(str::trim_start).and_then(|v| v.strip_prefix('"'));
        let Some(value) = value else {
            rest = after;
            continue;
        };
        out.push_str(":\"[hidden]\"");
        rest = &value[string_end(value)..];
    }
    out.push_str(rest);
    out
}

/// Where the rest begins after a JSON string whose opening quote is gone.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_key_is_taken_out_however_it_is_capitalised() {
        let key = Secret::new("Plain-Canary");
        for (body, left) in [
            ("Plain-Canary", "[hidden]"),
            ("a PLAIN-CANARY b plain-canary", "a [hidden] b [hidden]"),
            ("Plain-CanarPlain-Canary", "Plain-Canar[hidden]"),
            ("Plain-Canar", "Plain-Canar"),
            ("", ""),
        ] {
            assert_eq!(without_key(body.into(), &key), left.as_bytes(), "{body}");
        }
        assert_eq!(without_key("abcabc".into(), &Secret::new("abc")), b"abcabc");
        assert_eq!(without_key("abc".into(), &Secret::new("")), b"abc");
    }

    proptest::proptest! {
        #[test] // Taking names out never fails, whatever the text is.
        fn names_are_taken_out_of_anything(text in "(\"full_name\"|\"fullname\"| |:|\"|\\\\|[a-zé{},]){0,40}") {
            let _ = without_names(&text);
        }
    }
}
