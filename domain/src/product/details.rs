//! What a buyer tells before paying, read from what was typed and made canonical.

use super::Asks;
use crate::boost::{Platform, PostLink, handle};

/// The longest name on X.
const X_NAME: usize = 15;
/// Names on Telegram have so many characters.
const TG_NAME: std::ops::RangeInclusive<usize> = 4..=32;
/// Options of a poll.
const OPTIONS: std::ops::RangeInclusive<i64> = 1..=4;
/// Days over which followers may be spread.
const DAYS: std::ops::RangeInclusive<i64> = 1..=200;
/// Pages of X that are nobody's profile.
const PAGES: [&str; 13] = [
    "home",
    "i",
    "search",
    "explore",
    "settings",
    "messages",
    "notifications",
    "hashtag",
    "intent",
    "share",
    "compose",
    "login",
    "signup",
];

/// What a buyer told, frozen in the invoice: `{"x_name"}`, `{"tg_name"}`, `{"poll","option"}`, `{"profile"}`,
/// `{"profile","days"}`, `{"channel"}` or `{}`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Details {
    /// The X account that the posts will be of.
    XName {
        /// Lower-case, without `@`.
        x_name: String,
    },
    /// The Telegram channel or account that the posts will be of.
    TgName {
        /// Lower-case, without `@`.
        tg_name: String,
    },
    /// A poll and the option to vote for.
    Poll {
        /// The post, as `https://x.com/<account>/status/<number>`.
        poll: String,
        /// 1 to 4.
        option: i64,
    },
    /// An X profile, and over how many days.
    ProfileDays {
        /// As `https://x.com/<account>`.
        profile: String,
        /// 1 to 200.
        days: i64,
    },
    /// An X profile.
    Profile {
        /// As `https://x.com/<account>`.
        profile: String,
    },
    /// A Telegram channel.
    Channel {
        /// `@name`, or `https://t.me/+invite` of a private one.
        channel: String,
    },
    /// Nothing was asked.
    Nothing {},
}

/// What is wrong with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetailsError {
    /// Not a name that X gives.
    #[error("not the name of an X account")]
    XName,
    /// Not a name that Telegram gives.
    #[error("not the name of a Telegram channel or account")]
    TgName,
    /// No link to a post on X.
    #[error("no link to a post on X")]
    PollLink,
    /// No option, or none that a poll has.
    #[error("the option is 1, 2, 3 or 4")]
    PollOption,
    /// No link to a profile on X.
    #[error("no link to a profile on X")]
    Profile,
    /// No number of days, or too many.
    #[error("the number of days is 1 to 200")]
    Days,
    /// No channel.
    #[error("no Telegram channel")]
    Channel,
}

impl Details {
    /// Reads what was typed for what was asked. Where two things are asked (a poll and its option, a profile and the
    /// days), both stand in `typed`, apart by blanks or commas; a caller that asked one after the other joins them.
    pub fn parse(asks: Asks, typed: &str) -> Result<Self, DetailsError> {
        match asks {
            Asks::Nothing => Ok(Self::Nothing {}),
            Asks::XName => x_name(typed).map(|x_name| Self::XName { x_name }).ok_or(DetailsError::XName),
            Asks::TgName => tg_name(typed).map(|tg_name| Self::TgName { tg_name }).ok_or(DetailsError::TgName),
            Asks::TgChannel => channel(typed).map(|channel| Self::Channel { channel }).ok_or(DetailsError::Channel),
            Asks::XProfile => profile(typed).map(|profile| Self::Profile { profile }).ok_or(DetailsError::Profile),
            Asks::Poll => {
                let (link, number) = split(typed);
                let poll = poll(link).ok_or(DetailsError::PollLink)?;
                let option = number.filter(|option| OPTIONS.contains(option)).ok_or(DetailsError::PollOption)?;
                Ok(Self::Poll { poll, option })
            }
            Asks::XProfileDays => {
                let (link, number) = split(typed);
                let profile = profile(link).ok_or(DetailsError::Profile)?;
                let days = number.filter(|days| DAYS.contains(days)).ok_or(DetailsError::Days)?;
                Ok(Self::ProfileDays { profile, days })
            }
        }
    }

    /// Whether it is what is asked, in the form that [`Details::parse`] gives it.
    pub fn answers(&self, asks: Asks) -> bool {
        let typed = match self {
            Self::XName { x_name } => x_name.clone(),
            Self::TgName { tg_name } => tg_name.clone(),
            Self::Poll { poll, option } => format!("{poll} {option}"),
            Self::ProfileDays { profile, days } => format!("{profile} {days}"),
            Self::Profile { profile } => profile.clone(),
            Self::Channel { channel } => channel.clone(),
            Self::Nothing {} => String::new(),
        };
        Self::parse(asks, &typed).as_ref() == Ok(self)
    }
}

