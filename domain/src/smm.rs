//! Words of SMM panels (`smm-api-v2.md`): order types, status words, classes of refusals.
//!
//! Pure and total: whatever a panel writes becomes one of these, and what is not listed stays visibly unlisted. Absent
//! on purpose: the wire (`providers::smm`), what to do about a refusal (`app`).

use crate::outcome::Fault;
use crate::withdrawal::UnknownWord;
use std::str::FromStr;

/// What a refusal is about, and so what pauses and who may try next (`smm-api-v2.md` section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefusalClass {
    /// The panel's balance does not cover it: this provider pauses until its balance is seen to be higher.
    InsufficientFunds,
    /// Too many requests: this provider waits.
    RateLimited,
    /// Key, account, address: the provider is useless until an operator mends it.
    Auth,
    /// This service of the panel: the mapping is switched off and the catalogue is read again.
    Service,
    /// The user's link.
    Link,
    /// Below or above the panel's limits: the catalogue is read again.
    Quantity,
    /// A field or a capability: our mistake.
    Request,
    /// An order for the same link is still running there: wait and come back.
    ActiveOrder,
    /// Maintenance, busy: this provider waits a little.
    Transient,
    /// The id is not known there, or not eligible: for look-ups, refills and cancels.
    NotEligible,
    /// Not a JSON API at this address any more: redirect, parked domain.
    Endpoint,
}

impl RefusalClass {
    /// Every class.
    pub const ALL: [Self; 11] = [
        Self::InsufficientFunds,
        Self::RateLimited,
        Self::Auth,
        Self::Service,
        Self::Link,
        Self::Quantity,
        Self::Request,
        Self::ActiveOrder,
        Self::Transient,
        Self::NotEligible,
        Self::Endpoint,
    ];

    /// The word in rows, statistics and log lines (`error_type=`).
    pub const fn word(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "insufficient_funds",
            Self::RateLimited => "rate_limited",
            Self::Auth => "auth",
            Self::Service => "service",
            Self::Link => "link",
            Self::Quantity => "quantity",
            Self::Request => "request",
            Self::ActiveOrder => "active_order",
            Self::Transient => "transient",
            Self::NotEligible => "not_eligible",
            Self::Endpoint => "endpoint",
        }
    }

    /// Whose fault: only a bad link is the customer's.
    pub const fn fault(self) -> Fault {
        match self {
            Self::Link => Fault::Theirs,
            _ => Fault::Ours,
        }
    }

    /// The customer's own mistake, which no statistics hold against a provider.
    pub const fn is_customers(self) -> bool {
        matches!(self, Self::Link)
    }

    /// Another panel may take the part. A running order for the link waits for that panel instead, so that nobody
    /// gets the same thing twice; a bad link is bad everywhere.
    pub const fn may_fail_over(self) -> bool {
        !matches!(self, Self::Link | Self::ActiveOrder | Self::NotEligible)
    }

    /// Counts against the breaker (`money-safety.md` section 4: auth, 429 and out-of-funds only).
    pub const fn trips(self) -> bool {
        matches!(self, Self::InsufficientFunds | Self::RateLimited | Self::Auth | Self::Endpoint)
    }
}

impl FromStr for RefusalClass {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|class| class.word() == text);
        found.ok_or_else(|| UnknownWord(crate::text::clean_line(text, 24)))
    }
}

/// A panel's status word, normalised (`smm-api-v2.md` section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PanelStatus {
    /// Taken, not begun.
    Pending,
    /// Running.
    InProgress,
    /// A subscription that rests.
    Paused,
    /// Delivered.
    Completed,
    /// Ended short; the panel gave back the undelivered share.
    Partial,
    /// Ended; the panel gave back everything undelivered.
    Canceled,
    /// Ended by a fault of the panel's; its balance is to be looked at.
    Failed,
}

impl PanelStatus {
    /// Reads a panel's word; `None` for one that is not listed: the state is kept and an operator told, never guessed.
    pub fn read(word: &str) -> Option<Self> {
        let plain: String =
            word.trim().chars().filter(|c| !matches!(c, '_' | ' ' | '-')).flat_map(char::to_lowercase).collect();
        Some(match plain.as_str() {
            "pending" | "awaiting" | "queued" => Self::Pending,
            "processing" | "inprogress" | "active" | "running" => Self::InProgress,
            "paused" => Self::Paused,
            "completed" | "complete" | "success" | "expired" => Self::Completed,
            "partial" => Self::Partial,
            "canceled" | "cancelled" | "refunded" => Self::Canceled,
            "fail" | "failed" | "error" | "rejected" => Self::Failed,
            _ => return None,
        })
    }

    /// The normalised word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
        }
    }

    /// Nothing more is expected, though panels do change final orders: they are asked about for a grace period.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Partial | Self::Canceled | Self::Failed)
    }
}

/// A service's type at a panel (`smm-api-v2.md` section 4), which says the fields of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceType {
    /// Link and quantity, drip-feed included.
    Default,
    /// Link; one unit.
    Package,
    /// Link, quantity, keywords.
    Seo,
    /// Link and comments, one a line.
    CustomComments,
    /// Link and comments; one unit.
    CustomCommentsPackage,
    /// Link, quantity, usernames.
    Mentions,
    /// Link, quantity, usernames, hashtags.
    MentionsWithHashtags,
    /// Link, usernames.
    MentionsCustomList,
    /// Link, quantity, hashtag.
    MentionsHashtag,
    /// Link, quantity, username.
    MentionsUserFollowers,
    /// Link, quantity, media.
    MentionsMediaLikers,
    /// Link, quantity, username.
    CommentLikes,
    /// Link, username, comments.
    CommentReplies,
    /// Link, quantity, answer number.
    Poll,
    /// Link, quantity, groups.
    InvitesFromGroups,
    /// Username, min, max and the rest.
    Subscriptions,
    /// Link, quantity and where it seems to come from.
    WebTraffic,
}

