//! The main menu, the affiliate program, balances and the reply panel. What a user does not have is not shown.

use super::with_home;
use crate::action::{Action, Place, Shelf};
use crate::html::Html;
use crate::model::Model;
use crate::text::{self, menu};
use crate::view::View;
use app::users::Profile;
use domain::withdrawal::Source;

/// The main menu.
pub(super) fn main(model: &Model) -> View {
    View { picture: true, ..choices(menu::main(&model.first_name), model) }
}

/// The main menu after words that no screen was waiting for.
pub(super) fn not_understood(typed: &str, model: &Model) -> View {
    let almost_a_link = text::boost::looks_like_a_link(typed);
    choices(if almost_a_link { text::boost::not_a_post() } else { menu::not_understood() }, model)
}

/// The main menu after something was given up.
pub(super) fn cancelled(model: &Model) -> View {
    choices(menu::cancelled(), model)
}

fn choices(html: Html, model: &Model) -> View {
    let mut view = View::of(html)
        .button("🛍 Service Menu", Action::Go(Place::Shelf(Shelf::Services)))
        .button("🚀 My Boosts", Action::Go(Place::Boosts))
        .button("🖥 VPS", Action::Go(Place::Shop(0)))
        .button("🤝 Affiliate Program", Action::Go(Place::Affiliate))
        .button("💰 My Balance", Action::Go(Place::Balance));
    if model.reply_guy {
        view = view.button("💬 Reply Panel", Action::Go(Place::Replies));
    }
    match &model.facts.support {
        Some(url) => view.link("🆘 Support", url),
        None => view,
    }
}

fn profile(model: &Model, draw: impl FnOnce(&Profile) -> View) -> View {
    model.profile.as_ref().map_or_else(|| with_home(View::of(text::hiccup())), draw)
}

/// The affiliate program.
pub(super) fn affiliate(model: &Model) -> View {
    profile(model, |profile| {
        let link = menu::referral_link(&model.facts.bot_name, profile.user);
        let html = menu::affiliate(profile, &model.facts.bot_name, model.facts.affiliate_percent);
        let mut view = View::of(html);
        if profile.affiliate.is_positive() && !profile.frozen {
            view = view.button("💸 Withdraw", Action::Withdraw(Source::Affiliate));
        }
        view = view.link("📣 Share my link", format!("https://t.me/share/url?url={}", percent_encoded(&link)));
        with_home(with_history(view, profile))
    })
}

/// All purses.
pub(super) fn balance(model: &Model) -> View {
    profile(model, |profile| {
        let mut view = View::of(menu::balance(profile, model.reply_guy));
        if !profile.frozen {
            view = view.button("➕ Top up wallet", Action::Topup(None));
        }
        if profile.affiliate.is_positive() && !profile.frozen {
            view = view.button("💸 Withdraw affiliate earnings", Action::Withdraw(Source::Affiliate));
        }
        if profile.reply.is_positive() && model.reply_guy && !profile.frozen {
            view = view.button("💸 Withdraw reply earnings", Action::Withdraw(Source::Reply));
        }
        if !profile.posts.is_empty() {
            view = view.button("🚀 My Boosts", Action::Go(Place::Boosts));
        }
        view = view.row(vec![
            ("🧾 My Invoices".to_owned(), Action::Go(Place::Invoices)),
            ("📜 History".to_owned(), Action::Go(Place::History(0))),
        ]);
        with_home(with_history(view, profile))
    })
}

/// The panel of those who earn by replies; others see their balance.
pub(super) fn replies(model: &Model) -> View {
    profile(model, |profile| {
        if !model.reply_guy {
            return balance(model);
        }
        let mut view = View::of(menu::replies(profile));
        if profile.reply.is_positive() && !profile.frozen {
            view = view.button("💸 Withdraw", Action::Withdraw(Source::Reply));
        }
        with_home(with_history(view, profile))
    })
}

fn with_history(view: View, profile: &Profile) -> View {
    if profile.withdrawals.is_empty() {
        return view;
    }
    view.button("🧾 My Withdrawals", Action::Go(Place::Withdrawals))
}

/// A text as part of a URL's query.
fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Where Support leads: a link, or a Telegram name with or without `@`. Anything else is not shown, because one bad link
/// would make Telegram refuse the whole menu.
pub(crate) fn support_url(setting: &str) -> Option<String> {
    let setting = setting.trim();
    let plain = !setting.contains(char::is_whitespace) && setting.len() <= 200;
    if plain && (setting.starts_with("https://") || setting.starts_with("tg://")) {
        return Some(setting.to_owned());
    }
    let name = setting.strip_prefix('@').unwrap_or(setting);
    let fits = (4..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    fits.then(|| format!("https://t.me/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_is_a_link_or_is_not_shown() {
        for (setting, url) in [
            ("@viral_help", Some("https://t.me/viral_help")),
            ("viral_help", Some("https://t.me/viral_help")),
            (" https://example.org/help ", Some("https://example.org/help")),
            ("tg://resolve?domain=x", Some("tg://resolve?domain=x")),
            ("call us", None),
            ("javascript:alert(1)", None),
            ("", None),
        ] {
            assert_eq!(support_url(setting).as_deref(), url, "{setting}");
        }
        assert_eq!(percent_encoded("https://t.me/x?start=ref_1"), "https%3A%2F%2Ft.me%2Fx%3Fstart%3Dref_1");
    }
}
