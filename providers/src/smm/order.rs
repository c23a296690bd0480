//! One order: the fields of every service type (`smm-api-v2.md` section 4) in their order, and what a panel says of
//! an order that it took. No I/O here.

use super::encode::{Form, is_id};

/// An order as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The panel's id of the service.
    pub service: String,
    /// What the service's type asks for.
    pub fields: Fields,
}

/// The fields of an order by the type of its service. A list is sent with one entry a line, trimmed, empty ones left
/// out; what is `None` is not sent at all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields have the names of the protocol")]
pub enum Fields {
    /// With `runs` and `interval` (minutes) a drip-feed: `quantity` is then that of one run.
    Default { link: String, quantity: i64, runs: Option<i64>, interval: Option<i64> },
    /// One unit.
    Package { link: String },
    /// Search engine words.
    Seo { link: String, quantity: i64, keywords: Vec<String> },
    /// The number of comments is the quantity; some panels want it said (`send_quantity`).
    CustomComments { link: String, comments: Vec<String>, send_quantity: bool },
    /// One unit.
    CustomCommentsPackage { link: String, comments: Vec<String> },
    /// Mentions of users.
    Mentions { link: String, quantity: i64, usernames: Vec<String> },
    /// Mentions of users with hashtags.
    MentionsWithHashtags { link: String, quantity: i64, usernames: Vec<String>, hashtags: Vec<String> },
    /// The number of names is the quantity.
    MentionsCustomList { link: String, usernames: Vec<String> },
    /// Mentions of who used a hashtag.
    MentionsHashtag { link: String, quantity: i64, hashtag: String },
    /// Mentions of the followers of an account.
    MentionsUserFollowers { link: String, quantity: i64, username: String },
    /// Mentions of who liked a medium, by its URL.
    MentionsMediaLikers { link: String, quantity: i64, media: String },
    /// `username` owns the comment.
    CommentLikes { link: String, quantity: i64, username: String },
    /// Panels disagree whether the number of lines is to be said (`send_quantity`).
    CommentReplies { link: String, username: String, comments: Vec<String>, send_quantity: bool },
    /// A vote.
    Poll { link: String, quantity: i64, answer_number: String },
    /// Members out of groups.
    InvitesFromGroups { link: String, quantity: i64, groups: Vec<String> },
    /// Future posts of an account: `min` to `max` units each, `delay` in minutes, `expiry` as `31/12/2026`.
    Subscriptions {
        username: String,
        min: i64,
        max: i64,
        posts: Option<i64>,
        old_posts: Option<i64>,
        delay: i64,
        expiry: Option<String>,
    },
    /// Visits: codes of `device` and `type_of_traffic` as the protocol numbers them.
    WebTraffic {
        link: String,
        quantity: i64,
        country: String,
        device: i64,
        type_of_traffic: i64,
        google_keyword: Option<String>,
        referring_url: Option<String>,
    },
}

/// What a panel says of an order that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The panel's id, opaque.
    pub order: String,
    /// What the panel took for it, in `currency`, as decimal text.
    pub charge: Option<String>,
    /// The charge's currency, as the panel spells it.
    pub currency: Option<String>,
    /// Why an operator should look: the panel named an order and an error together, or an id that it cannot be asked
    /// by. The order is there all the same.
    pub review: Option<String>,
}

