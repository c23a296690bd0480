//! The types of services: which fields an order of each needs and how its quantity is told.

/// How many units an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// `quantity`.
    Given,
    /// The lines of a field that are not empty.
    Lines(&'static str),
    /// One package; the rate is for one.
    One,
    /// Each new post gets an order of `min` to `max`.
    EachPost,
}

/// One type of service.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) title: &'static str,
    pub(super) count: Count,
    pub(super) needs: &'static [&'static str],
    pub(super) may: &'static [&'static str],
}

const fn kind(title: &'static str, count: Count, needs: &'static [&'static str], may: &'static [&'static str]) -> Kind {
    Kind { title, count, needs, may }
}

/// The first is also how an unknown type is treated.
pub(super) const KINDS: [Kind; 17] = [
    kind("Default", Count::Given, &["link"], &["runs", "interval"]),
    kind("Package", Count::One, &["link"], &[]),
    kind("SEO", Count::Given, &["link", "keywords"], &[]),
    kind("Custom Comments", Count::Lines("comments"), &["link", "comments"], &["quantity"]),
    kind("Custom Comments Package", Count::One, &["link", "comments"], &[]),
    kind("Mentions", Count::Given, &["link", "usernames"], &[]),
    kind("Mentions with Hashtags", Count::Given, &["link", "usernames", "hashtags"], &[]),
    kind("Mentions Custom List", Count::Lines("usernames"), &["link", "usernames"], &[]),
    kind("Mentions Hashtag", Count::Given, &["link", "hashtag"], &[]),
    kind("Mentions User Followers", Count::Given, &["link", "username"], &[]),
    kind("Mentions Media Likers", Count::Given, &["link", "media"], &[]),
    kind("Comment Likes", Count::Given, &["link", "username"], &[]),
    kind("Comment Replies", Count::Lines("comments"), &["link", "username", "comments"], &["quantity"]),
    kind("Poll", Count::Given, &["link", "answer_number"], &[]),
    kind("Invites from Groups", Count::Given, &["link", "groups"], &[]),
    kind("Subscriptions", Count::EachPost, &["username", "min", "max", "delay"], &["posts", "old_posts", "expiry"]),
    kind(
        "Web Traffic",
        Count::Given,
        &["link", "country", "device", "type_of_traffic"],
        &["google_keyword", "referring_url"],
    ),
];

impl Kind {
    /// By the type's word in any spelling.
    pub(super) fn of(word: &str) -> &'static Kind {
        let known = KINDS.iter().find(|kind| plain(kind.title) == plain(word));
        let [usual, ..] = &KINDS;
        known.unwrap_or(usual)
    }

    /// Whether an order of this type has any use for a field.
    pub(super) fn knows(&self, field: &str) -> bool {
        self.needs.contains(&field) || self.may.contains(&field) || (field == "quantity" && self.count == Count::Given)
    }
}

fn plain(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_in_every_spelling() {
        for word in ["Custom Comments Package", "custom_comments_package", "CUSTOM-COMMENTS package "] {
            assert_eq!(Kind::of(word).title, "Custom Comments Package", "{word}");
        }
        assert_eq!(Kind::of("Telepathy").title, "Default");
    }
}
