//! Amounts, ages, accounts and names as the screen, the clipboard and exports show them.

use crate::theme::{self, Tone};
use app::view::{COUNT_CAP, WithdrawalRow};
use domain::decimal::Decimal;
use domain::text::{clean_line, mask, width};
use domain::withdrawal::WithdrawalState;
use domain::{Money, Timestamp, UserId};
use std::time::Duration;

/// A count; beyond the cap it says so.
pub fn count(n: i64) -> String {
    if n >= COUNT_CAP { "10k+".to_owned() } else { n.to_string() }
}

/// Naira with thousands separated, kobo only when there are any: `950,000`.
pub fn naira(amount: Money) -> String {
    let text = amount.grouped();
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

/// Dollars with two decimals, the rest cut off: `608.97`.
pub fn usd(amount: Money) -> String {
    let cents = amount.minor() / 10_000;
    Money::new(cents, domain::Currency::Ngn).grouped()
}

/// An amount with its currency, as exact as the screen needs.
pub fn money(amount: Money) -> String {
    match amount.currency() {
        domain::Currency::Usd => format!("USD {}", usd(amount)),
        domain::Currency::Ngn => format!("NGN {}", naira(amount)),
        domain::Currency::Credits(_) => amount.to_string(),
    }
}

/// Naira for a narrow place: `5.1M`, `950k`.
pub fn compact(amount: Money) -> String {
    let whole = amount.minor() / 100;
    match whole.abs() {
        0..10_000 => whole.to_string(),
        10_000..1_000_000 => format!("{}k", whole / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{}M", whole / 1_000_000, whole.abs() % 1_000_000 / 100_000),
        _ => format!("{}.{}G", whole / 1_000_000_000, whole.abs() % 1_000_000_000 / 100_000_000),
    }
}

/// A whole number with thousands separated: `12,400`.
pub fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A quantity for a narrow place: `850`, `2k`, `1.5M`.
pub fn quantity(n: i64) -> String {
    let short = |unit: i64, letter: char| match n % unit * 10 / unit {
        0 => format!("{}{letter}", n / unit),
        tenth => format!("{}.{}{letter}", n / unit, tenth.abs()),
    };
    match n.abs() {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => short(1_000, 'k'),
        1_000_000..1_000_000_000 => short(1_000_000, 'M'),
        _ => short(1_000_000_000, 'G'),
    }
}

/// What something costs in USD, to a hundredth of a cent: parts are cheap.
pub fn cost(amount: Money) -> String {
    let hundredths = amount.minor() / 100;
    let sign = if hundredths < 0 { "-" } else { "" };
    let (whole, rest) = (hundredths.abs() / 10_000, hundredths.abs() % 10_000);
    let text = format!("{rest:04}");
    let keep = text.trim_end_matches('0').len().max(2);
    format!("USD {sign}{}.{}", grouped(whole), &text[..keep])
}

/// A difference in words: `USD 0.12 more than now`, `as much as now`.
pub fn more(by: Money) -> String {
    match by.minor() {
        0 => "as much as now".to_owned(),
        n if n > 0 => format!("{} more than now", cost(by)),
        _ => format!("{} less than now", cost(by.checked_neg().unwrap_or(by))),
    }
}

/// A panel's balance for a column: `$ 412.07`, `UZS 1.2M`.
pub fn balance((amount, currency): &(String, String)) -> String {
    let sign = if currency == "USD" { "$" } else { currency.as_str() };
    let Ok((mantissa, scale)) = Decimal::parse(amount).map(Decimal::parts) else { return format!("{sign} {amount}") };
    let hundredths = match scale {
        0..=2 => mantissa * 10_i128.pow(2 - scale),
        _ => mantissa / 10_i128.pow(scale - 2),
    };
    let whole = i64::try_from(hundredths / 100).unwrap_or(i64::MAX);
    match whole.abs() {
        0..10_000 => format!("{sign} {}.{:02}", grouped(whole), (hundredths % 100).abs()),
        _ => format!("{sign} {}", quantity(whole)),
    }
}

/// A share in ten thousand as a percentage with one decimal: `99.2`.
pub fn share(bps: i64) -> String {
    format!("{}.{}", bps / 100, bps % 100 / 10)
}

/// An age whose least step is a minute, so that a screen at rest stays true: `0m`, `51m`, `2h41`, `3d`.
pub fn age(now: Timestamp, at: Timestamp) -> String {
    let minutes = now.since(at).as_secs() / 60;
    if minutes == 0 { "0m".to_owned() } else { domain::time::short_age(Duration::from_secs(minutes * 60)) }
}

/// Milliseconds for people: `640 ms`, `1.9 s`.
pub fn latency(ms: i64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) }
}

