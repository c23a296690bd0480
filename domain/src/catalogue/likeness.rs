//! How like an offer is to a service of ours: for a list that a person chooses a mapping from.
//!
//! Nothing is ever placed by it. Words are compared whole, with a few that mean the same.

use super::Offer;
use crate::smm::ServiceType;

/// Words that mean the same; the first of a row stands for all.
const SAME: [&[&str]; 7] = [
    &["x", "twitter", "tweet", "tweets"],
    &["telegram", "tg"],
    &["views", "view", "impressions", "impression"],
    &["likes", "like", "favorites", "favorite", "favourites", "favourite"],
    &["comments", "comment", "replies", "reply"],
    &["reposts", "repost", "retweets", "retweet", "rt"],
    &["followers", "follower", "members", "member", "subscribers", "subscriber"],
];

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    words: Vec<String>,
    kind: ServiceType,
    quantities: Option<(i64, i64)>,
}

impl Wanted {
    /// A service by its key and name, of a type, for orders between two quantities where those are known.
    pub fn new(key: &str, name: &str, kind: ServiceType, quantities: Option<(i64, i64)>) -> Self {
        let mut wanted: Vec<String> = Vec::new();
        for word in words(key).chain(words(name)) {
            if !wanted.contains(&word) {
                wanted.push(word);
            }
        }
        Self { words: wanted, kind, quantities }
    }
}

/// A likeness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// In a hundred.
    pub score: i64,
    /// In words.
    pub why: String,
}

/// A word in the name counts in full, one in the category less.
const IN_NAME: usize = 80;
const IN_CATEGORY: usize = 55;
/// What is left for limits that fit.
const LIMITS: i64 = 20;

/// How like; `None` for another type, or when no word is in common: those are no suggestions.
pub fn likeness(wanted: &Wanted, offer: &Offer) -> Option<Likeness> {
    if offer.kind != Some(wanted.kind) || wanted.words.is_empty() {
        return None;
    }
    let (name, category): (Vec<_>, Vec<_>) = (words(&offer.name).collect(), words(&offer.category).collect());
    let (mut points, mut found, mut missing) = (0, Vec::new(), Vec::new());
    for word in &wanted.words {
        if name.contains(word) {
            points += IN_NAME;
            found.push(word.as_str());
        } else if category.contains(word) {
            points += IN_CATEGORY;
            found.push(word.as_str());
        } else {
            missing.push(word.as_str());
        }
    }
    if found.is_empty() {
        return None;
    }
    let mut score = (points / wanted.words.len()) as i64;
    let mut why = format!("has {}", found.join(", "));
    if !missing.is_empty() {
        why.push_str(&format!("; lacks {}", missing.join(", ")));
    }
    match wanted.quantities {
        None => score += LIMITS,
        Some((least, most)) if offer.min <= least && most <= offer.max => score += LIMITS,
        Some((least, most)) => {
            why.push_str(&format!("; takes {} to {}, not {least} to {most}", offer.min, offer.max));
        }
    }
    Some(Likeness { score, why })
}

/// The words of a text, each by the one that stands for it.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| {
        let word = word.to_lowercase();
        let same = SAME.iter().find(|row| row.contains(&word.as_str()));
        same.map_or(word, |row| row[0].to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::Decimal;

    fn offer(name: &str, category: &str, kind: Option<ServiceType>, min: i64, max: i64) -> Offer {
        Offer {
            service: "1".into(),
            name: name.into(),
            category: category.into(),
            kind,
            kind_text: String::new(),
            rate: Decimal::ZERO,
            min,
            max,
            refill: false,
            cancel: false,
            dripfeed: false,
            description: String::new(),
        }
    }

    #[test]
    fn the_likest_has_every_word_and_fits() {
        let kind = Some(ServiceType::Default);
        let wanted = Wanted::new("x_views", "X views", ServiceType::Default, Some((1_000, 15_000)));
        let score = |name: &str, category: &str, min, max| {
            likeness(&wanted, &offer(name, category, kind, min, max)).map(|likeness| likeness.score)
        };
        assert_eq!(score("🔥 Twitter Tweet Views [Instant]", "Twitter", 100, 1_000_000), Some(100));
        assert_eq!(score("Tweet impressions", "", 100, 1_000_000), Some(100));
        assert_eq!(score("Views", "Twitter", 100, 1_000_000), Some(87));
        assert_eq!(score("Twitter Views", "", 100, 10_000), Some(80));
        assert_eq!(score("Instagram Views", "Instagram", 100, 1_000_000), Some(60));
        assert_eq!(score("Website traffic", "Traffic", 100, 1_000_000), None);
        let likeness = likeness(&wanted, &offer("Instagram Views", "", kind, 5_000, 9_000)).unwrap();
        assert_eq!(likeness.why, "has views; lacks x; takes 5000 to 9000, not 1000 to 15000");
    }

    #[test]
    fn another_type_is_no_suggestion() {
        let wanted = Wanted::new("x_views", "X views", ServiceType::Default, None);
        for kind in [None, Some(ServiceType::Package)] {
            assert_eq!(likeness(&wanted, &offer("Twitter Views", "", kind, 1, 1_000)), None);
        }
    }
}
