//! Telegram's HTML, built from parts so that no text can enter unescaped: every method escapes what it is given, and
//! there is no way to make an [`Html`] from a string.

use serde::{Deserialize, Serialize};

/// The most that a message may show, in UTF-16 units.
pub(crate) const TEXT_MAX: usize = 4_096;
/// The most that may stand under a picture.
pub(crate) const CAPTION_MAX: usize = 1_024;

/// A message's text with its markup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Html {
    source: String,
}

impl Html {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Plain text.
    #[must_use]
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.escape(text);
        self
    }

    /// Bold text.
    #[must_use]
    pub(crate) fn bold(self, text: &str) -> Self {
        self.tagged("b", text)
    }

    /// Text that is easily copied with a tap.
    #[must_use]
    pub(crate) fn code(self, text: &str) -> Self {
        self.tagged("code", text)
    }

    /// A person's name that leads to them.
    #[must_use]
    pub(crate) fn mention(mut self, name: &str, user: i64) -> Self {
        self.source.push_str(&format!("<a href=\"tg://user?id={user}\">"));
        self.escape(name);
        self.source.push_str("</a>");
        self
    }

    /// Ends the line.
    #[must_use]
    pub(crate) fn line(mut self) -> Self {
        self.source.push('\n');
        self
    }

    /// Ends the line and leaves one empty.
    #[must_use]
    pub(crate) fn gap(self) -> Self {
        self.line().line()
    }

    /// Another text behind this one.
    #[must_use]
    pub(crate) fn then(mut self, other: &Html) -> Self {
        self.source.push_str(&other.source);
        self
    }

    /// The markup, for Telegram.
    pub(crate) fn as_str(&self) -> &str {
        &self.source
    }

    /// The same without markup, for when Telegram does not take it.
    pub(crate) fn plain(&self) -> String {
        let mut out = String::with_capacity(self.source.len());
        let mut in_tag = false;
        for c in self.source.chars() {
            match c {
                '<' => in_tag = true,
                '>' => in_tag = false,
                c if !in_tag => out.push(c),
                _ => {}
            }
        }
        // `&amp;` last, so that an escaped `&lt;` is not read twice.
        out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    /// How long it is as shown, in UTF-16 units.
    pub(crate) fn shown_len(&self) -> usize {
        self.plain().encode_utf16().count()
    }

    fn tagged(mut self, tag: &str, text: &str) -> Self {
        // Telegram drops empty entities; some clients then show a stray blank.
        if !text.is_empty() {
            self.source.push_str(&format!("<{tag}>"));
            self.escape(text);
            self.source.push_str(&format!("</{tag}>"));
        }
        self
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.source.push_str("&amp;"),
                '<' => self.source.push_str("&lt;"),
                '>' => self.source.push_str("&gt;"),
                '"' => self.source.push_str("&quot;"),
                c => self.source.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_is_text() {
        let html = Html::new().text("Hi ").bold("<b>&\"").line().mention("</a><script>", 7);
        assert_eq!(
            html.as_str(),
            "Hi <b>&lt;b&gt;&amp;&quot;</b>\n<a href=\"tg://user?id=7\">&lt;/a&gt;&lt;script&gt;</a>"
        );
        assert_eq!(html.plain(), "Hi <b>&\"\n</a><script>");
        assert_eq!(Html::new().bold("").code("").as_str(), "");
    }

    proptest::proptest! {
        #[test] // Whatever is put in comes out as it was, and every tag in the markup is one that we wrote.
        fn nothing_escapes(text in "\\PC{0,80}", name in "[<>&\";a-z/= ]{0,60}") {
            let html = Html::new().text(&text).bold(&name).code(&name).mention(&name, 5);
            proptest::prop_assert_eq!(html.plain(), format!("{text}{name}{name}{name}"));
            let mut rest = html.as_str();
            while let Some(at) = rest.find('<') {
                let end = at + rest[at..].find('>').unwrap();
                let tag = &rest[at..=end];
                let known = ["<b>", "</b>", "<code>", "</code>", "<a href=\"tg://user?id=5\">", "</a>"];
                proptest::prop_assert!(known.contains(&tag), "{}", tag);
                rest = &rest[end + 1..];
            }
        }
    }
}
