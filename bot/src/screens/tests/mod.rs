//! Every screen walked without Telegram: a phone that presses buttons by their labels and types words.

mod boosts;
mod invoices;
mod providers;
mod shop;
mod stage;
mod vps;
mod walks;
mod words;

use super::{changed, named, named_needs, needs, provider_needs, requested, submitted, tested, turn};
use crate::action::{Action, Place};
use crate::conversation::{Conversation, Step};
use crate::event::Event;
use crate::model::{Command, Desk, Facts, Model, Needs, Spend};
use crate::view::{Does, Out, View};
use app::boosts::{SubmitBoostError, Submitted};
use app::command::{Payee, Quote, QuoteError, RequestWithdrawalError, ResolveAccountError};
use app::rates::Bank;
use app::settings::BoostSettings;
use app::telegram::Requested;
use app::users::{Brief, Profile, SavedPayee};
use app::view::boosts::{BoostBrief, BoostChoice};
use app::vps::{OfferDetail, Servers};
use app::withdrawals::Bounds;
use domain::boost::OrderState;
use domain::withdrawal::{Source, WithdrawalState};
use domain::{BoostId, Currency, MachineId, Money, Rate, Timestamp, UserId, WithdrawalId};
use std::time::Duration;

const ADA: UserId = UserId::new(5501);

fn usd(units: i64) -> Money {
    Money::usd_minor(units * 1_000_000)
}

fn ngn(units: i64) -> Money {
    Money::ngn_minor(units * 100)
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T09:16:00Z").unwrap()
}

fn payee() -> Payee {
    Payee {
        bank_code: "057".to_owned(),
        bank_name: "Zenith Bank".to_owned(),
        account_number: "2081554421".to_owned(),
        account_name: "ADA <OBI> & SONS".to_owned(),
    }
}

fn brief(id: i64, state: WithdrawalState) -> Brief {
    Brief {
        id: WithdrawalId::new(id),
        state,
        payout: ngn(39_000),
        amount: usd(25),
        created_at: now(),
        bank_name: "Zenith Bank".to_owned(),
        account_masked: "****4421".to_owned(),
        reason: (state == WithdrawalState::Rejected).then(|| "The account name <differs>.".to_owned()),
        reference: Some(format!("vc-w-{id}-1")),
        manual: false,
    }
}

fn boosted(id: i64, state: OrderState, delivered: i64) -> BoostBrief {
    BoostBrief {
        id: BoostId::new(id),
        state,
        link: "https://x.com/ada/status/1".to_owned(),
        handle: "ada".to_owned(),
        want: 2_030,
        delivered,
        refunded: if state == OrderState::Partial { Money::usd_minor(120_000) } else { usd(0) },
        plan: "t1".to_owned(),
        created_at: now(),
    }
}

/// A user and the world around, as the business would answer.
struct World {
    reply_guy: bool,
    support: Option<String>,
    profile: Profile,
    bounds: Result<Bounds, ()>,
    account: Result<Payee, ResolveAccountError>,
    banks: usize,
    /// Accounts that the user has named.
    accounts: Vec<String>,
    /// No more can be named.
    accounts_full: bool,
    boosts: Vec<BoostBrief>,
    plans: BoostSettings,
    /// Servers that can be ordered, all on one page.
    offers: Vec<OfferDetail>,
    servers: Servers,
    /// What is being done to every server, whether it is being renewed, and for how much it could be.
    doing: (Option<domain::vps::ActionKind>, bool, Option<Money>),
    /// What an operator sees; `None` for everybody else.
    desk: Option<providers::Panels>,
    /// What is sold and was bought.
    stage: stage::Stage,
}

impl Default for World {
    fn default() -> Self {
        let profile = Profile {
            user: ADA,
            username: "ada".to_owned(),
            first_name: "Ada".to_owned(),
            role: "customer".to_owned(),
            frozen: false,
            wallet: usd(0),
            affiliate: usd(25),
            reply: ngn(0),
            affiliate_held: usd(0),
            reply_held: ngn(0),
            posts: Vec::new(),
            plans: Vec::new(),
            affiliate_ngn: Some(ngn(39_000)),
            referred: 3,
            payees: Vec::new(),
            withdrawals: Vec::new(),
        };
        let bounds = Ok(Bounds { min: usd(1), max: usd(500), fee: usd(0) });
        Self {
            reply_guy: false,
            support: None,
            profile,
            bounds,
            account: Ok(payee()),
            banks: 20,
            accounts: Vec::new(),
            accounts_full: false,
            boosts: Vec::new(),
            plans: BoostSettings::default(),
            offers: Vec::new(),
            servers: Servers::default(),
            doing: (None, false, Some(usd(12))),
            desk: None,
            stage: stage::Stage::default(),
        }
    }
}

impl World {
    fn reply_guy() -> Self {
        let mut world = Self { reply_guy: true, ..Self::default() };
        world.profile.role = "reply_guy".to_owned();
        world.profile.reply = ngn(12_400);
        world.bounds = Ok(Bounds { min: ngn(100), max: ngn(780_000), fee: ngn(0) });
        world
    }