/// The first word, and the number that is the only other one.
fn split(typed: &str) -> (&str, Option<i64>) {
    let mut words = typed.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let link = words.next().unwrap_or("");
    let number = words.next().filter(|word| word.len() <= 6 && word.bytes().all(|b| b.is_ascii_digit()));
    (link, if words.next().is_none() { number.and_then(|word| word.parse().ok()) } else { None })
}

/// A post on X in its canonical form; a poll is in a post, and only X knows whether this one has any.
pub fn poll(typed: &str) -> Option<String> {
    PostLink::find(typed).filter(|link| link.platform == Platform::X).map(|link| link.url)
}

/// The host without its prefixes, and the path without query and slashes at its end.
fn host_and_path(typed: &str) -> Option<(String, &str)> {
    let typed = typed.trim();
    if !typed.is_ascii() || typed.len() > 400 || typed.bytes().any(|b| b.is_ascii_control() || b == b' ') {
        return None;
    }
    let (scheme, rest) = typed.split_once("://").unwrap_or(("https", typed));
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let (host, path) = rest.split_once('/')?;
    let host = host.to_ascii_lowercase();
    let host = ["www.", "mobile.", "m."].iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(&host);
    let path = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
    Some((host.to_owned(), path))
}

/// A profile on X as `https://x.com/<account>`, from its link or from `@account`.
pub fn profile(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let name = match typed.strip_prefix('@') {
        Some(name) => name,
        None => {
            let (host, path) = host_and_path(typed)?;
            matches!(host.as_str(), "x.com" | "twitter.com").then(|| path.trim_start_matches('@'))?
        }
    };
    let name = name.to_ascii_lowercase();
    is_x_name(&name).then(|| format!("https://x.com/{name}"))
}