impl ServiceType {
    /// Every type.
    pub const ALL: [Self; 17] = [
        Self::Default,
        Self::Package,
        Self::Seo,
        Self::CustomComments,
        Self::CustomCommentsPackage,
        Self::Mentions,
        Self::MentionsWithHashtags,
        Self::MentionsCustomList,
        Self::MentionsHashtag,
        Self::MentionsUserFollowers,
        Self::MentionsMediaLikers,
        Self::CommentLikes,
        Self::CommentReplies,
        Self::Poll,
        Self::InvitesFromGroups,
        Self::Subscriptions,
        Self::WebTraffic,
    ];

    /// The normalised word: lower case, underscores.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Package => "package",
            Self::Seo => "seo",
            Self::CustomComments => "custom_comments",
            Self::CustomCommentsPackage => "custom_comments_package",
            Self::Mentions => "mentions",
            Self::MentionsWithHashtags => "mentions_with_hashtags",
            Self::MentionsCustomList => "mentions_custom_list",
            Self::MentionsHashtag => "mentions_hashtag",
            Self::MentionsUserFollowers => "mentions_user_followers",
            Self::MentionsMediaLikers => "mentions_media_likers",
            Self::CommentLikes => "comment_likes",
            Self::CommentReplies => "comment_replies",
            Self::Poll => "poll",
            Self::InvitesFromGroups => "invites_from_groups",
            Self::Subscriptions => "subscriptions",
            Self::WebTraffic => "web_traffic",
        }
    }

    /// Reads a panel's spelling: `Custom Comments`, `custom-comments`. `None`: imported, never sold until it is known.
    pub fn read(text: &str) -> Option<Self> {
        let plain: String =
            text.trim().chars().map(|c| if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() }).collect();
        Self::ALL.into_iter().find(|kind| kind.word() == plain)
    }

    /// `rate` is money for one unit instead of for a thousand.
    pub const fn rate_per_unit(self) -> bool {
        matches!(self, Self::Package | Self::CustomCommentsPackage)
    }
}

/// Which of the two adapters speaks to a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adapter {
    /// All actions, PHP-compatible encoding.
    Current,
    /// `add` and `balance` only, with the fixed encoding of old.
    Legacy,
}

impl Adapter {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Legacy => "legacy",
        }
    }
}

impl FromStr for Adapter {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = [Self::Current, Self::Legacy].into_iter().find(|adapter| adapter.word() == text);
        found.ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// Whether a provider is given orders. What it has already is followed in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderState {
    /// It takes orders.
    Enabled,
    /// It takes none, until an operator enables it.
    Disabled,
    /// It takes none for a while; its balance and catalogue are read on.
    Maintenance,
}

impl ProviderState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Enabled, Self::Disabled, Self::Maintenance];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Maintenance => "maintenance",
        }
    }
}

impl FromStr for ProviderState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|state| state.word() == text);
        found.ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_are_read_in_every_spelling_and_unknown_ones_are_not_guessed() {
        for (word, status) in [
            ("Pending", Some(PanelStatus::Pending)),
            (" In progress ", Some(PanelStatus::InProgress)),
            ("Inprogress", Some(PanelStatus::InProgress)),
            ("in_progress", Some(PanelStatus::InProgress)),
            ("CANCELLED", Some(PanelStatus::Canceled)),
            ("Refunded", Some(PanelStatus::Canceled)),
            ("partial", Some(PanelStatus::Partial)),
            ("Expired", Some(PanelStatus::Completed)),
            ("Rejected", Some(PanelStatus::Failed)),
            ("Paused", Some(PanelStatus::Paused)),
            ("Wird bearbeitet", None),
            ("", None),
        ] {
            assert_eq!(PanelStatus::read(word), status, "{word}");
        }
    }

    #[test]
    fn types_are_read_in_every_spelling() {
        for kind in ServiceType::ALL {
            assert_eq!(ServiceType::read(kind.word()), Some(kind));
            assert_eq!(ServiceType::read(&kind.word().replace('_', " ").to_uppercase()), Some(kind));
        }
        assert_eq!(ServiceType::read("SEO"), Some(ServiceType::Seo));
        assert_eq!(ServiceType::read("Hologram"), None);
    }

    #[test]
    fn the_words_of_rows_read_back() {
        for state in ProviderState::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        for adapter in [Adapter::Current, Adapter::Legacy] {
            assert_eq!(adapter.word().parse(), Ok(adapter));
        }
        assert!("Enabled".parse::<ProviderState>().is_err() && "newest".parse::<Adapter>().is_err());
    }

    #[test]
    fn only_a_bad_link_is_the_customers() {
        for class in RefusalClass::ALL {
            assert_eq!(class.word().parse(), Ok(class));
            assert_eq!(class.fault() == Fault::Theirs, class == RefusalClass::Link);
            assert!(!class.is_customers() || !class.may_fail_over(), "{class:?}");
        }
    }
}
