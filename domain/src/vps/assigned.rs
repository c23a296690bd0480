//! Which address an answer to a buy names.

use std::net::Ipv4Addr;

/// What an answer names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// One address. Whether it belongs to the package is [`super::Pool`]'s to say.
    One(Ipv4Addr),
    /// None.
    Nothing,
    /// Several, and nothing says which.
    Several(Vec<Ipv4Addr>),
}

/// The address that an answer names: of `structured`, the values under keys such as `IP` and `ip`, if they hold any; else
/// of the dotted quads anywhere in `text`. Several different ones are none: one may be the package's name come back, or
/// a gateway.
pub fn assigned<'a>(structured: impl IntoIterator<Item = &'a str>, text: &str) -> Assigned {
    let named = distinct(structured.into_iter().filter_map(|value| quad(value.trim())));
    match if named.is_empty() { distinct(quads(text)) } else { named }[..] {
        [] => Assigned::Nothing,
        [ip] => Assigned::One(ip),
        ref several => Assigned::Several(several.to_vec()),
    }
}

fn distinct(found: impl Iterator<Item = Ipv4Addr>) -> Vec<Ipv4Addr> {
    let mut list = Vec::new();
    for ip in found {
        if !list.contains(&ip) {
            list.push(ip);
        }
    }
    list
}

/// Dotted quads that stand by themselves: not in a word, a longer number or a range.
fn quads(text: &str) -> impl Iterator<Item = Ipv4Addr> + '_ {
    let apart = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-'));
    // A full stop ends a sentence, not an address.
    text.split(apart).map(|run| run.trim_end_matches('.')).filter_map(quad)
}

/// Four octets of 0 to 255 without leading zeros.
fn quad(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_chosen_or_none() {
        let one = |ip: &str| Assigned::One(ip.parse().unwrap());
        let several = |ips: &[&str]| Assigned::Several(ips.iter().map(|ip| ip.parse().unwrap()).collect());
        for (structured, text, expected) in [
            (&["103.82.72.116"][..], r#"{"IP":"103.82.72.116","gateway":"103.82.72.1"}"#, one("103.82.72.116")),
            (&["103.82.72.116", "103.82.72.116"], "", one("103.82.72.116")),
            (&["103.82.72.116", "103.82.72.117"], "", several(&["103.82.72.116", "103.82.72.117"])),
            // A structured value that is no address is as if it were not there.
            (&["103.82.72"], "bought 103.82.72.9", one("103.82.72.9")),
            (&[], "VPS created: 103.82.72.9.", one("103.82.72.9")),
            (&[], "103.82.72.9, 103.82.72.9", one("103.82.72.9")),
            (&[], "package 103.195.160.2 gave 103.195.160.7", several(&["103.195.160.2", "103.195.160.7"])),
            (&[], "from 103.82.72.0/24", Assigned::Nothing),
            (&[], "v103.82.72.9", Assigned::Nothing),
            (&[], "103.82.72.999", Assigned::Nothing),
            (&[], "103.82.72.9.1", Assigned::Nothing),
            (&[], "103.82.072.9", Assigned::Nothing),
            (&[], "103.82.72", Assigned::Nothing),
            (&[], "done", Assigned::Nothing),
            (&[], "", Assigned::Nothing),
            (&[], "(ip=103.82.72.9)\n", one("103.82.72.9")),
        ] {
            assert_eq!(assigned(structured.iter().copied(), text), expected, "{structured:?} {text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,200}") {
            let _ = assigned([text.as_str()], &text);
        }
    }
}
