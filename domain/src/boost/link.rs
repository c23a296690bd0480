//! Links that users submit and the names they do it for, understood and made canonical.

use super::Platform;

/// A link that a user submitted, understood.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PostLink {
    /// Where the post lives.
    pub platform: Platform,
    /// The canonical address: what panels are given and what "the same link" means.
    pub url: String,
}

impl PostLink {
    /// Reads a link to a post on X (`status/<digits>`) or to something on Telegram (`viralcore-rules.md` 3.1, 3.2).
    /// Finds it in surrounding text; `None` when there is none.
    pub fn find(text: &str) -> Option<Self> {
        text.split_whitespace().filter(|word| word.len() <= 400).find_map(Self::read)
    }

    fn read(word: &str) -> Option<Self> {
        let word = word.trim_matches(|c: char| matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | ',' | ';'));
        if !word.is_ascii() || word.bytes().any(|b| b.is_ascii_control()) {
            return None;
        }
        if let Some(rest) = strip_ascii_prefix(word, "tg:") {
            return Self::read_tg(rest);
        }
        let (scheme, rest) = word.split_once("://").unwrap_or(("https", word));
        if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let (host, path) = rest.split_once('/')?;
        let host = host.to_ascii_lowercase();
        let host = ["www.", "mobile.", "m."].iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(&host);
        let path = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
        match host {
            "x.com" | "twitter.com" => {
                let (account, post) = path.split_once("/status/")?;
                let digits: String = post.chars().take_while(char::is_ascii_digit).collect();
                // `i/web` stands for "whoever": X finds the post by its number.
                let account = if account.starts_with("i/") { "i" } else { account };
                let named = !account.is_empty()
                    && account.len() <= 30
                    && account.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                (named && (1..=25).contains(&digits.len()))
                    .then(|| Self { platform: Platform::X, url: format!("https://x.com/{account}/status/{digits}") })
            }
            "t.me" | "telegram.me" | "telegram.dog" => {
                let good = !path.is_empty()
                    && path.len() <= 200
                    && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'+' | b'-'));
                good.then(|| Self { platform: Platform::Telegram, url: format!("https://t.me/{path}") })
            }
            _ => None,
        }
    }

    /// `tg://resolve?domain=name&post=5` and `tg://join?invite=hash`.
    fn read_tg(rest: &str) -> Option<Self> {
        let (verb, query) = rest.trim_start_matches('/').split_once('?')?;
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
        };
        let plain = |text: &str| {
            !text.is_empty()
                && text.len() <= 64
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        let path = match verb.to_ascii_lowercase().as_str() {
            "resolve" => {
                let domain = value("domain").filter(|domain| plain(domain))?;
                match value("post").filter(|post| post.bytes().all(|b| b.is_ascii_digit()) && !post.is_empty()) {
                    Some(post) => format!("{domain}/{post}"),
                    None => domain.to_owned(),
                }
            }
            "join" => format!("+{}", value("invite").filter(|invite| plain(invite))?),
            _ => return None,
        };
        Some(Self { platform: Platform::Telegram, url: format!("https://t.me/{path}") })
    }
}

fn strip_ascii_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// A handle that a user typed: `@Name` or `name`, lower-case without `@`; `None` when it cannot be one.
pub fn handle(text: &str) -> Option<String> {
    let name = text.trim().trim_start_matches('@').to_ascii_lowercase();
    let ok = (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    ok.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,200}") {
            if let Some(link) = PostLink::find(&text) {
                prop_assert_eq!(PostLink::find(&link.url), Some(link));
            }
            let _ = handle(&text);
        }
    }

    #[test]
    fn links_are_found_and_made_canonical() {
        use Platform::{Telegram, X};
        for (text, expected) in [
            ("https://x.com/ada/status/123", Some((X, "https://x.com/ada/status/123"))),
            ("look: http://www.twitter.com/Ada_1/status/99?s=20&t=x !", Some((X, "https://x.com/Ada_1/status/99"))),
            ("x.com/i/web/status/5/photo/1", Some((X, "https://x.com/i/status/5"))),
            ("https://mobile.twitter.com/a/status/77/", Some((X, "https://x.com/a/status/77"))),
            ("https://t.me/chan/12?single", Some((Telegram, "https://t.me/chan/12"))),
            ("T.ME/c/177/20", Some((Telegram, "https://t.me/c/177/20"))),
            ("tg://resolve?domain=chan&post=12", Some((Telegram, "https://t.me/chan/12"))),
            ("tg://join?invite=AbC-9", Some((Telegram, "https://t.me/+AbC-9"))),
            ("https://x.com/ada", None),
            ("https://x.com/ada/status/", None),
            ("https://evil.com/x.com/ada/status/1", None),
            ("ftp://x.com/a/status/1", None),
            ("https://x.com/a b/status/1", None),
            ("https://t.me/", None),
            ("tg://resolve?post=1", None),
            ("hello", None),
        ] {
            let found = PostLink::find(text).map(|link| (link.platform, link.url));
            assert_eq!(found, expected.map(|(platform, url)| (platform, url.to_owned())), "{text}");
        }
    }

    #[test]
    fn handles_are_lower_case_without_the_sign() {
        for (text, name) in [("@Ada_1", Some("ada_1")), (" bob ", Some("bob")), ("a b", None), ("", None), ("é", None)]
        {
            assert_eq!(handle(text).as_deref(), name, "{text}");
        }
    }
}