/// One field's value before it is written.
enum Value<'a> {
    /// Not empty once trimmed.
    Text(&'a str),
    /// At least one line that is not empty.
    Lines(&'a [String]),
    /// Above zero.
    Count(i64),
    /// Zero or above.
    Number(i64),
}

impl NewOrder {
    /// Adds the fields to a body, or says what is wrong with them, before anything leaves.
    pub(super) fn fill(&self, form: &mut Form) -> Result<(), String> {
        if !is_id(&self.service) {
            return Err("the service id must be 1 to 64 of letters, digits, - and _".to_owned());
        }
        if let Some(problem) = self.fields.problem() {
            return Err(problem.to_owned());
        }
        form.set("service", &self.service);
        for (name, value) in self.fields.rows() {
            match value {
                Value::Text(text) if !text.trim().is_empty() => form.set(name, text.trim()),
                Value::Lines(entries) if lines(entries).next().is_some() => {
                    form.set(name, &lines(entries).collect::<Vec<_>>().join("\n"))
                }
                Value::Count(number @ 1..) | Value::Number(number @ 0..) => form.set(name, &number.to_string()),
                Value::Text(_) | Value::Lines(_) => return Err(format!("the field {name} is empty")),
                Value::Count(_) | Value::Number(_) => return Err(format!("the field {name} is too low")),
            };
        }
        Ok(())
    }

    /// The texts of ours that a panel may echo: no word in them is the panel's.
    pub(super) fn own_texts(&self) -> Vec<&str> {
        let rows = self.fields.rows();
        rows.iter()
            .flat_map(|(_, value)| match value {
                Value::Text(text) => vec![text.trim()],
                Value::Lines(entries) => lines(entries).collect(),
                Value::Count(_) | Value::Number(_) => Vec::new(),
            })
            .collect()
    }
}

impl Fields {
    /// What does not fit together, beside fields that are empty or too low.
    fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Default { runs, interval, .. } if runs.is_some() != interval.is_some() => {
                Some("runs and interval go together")
            }
            Self::Subscriptions { min, max, .. } if min > max => Some("min is above max"),
            Self::Subscriptions { delay, .. } if !is_delay(*delay) => Some("delay is none of the listed minutes"),
            Self::Subscriptions { expiry: Some(expiry), .. } if !is_date(expiry.trim()) => {
                Some("expiry must be a day such as 31/12/2026")
            }
            Self::WebTraffic { type_of_traffic: 1, google_keyword: None, .. } => Some("traffic 1 needs a keyword"),
            Self::WebTraffic { type_of_traffic: 2, referring_url: None, .. } => Some("traffic 2 needs a referring URL"),
            _ => None,
        }
    }

    /// The fields in the order of the table.
    fn rows(&self) -> Vec<(&'static str, Value<'_>)> {
        use Value::{Count, Lines, Number, Text};
        let counted = |entries: &[String]| Count(i64::try_from(lines(entries).count()).unwrap_or(i64::MAX));
        match self {
            Self::Default { link, quantity, runs, interval } => {
                let drip = [("runs", runs.map(Count)), ("interval", interval.map(Count))];
                with_given(vec![("link", Text(link)), ("quantity", Count(*quantity))], drip)
            }
            Self::Package { link } => vec![("link", Text(link))],
            Self::Seo { link, quantity, keywords } => {
                vec![("link", Text(link)), ("quantity", Count(*quantity)), ("keywords", Lines(keywords))]
            }
            Self::CustomComments { link, comments, send_quantity } => with_given(
                vec![("link", Text(link)), ("comments", Lines(comments))],
                [("quantity", send_quantity.then(|| counted(comments)))],
            ),
            Self::CustomCommentsPackage { link, comments } => vec![("link", Text(link)), ("comments", Lines(comments))],
            Self::Mentions { link, quantity, usernames } => {
                vec![("link", Text(link)), ("quantity", Count(*quantity)), ("usernames", Lines(usernames))]
            }
            Self::MentionsWithHashtags { link, quantity, usernames, hashtags } => vec![
                ("link", Text(link)),
                ("quantity", Count(*quantity)),
                ("usernames", Lines(usernames)),
                ("hashtags", Lines(hashtags)),
            ],
            Self::MentionsCustomList { link, usernames } => vec![("link", Text(link)), ("usernames", Lines(usernames))],
            Self::MentionsHashtag { link, quantity, hashtag } => {
                vec![("link", Text(link)), ("quantity", Count(*quantity)), ("hashtag", Text(hashtag))]
            }
            Self::MentionsUserFollowers { link, quantity, username }
            | Self::CommentLikes { link, quantity, username } => {
                vec![("link", Text(link)), ("quantity", Count(*quantity)), ("username", Text(username))]
            }
            Self::MentionsMediaLikers { link, quantity, media } => {
                vec![("link", Text(link)), ("quantity", Count(*quantity)), ("media", Text(media))]
            }
            Self::CommentReplies { link, username, comments, send_quantity } => with_given(
                vec![("link", Text(link)), ("username", Text(username)), ("comments", Lines(comments))],
                [("quantity", send_quantity.then(|| counted(comments)))],
            ),
            Self::Poll { link, quantity, answer_number } => {
                vec![("link", Text(link)), ("quantity", Count(*quantity)), ("answer_number", Text(answer_number))]
            }
            Self::InvitesFromGroups { link, quantity, groups } => {
                vec![("link", Text(link)), ("quantity", Count(*quantity)), ("groups", Lines(groups))]
            }
            Self::Subscriptions { username, min, max, posts, old_posts, delay, expiry } => {
                let mut rows = with_given(
                    vec![("username", Text(username)), ("min", Count(*min)), ("max", Count(*max))],
                    [("posts", posts.map(Number)), ("old_posts", old_posts.map(Number))],
                );
                rows.push(("delay", Number(*delay)));
                with_given(rows, [("expiry", expiry.as_deref().map(Text))])
            }
            Self::WebTraffic { link, quantity, country, device, type_of_traffic, google_keyword, referring_url } => {
                let rows = vec![
                    ("link", Text(link)),
                    ("quantity", Count(*quantity)),
                    ("country", Text(country)),
                    ("device", Count(*device)),
                    ("type_of_traffic", Count(*type_of_traffic)),
                ];
                let source = [("google_keyword", google_keyword), ("referring_url", referring_url)];
                with_given(rows, source.map(|(name, text)| (name, text.as_deref().map(Text))))
            }
        }
    }
}

/// `rows` and those of the optional ones that are given.
fn with_given<'a, const N: usize>(
    mut rows: Vec<(&'static str, Value<'a>)>,
    optional: [(&'static str, Option<Value<'a>>); N],
) -> Vec<(&'static str, Value<'a>)> {
    rows.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    rows
}

/// One entry a line, as every panel counts them: trimmed, none empty.
fn lines(entries: &[String]) -> impl Iterator<Item = &str> {
    entries.iter().flat_map(|entry| entry.split(['\n', '\r'])).map(str::trim).filter(|line| !line.is_empty())
}

fn is_delay(minutes: i64) -> bool {
    matches!(minutes, 0 | 5 | 10 | 15 | 30 | 60 | 90 | 360 | 420 | 480 | 540 | 600)
        || ((120..=300).contains(&minutes) && minutes % 30 == 0)
}

fn is_date(text: &str) -> bool {
    chrono::NaiveDate::parse_from_str(text, "%d/%m/%Y").is_ok() && text.len() == "31/12/2026".len()
}