/// An account number in groups, masked or not: `2081 5544 21`, `20** **** 21`.
pub fn account(number: &str, masked: bool) -> String {
    let shown = if masked { mask(number, 2) } else { number.to_owned() };
    let chars: Vec<char> = shown.chars().collect();
    let groups: Vec<String> = chars.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

/// A name or reference, masked or not.
pub fn name(text: &str, masked: bool) -> String {
    if masked { mask(text, 2) } else { text.to_owned() }
}

/// A user for a column: the name, or the id.
pub fn user(username: &str, user: UserId, masked: bool) -> String {
    if username.is_empty() {
        let id = user.to_string();
        return if masked { mask(&id, 3) } else { format!("id {id}") };
    }
    name(username, masked)
}

/// A link for a column: the host and the end of the post's number, all of it where there is room and no mask. Whose post
/// it is stands in the middle, so the mask leaves the middle out.
pub fn link(url: &str, columns: usize, masked: bool) -> String {
    let bare = url.strip_prefix("https://").unwrap_or(url);
    if !masked && width(bare) <= columns {
        return bare.to_owned();
    }
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let last = path.rsplit('/').next().unwrap_or("");
    let room = columns.saturating_sub(width(host) + 4).max(1);
    // A mask shows no more of the end than tells two posts apart.
    let shown = if masked { room.min(5) } else { room };
    let tail: Vec<char> = last.chars().rev().take(shown).collect();
    format!("{host}/../{}", tail.into_iter().rev().collect::<String>())
}

/// A bank's name for a narrow column.
pub fn bank(full: &str) -> String {
    const SHORT: [(&str, &str); 8] = [
        ("guaranty trust", "GTBank"),
        ("gtbank", "GTBank"),
        ("united bank for africa", "UBA"),
        ("first city monument", "FCMB"),
        ("first bank", "FirstBk"),
        ("stanbic", "Stanbic"),
        ("standard chartered", "StanCh"),
        ("union bank", "Union"),
    ];
    let lower = full.to_lowercase();
    if let Some((_, short)) = SHORT.iter().find(|(long, _)| lower.starts_with(long)) {
        return (*short).to_owned();
    }
    for tail in [" microfinance bank", " bank plc", " bank", " plc", " mfb"] {
        if let Some(at) = lower.strip_suffix(tail).map(str::len).filter(|at| full.is_char_boundary(*at) && *at > 0) {
            return full[..at].to_owned();
        }
    }
    full.to_owned()
}

/// Exactly `columns` wide, cut with `…` or filled with blanks.
pub fn left(text: &str, columns: usize) -> String {
    let text = clean_line(text, columns);
    let pad = columns.saturating_sub(width(&text));
    text + &" ".repeat(pad)
}

/// Exactly `columns` wide, filled with blanks before.
pub fn right(text: &str, columns: usize) -> String {
    let text = clean_line(text, columns);
    " ".repeat(columns.saturating_sub(width(&text))) + &text
}

/// A state with its mark, and a countdown in grace: `> GRACE 14s`.
pub fn state(row: &WithdrawalRow, now: Timestamp) -> (String, Tone) {
    let (mark, tone) = theme::state_mark(row.state);
    let word = row.state.word().to_uppercase();
    let left = row.grace_until.filter(|_| row.state == WithdrawalState::Grace).map(|until| until.since(now));
    let text = match left {
        Some(left) if left.as_secs() < 1_000 => format!("{mark} {word} {}s", left.as_secs()),
        Some(left) => format!("{mark} {word} {}", domain::time::short_age(left)),
        None => format!("{mark} {word}"),
    };
    (text, tone)
}

/// Splits text into lines of at most `columns`, at blanks where there are any.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        // `lines` is never empty: it begins with one line and only grows.
        while let Some(line) = lines.last_mut() {
            let gap = usize::from(!line.is_empty());
            if width(line) + gap + width(&word) <= columns {
                line.push_str(if gap == 1 { " " } else { "" });
                line.push_str(&word);
                break;
            }
            if line.is_empty() {
                let mut head = String::new();
                let mut used = 0;
                for c in word.chars() {
                    used += width(c.encode_utf8(&mut [0; 4])).max(usize::from(head.is_empty()));
                    if used > columns && !head.is_empty() {
                        break;
                    }
                    head.push(c);
                }
                word = word[head.len()..].to_owned();
                *line = head;
            }
            lines.push(String::new());
        }
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Sixty minutes of counts as `columns` bars.
pub fn spark(minutes: &[i64], columns: usize, bars: &[&'static str; 8]) -> String {
    draw_bars(minutes, columns, bars, |some| some.iter().sum())
}

/// Sixty minutes of the largest of each minute as `columns` bars.
pub fn peaks(minutes: &[i64], columns: usize, bars: &[&'static str; 8]) -> String {
    draw_bars(minutes, columns, bars, |some| some.iter().copied().max().unwrap_or(0))
}

fn draw_bars(minutes: &[i64], columns: usize, bars: &[&'static str; 8], join: impl Fn(&[i64]) -> i64) -> String {
    if columns == 0 || minutes.is_empty() {
        return String::new();
    }
    let buckets: Vec<i64> = (0..columns)
        .map(|n| {
            let (from, to) =
                (n * minutes.len() / columns, ((n + 1) * minutes.len() / columns).max(n * minutes.len() / columns + 1));
            join(&minutes[from..to.min(minutes.len())])
        })
        .collect();
    let most = buckets.iter().copied().max().unwrap_or(0).max(1);
    buckets
        .iter()
        .map(|n| match *n {
            n if n <= 0 => bars[0],
            n => bars[usize::try_from(n.saturating_mul(7) / most).unwrap_or(7).clamp(1, 7)],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(naira(Money::ngn_minor(95_000_000)), "950,000");
        assert_eq!(naira(Money::ngn_minor(6_250_050)), "62,500.50");
        assert_eq!(usd(Money::usd_minor(608_974_358)), "608.97");
        assert_eq!(compact(Money::ngn_minor(512_345_678)), "5.1M");
        assert_eq!(account("2081554421", false), "2081 5544 21");
        assert_eq!(account("2081554421", true), "20** **** 21");
        assert_eq!(bank("Zenith Bank"), "Zenith");
        assert_eq!(bank("Guaranty Trust Bank"), "GTBank");
        assert_eq!(latency(1_940), "1.9 s");
        let now = Timestamp::from_secs(100_000);
        assert_eq!(age(now, Timestamp::from_secs(99_970)), "0m");
        assert_eq!(age(now, Timestamp::from_secs(90_340)), "2h41");
    }

    #[test]
    fn quantities_costs_and_balances_read_well() {
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        for (n, text) in [(850, "850"), (2_000, "2k"), (1_500, "1.5k"), (2_000_000, "2M"), (100, "100")] {
            assert_eq!(quantity(n), text);
        }
        assert_eq!(cost(Money::usd_minor(375_000)), "USD 0.375");
        assert_eq!(cost(Money::usd_minor(1_500_000)), "USD 1.50");
        assert_eq!(more(Money::usd_minor(-120_000)), "USD 0.12 less than now");
        for (amount, currency, text) in [
            ("412.07", "USD", "$ 412.07"),
            ("1412.0712", "USD", "$ 1,412.07"),
            ("12", "EUR", "EUR 12.00"),
            ("1250000.5", "UZS", "UZS 1.2M"),
            ("?", "USD", "$ ?"),
        ] {
            assert_eq!(balance(&(amount.into(), currency.into())), text);
        }
        assert_eq!((share(9_925), share(10_000)), ("99.2".into(), "100.0".into()));
    }

    #[test]
    fn links_keep_their_host_and_their_end() {
        let url = "https://x.com/kemi/status/1795252560018203";
        assert_eq!(link(url, 17, false), "x.com/../60018203");
        assert_eq!(link(url, 60, false), "x.com/kemi/status/1795252560018203");
        assert_eq!(link(url, 60, true), "x.com/../18203");
        assert_eq!(link("https://t.me/c/77", 17, false), "t.me/c/77");
    }

    #[test]
    fn text_is_wrapped_at_blanks_and_cut_where_it_must() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("你好吗", 1), ["你", "好", "吗"]);
    }
}