fn is_x_name(name: &str) -> bool {
    (1..=X_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !PAGES.contains(&name)
}

/// An X account's name, typed or as the link of its profile.
fn x_name(typed: &str) -> Option<String> {
    match profile(typed) {
        Some(url) => url.rsplit('/').next().map(str::to_owned),
        None => handle(typed).filter(|name| is_x_name(name)),
    }
}

/// The public name in a Telegram link or a typed name.
fn tg_name(typed: &str) -> Option<String> {
    let name = match host_and_path(typed) {
        Some((host, path)) if is_telegram(&host) => {
            let path = path.strip_prefix("s/").unwrap_or(path);
            path.split('/').next().unwrap_or("").to_owned()
        }
        Some(_) => return None,
        None => typed.to_owned(),
    };
    handle(&name).filter(|name| TG_NAME.contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn is_telegram(host: &str) -> bool {
    matches!(host, "t.me" | "telegram.me" | "telegram.dog")
}

/// A Telegram channel: `@name` of a public one, `https://t.me/+<invite>` of a private one.
pub fn channel(typed: &str) -> Option<String> {
    if let Some(invite) = invite(typed) {
        return Some(format!("https://t.me/+{invite}"));
    }
    tg_name(typed)
        .filter(|name| !matches!(name.as_str(), "joinchat" | "addstickers" | "share"))
        .map(|n| format!("@{n}"))
}

fn invite(typed: &str) -> Option<String> {
    let (host, path) = host_and_path(typed)?;
    if !is_telegram(&host) {
        return None;
    }
    let invite = path.strip_prefix('+').or_else(|| path.strip_prefix("joinchat/"))?;
    let good =
        (6..=64).contains(&invite.len()) && invite.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    good.then(|| invite.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(asks: Asks, typed: &str) -> Result<String, DetailsError> {
        Details::parse(asks, typed).map(|details| serde_json::to_string(&details).unwrap())
    }

    #[test] // D13: every form of a post's link is understood, before anything is paid.
    fn d13_polls_are_found_in_every_form_of_a_link() {
        let ok = |url: &str, option: i64| Ok(format!("{{\"poll\":\"{url}\",\"option\":{option}}}"));
        let url = "https://x.com/ada/status/12";
        for (typed, expected) in [
            ("https://x.com/ada/status/12, 2", ok(url, 2)),
            ("https://x.com/ada/status/12,2", ok(url, 2)),
            ("https://twitter.com/ada/status/12 4", ok(url, 4)),
            ("https://mobile.twitter.com/ada/status/12?s=20 , 1", ok(url, 1)),
            ("http://www.x.com/ada/status/12/photo/1?t=x&s=9\n3", ok(url, 3)),
            ("x.com/ada/status/12 1", ok(url, 1)),
            ("https://x.com/i/web/status/12 1", ok("https://x.com/i/status/12", 1)),
            ("https://x.com/ada/status/12", Err(DetailsError::PollOption)),
            ("https://x.com/ada/status/12 5", Err(DetailsError::PollOption)),
            ("https://x.com/ada/status/12 0", Err(DetailsError::PollOption)),
            ("https://x.com/ada/status/12 -1", Err(DetailsError::PollOption)),
            ("https://x.com/ada/status/12 2 3", Err(DetailsError::PollOption)),
            ("https://x.com/ada/status/12 99999999999999999999", Err(DetailsError::PollOption)),
            ("https://t.me/chan/12 1", Err(DetailsError::PollLink)),
            ("2", Err(DetailsError::PollLink)),
            ("", Err(DetailsError::PollLink)),
        ] {
            assert_eq!(read(Asks::Poll, typed), expected, "{typed}");
        }
    }

    #[test]
    fn profiles_are_links_or_names() {
        for (typed, expected) in [
            ("https://x.com/Ada_1", Some("https://x.com/ada_1")),
            ("https://twitter.com/ada/", Some("https://x.com/ada")),
            ("http://mobile.twitter.com/ada?s=21", Some("https://x.com/ada")),
            ("x.com/@ada", Some("https://x.com/ada")),
            (" @ada ", Some("https://x.com/ada")),
            ("https://x.com/home", None),
            ("https://x.com/ada/status/1", None),
            ("https://x.com/", None),
            ("https://evil.com/ada", None),
            ("https://x.com.evil.com/ada", None),
            ("ftp://x.com/ada", None),
            ("https://x.com/a_name_that_is_too_long", None),
            ("ada", None),
            ("@", None),
        ] {
            assert_eq!(profile(typed).as_deref(), expected, "{typed}");
        }
        let with_days = "{\"profile\":\"https://x.com/ada\",\"days\":30}".to_owned();
        assert_eq!(read(Asks::XProfileDays, "https://x.com/ada 30"), Ok(with_days));
        assert_eq!(read(Asks::XProfileDays, "https://x.com/ada 201"), Err(DetailsError::Days));
        assert_eq!(read(Asks::XProfileDays, "30"), Err(DetailsError::Profile));
        assert_eq!(read(Asks::XProfile, "@ada"), Ok("{\"profile\":\"https://x.com/ada\"}".to_owned()));
    }

    #[test]
    fn names_and_channels_have_one_form() {
        assert_eq!(read(Asks::XName, "@Ada"), Ok("{\"x_name\":\"ada\"}".to_owned()));
        assert_eq!(read(Asks::XName, "https://x.com/Ada"), Ok("{\"x_name\":\"ada\"}".to_owned()));
        assert_eq!(read(Asks::XName, "a b"), Err(DetailsError::XName));
        assert_eq!(read(Asks::TgName, "https://t.me/Chan_1/20"), Ok("{\"tg_name\":\"chan_1\"}".to_owned()));
        assert_eq!(read(Asks::TgName, "abc"), Err(DetailsError::TgName));
        assert_eq!(read(Asks::Nothing, "whatever"), Ok("{}".to_owned()));
        for (typed, expected) in [
            ("@Chan", Some("@chan")),
            ("chan_name", Some("@chan_name")),
            ("https://t.me/chan", Some("@chan")),
            ("telegram.me/s/chan", Some("@chan")),
            ("https://t.me/+AbC-9_xyz", Some("https://t.me/+AbC-9_xyz")),
            ("https://t.me/joinchat/AbC9xyz", Some("https://t.me/+AbC9xyz")),
            ("https://t.me/c/177/20", None),
            ("https://x.com/chan", None),
            ("1chan", None),
            ("", None),
        ] {
            assert_eq!(channel(typed).as_deref(), expected, "{typed}");
        }
    }

    #[test]
    fn what_was_frozen_reads_back_and_nothing_else() {
        for (asks, typed) in [
            (Asks::XName, "ada"),
            (Asks::TgName, "chan"),
            (Asks::Poll, "x.com/a/status/1 2"),
            (Asks::XProfile, "@ada"),
            (Asks::XProfileDays, "@ada 7"),
            (Asks::TgChannel, "chan"),
            (Asks::Nothing, ""),
        ] {
            let details = Details::parse(asks, typed).unwrap();
            let text = serde_json::to_string(&details).unwrap();
            assert_eq!(serde_json::from_str::<Details>(&text).unwrap(), details, "{text}");
            for other in Asks::ALL {
                assert_eq!(details.answers(other), other == asks, "{details:?} for {other}");
            }
        }
        assert!(serde_json::from_str::<Details>("{\"x_name\":\"a\",\"extra\":1}").is_err());
        let forged = Details::Poll { poll: "https://evil.com".to_owned(), option: 1 };
        assert!(!forged.answers(Asks::Poll));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,120}") {
            for asks in Asks::ALL {
                if let Ok(details) = Details::parse(asks, &text) {
                    prop_assert!(details.answers(asks), "{details:?}");
                }
            }
        }
    }
}