    fn quote(&self, source: Source, typed: &str) -> Result<Quote, QuoteError> {
        let currency = if source == Source::Affiliate { Currency::Usd } else { Currency::Ngn };
        let amount = Money::parse(typed, currency).map_err(|_| QuoteError::NotAnAmount)?;
        let Ok(bounds) = &self.bounds else { return Err(QuoteError::NoRate("too old".to_owned())) };
        let available = if source == Source::Affiliate { self.profile.affiliate } else { self.profile.reply };
        match amount.minor() {
            minor if minor < bounds.min.minor() => Err(QuoteError::BelowMinimum(bounds.min)),
            minor if minor > bounds.max.minor() => Err(QuoteError::AboveMaximum(bounds.max)),
            minor if minor > available.minor() => Err(QuoteError::InsufficientBalance { available }),
            _ => Ok(Quote {
                source,
                amount,
                fee: bounds.fee,
                payout: ngn(7_801),
                rate: (source == Source::Affiliate).then(|| Rate::parse("1560.25").unwrap()),
                rate_at: Some(now()),
                confirm_until: now().plus(Duration::from_secs(600)),
            }),
        }
    }

    /// Exactly what was asked for is there, so that a screen that needs more than it says shows it.
    fn model(&self, needs: &Needs) -> Model {
        let facts = Facts {
            bot_name: "viral_bot".to_owned(),
            support: self.support.clone(),
            affiliate_percent: 10,
            rate_hold: Duration::from_secs(86_400),
            plans: self.plans.plans.clone().into(),
            schedule: self.plans.schedule,
            interval: self.plans.interval,
            credentials_shown: Duration::from_secs(60),
            topup_min: usd(1),
        };
        let left = |code: &str| self.profile.posts.iter().find(|(plan, _)| plan == code).map_or(0, |(_, left)| *left);
        let choices = |platform| {
            let plans = self.plans.plans.iter().chain(&self.profile.plans);
            let plans = plans.filter(move |plan| plan.platform == platform);
            let plans = plans.map(|plan| (plan.plan.as_str(), left(plan.plan.as_str()))).filter(|(_, left)| *left > 0);
            let choice = |handle: &String, (plan, left): (&str, i64)| BoostChoice {
                handle: handle.clone(),
                plan: plan.to_owned(),
                left,
            };
            let none = String::new();
            let own = plans.clone().filter(|(plan, _)| self.accounts.is_empty() && plan.starts_with("ct"));
            let own = own.map(|plan| choice(&none, plan));
            let of = self.accounts.iter().flat_map(|handle| plans.clone().map(move |plan| choice(handle, plan)));
            of.chain(own).collect()
        };
        let bank = |n: usize| Bank { code: format!("{n:03}"), name: format!("Bank <{n}>") };
        let banks = |search: &String| match search.as_str() {
            "" => (0..self.banks).map(bank).collect(),
            "none" => Vec::new(),
            _ => vec![Bank { code: "057".to_owned(), name: "Zenith Bank".to_owned() }],
        };
        let bounds = |_| self.bounds.map_err(|()| QuoteError::NoRate("too old".to_owned()));
        let account = |(_, _, number): &(String, String, String)| match &self.account {
            Ok(_) if !domain::nuban::is_account_number(number) => Err(ResolveAccountError::NotAnAccount),
            Ok(payee) => Ok(payee.clone()),
            Err(ResolveAccountError::NotFound) => Err(ResolveAccountError::NotFound),
            Err(ResolveAccountError::NotAnAccount) => Err(ResolveAccountError::NotAnAccount),
            Err(ResolveAccountError::Unavailable(why)) => Err(ResolveAccountError::Unavailable(why.clone())),
        };
        Model {
            facts,
            now: now(),
            user: ADA,
            first_name: "Ada <b>".to_owned(),
            reply_guy: self.reply_guy && (needs.role || needs.profile),
            profile: needs.profile.then(|| self.profile.clone()),
            bounds: needs.bounds.map(bounds),
            quote: needs.quote.as_ref().map(|draft| self.quote(draft.source, &draft.amount)),
            banks: needs.banks.as_ref().map(banks),
            account: needs.account.as_ref().map(account),
            choices: needs.choices.map(choices),
            boosts: needs.boosts.then(|| self.boosts.clone()),
            shop: needs.shop.map(|page| vps::page_of(&self.offers, page)),
            offer: needs.offer.and_then(|id| self.offers.iter().find(|offer| offer.offer.id == id).cloned()),
            servers: needs.servers.then(|| self.servers.clone()),
            server: needs.server.and_then(|id| vps::detail_of(self, id)),
            products: needs.products.then(|| self.stage.products.clone()),
            plans: needs.plans.then(|| self.stage.plans.clone()),
            names: needs.names.then(|| self.stage.names.clone()),
            offered: needs.offered.as_ref().map(|order| self.stage.offer(order, &self.profile)),
            invoices: needs.invoices.then(|| self.stage.invoices.clone()),
            invoice: needs.invoice.and_then(|id| self.stage.invoices.iter().find(|invoice| invoice.id == id).cloned()),
            history: needs.history.map(|page| self.stage.page(page)),
            desk: needs.desk.and_then(|look| self.desk.as_ref().map(|panels| panels.desk(look))),
        }
    }
}

/// A user with a phone.
struct Phone {
    world: World,
    conversation: Conversation,
    screens: usize,
    view: View,
    toast: Option<String>,
    command: Option<Command>,
    /// Whose credentials stand on the screen, and until when.
    revealed: Option<(MachineId, Timestamp)>,
}

impl Phone {
    fn new(world: World) -> Self {
        let (conversation, view) = (Conversation::start(), View::default());
        Self { world, conversation, screens: 0, view, toast: None, command: None, revealed: None }.on(&Event::Start)
    }

    fn on(mut self, event: &Event) -> Self {
        let model = self.world.model(&needs(&self.conversation, event));
        let (conversation, outs, command) = turn(self.conversation.clone(), event, &model);
        self.conversation = conversation;
        self.took(outs);
        self.command = command;
        match self.command.take() {
            // As the handler does it: the name is noted, then the turn goes on.
            Some(Command::LinkAccount { link, handle }) => {
                let linked = !self.world.accounts_full;
                if linked && !self.world.accounts.contains(&handle) {
                    self.world.accounts.push(handle.clone());
                }
                let model = self.world.model(&named_needs(&link));
                let (conversation, outs) = named(link, handle, linked, &model);
                self.conversation = conversation;
                self.took(outs);
            }
            other => self.command = other,
        }
        self
    }

    fn took(&mut self, outs: Vec<Out>) {
        self.toast = None;
        for out in outs {
            match out {
                Out::Toast { text, .. } => self.toast = Some(text),
                Out::Reveal { machine, until, under, .. } => {
                    self.revealed = Some((machine, until));
                    self.view = under;
                }
                Out::Show(view) | Out::Say(view) => {
                    assert!(view.html.shown_len() <= 1_024, "{}", view.html.plain());
                    assert!(!view.html.plain().trim().is_empty());
                    self.screens += 1;
                    self.view = view;
                    if self.conversation.step != Step::Menu {
                        self.conversation.keyboard = Some(format!("kb{}", self.screens));
                    }
                }
            }
        }
        self.conversation = Conversation::read(Some(&self.conversation.row()));
    }

    fn types(self, text: &str) -> Self {
        self.on(&Event::Text(text.to_owned()))
    }

    fn press(self, label: &str) -> Self {
        let buttons = self.view.rows.iter().flatten();
        let found = buttons.clone().find(|button| button.label.contains(label));
        let labels: Vec<&str> = buttons.map(|button| button.label.as_str()).collect();
        let Some(Does::Act(action)) = found.map(|button| button.does.clone()) else {
            panic!("no button {label} among {labels:?} under {}", self.view.html.plain())
        };
        let keyboard = format!("kb{}", self.screens);
        self.pressed(action, &keyboard)
    }

    fn pressed(self, action: Action, keyboard: &str) -> Self {
        let live = self.conversation.keyboard.as_deref() == Some(keyboard);
        self.on(&Event::Press { action, keyboard: keyboard.to_owned(), live, used: false })
    }

    fn says(&self) -> String {
        self.view.html.plain()
    }

    fn labels(&self) -> Vec<&str> {
        self.view.rows.iter().flatten().map(|button| button.label.as_str()).collect()
    }

    fn has(&self, label: &str) -> bool {
        self.labels().iter().any(|text| text.contains(label))
    }

    /// The business has answered the request.
    fn answered(mut self, result: &Result<Requested, RequestWithdrawalError>) -> Self {
        let Some(Command::Spend { what: Spend::Withdrawal(request), .. }) = self.command.take() else {
            panic!("nothing was asked")
        };
        let model = self.world.model(&Needs::default());
        let (conversation, outs) = requested(&self.conversation, &request, result, &model);
        self.conversation = conversation;
        self.took(outs);
        self
    }
}

impl Phone {
    /// The business has answered the order.
    fn ordered(mut self, result: &Result<Submitted, SubmitBoostError>) -> Self {
        let Some(Command::Spend { what: Spend::Boost(request), .. }) = self.command.take() else {
            panic!("nothing was ordered")
        };
        let model = self.world.model(&Needs::default());
        let (conversation, outs) = submitted(&self.conversation, &request, result, &model);
        self.conversation = conversation;
        self.took(outs);
        self
    }
}

fn at_bank() -> Phone {
    Phone::new(World::default()).press("Affiliate Program").press("Withdraw").types("5")
}

fn at_account() -> Phone {
    at_bank().types("zenith").press("Zenith Bank")
}

fn at_name() -> Phone {
    at_account().types("208 155 4421")
}

fn at_review() -> Phone {
    at_name().press("Yes")
}
