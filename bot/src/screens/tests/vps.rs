//! From the shelf to an order, and what the owner sees of it afterwards.

use super::*;
use crate::conversation::{ServerChange, VpsDraft};
use crate::screens::{ordered, server_acted, server_needs, server_renewed};
use app::vps::{
    MachineError, Offer, OfferOption, OrderBrief, OrderVpsError, RenewError, ServerBrief, ServerDetail, Shop,
    VpsOrdered,
};
use domain::vps::{ActionKind, MachineState, VpsState};
use domain::{IdempotencyKey, ItemId, VpsId};

const PAGE: usize = 8;

/// A page as the business cuts it.
pub(super) fn page_of(offers: &[OfferDetail], page: usize) -> Shop {
    let more = offers.len() > (page + 1) * PAGE;
    let offers = offers.iter().skip(page * PAGE).take(PAGE).map(|offer| offer.offer.clone()).collect();
    Shop { offers, page, more }
}

fn on_shelf(id: i64) -> OfferDetail {
    let option = |label: &str, price| OfferOption { label: label.to_owned(), price: usd(price) };
    OfferDetail {
        offer: Offer {
            id: ItemId::new(id),
            title: format!("Ocean <{id}>"),
            kind: if id % 2 == 0 { "Linux" } else { "Windows & RDP" }.to_owned(),
            few: id == 2,
            from: usd(9),
        },
        description: "Fast & <b>near</b>".to_owned(),
        options: vec![option("4GB", 9), option("8GB", 12)],
        os: "Ubuntu 22".to_owned(),
        user_limit: None,
    }
}

pub(super) fn shelf_world() -> World {
    let mut world = World { support: Some("https://t.me/help".to_owned()), ..World::default() };
    world.offers = vec![on_shelf(2)];
    world
}

fn with_wallet(wallet: Money) -> Phone {
    let mut world = shelf_world();
    world.profile.wallet = wallet;
    Phone::new(world)
}

fn at_summary() -> Phone {
    with_wallet(usd(30)).press("VPS").press("Ocean").press("8GB")
}

fn server(id: i64, state: MachineState) -> ServerBrief {
    ServerBrief {
        id: MachineId::new(id),
        order: Some(VpsId::new(id + 100)),
        title: "Ocean <2>".to_owned(),
        memory: "8GB".to_owned(),
        ip: format!("103.82.72.{id}"),
        os: "Ubuntu 22".to_owned(),
        state,
        has_credentials: state != MachineState::Building,
        expires_at: Some(now().plus(Duration::from_secs(30 * 86_400))),
        synced_at: Some(now()),
    }
}

fn order(id: i64, state: VpsState) -> OrderBrief {
    OrderBrief {
        id: VpsId::new(id),
        title: "Ocean <2>".to_owned(),
        memory: "8GB".to_owned(),
        price: usd(12),
        state,
        machine: None,
        created_at: now(),
    }
}

impl Phone {
    /// The business has answered the order of a server.
    fn sold(mut self, result: &Result<VpsOrdered, OrderVpsError>) -> Self {
        let Some(Command::Spend { what: Spend::Vps(request), .. }) = self.command.take() else {
            panic!("no server was ordered")
        };
        let model = self.world.model(&needs(&self.conversation, &confirm()));
        let (conversation, outs) = ordered(&request, result, &model);
        self.conversation = conversation;
        self.took(outs);
        self
    }
}

fn confirm() -> Event {
    Event::Press { action: Action::Confirm, keyboard: "kb".to_owned(), live: true, used: false }
}

#[test]
fn the_way_from_the_shelf_to_an_order() {
    let shop = with_wallet(usd(30)).press("VPS");
    assert!(shop.says().contains("Ocean <2> · from $9.00 a month · only a few left"), "{}", shop.says());
    assert_eq!(shop.labels(), ["Ocean <2> · from $9.00", "🗄 My servers", "🏠 Main Menu"]);
    let offer = shop.press("Ocean");
    assert!(offer.says().contains("Fast & <b>near</b>") && offer.says().contains("usually comes with Ubuntu 22"));
    assert_eq!(offer.labels(), ["4GB · $9.00 a month", "8GB · $12.00 a month", "⬅️ All packages", "🏠 Main Menu"]);
    let review = offer.press("8GB");
    for part in
        ["Ocean <2>", "Memory: 8GB", "1 month", "Price: $12.00", "Your wallet: $30.00; $18.00 after", "comes back"]
    {
        assert!(review.says().contains(part), "{part} in {}", review.says());
    }
    assert_eq!(review.labels(), ["✅ Confirm", "⬅️ Back", "✖️ Cancel"]);
    let review = review.types("yes please");
    assert!(review.says().contains("use the buttons") && review.has("Confirm"));
    let keyboard = format!("kb{}", review.screens);
    let confirmed = review.press("Confirm");
    let Some(Command::Spend { keyboard: used, what: Spend::Vps(request) }) = &confirmed.command else {
        panic!("{:?}", confirmed.command)
    };
    assert_eq!(*used, keyboard);
    assert_eq!((request.user, request.item, request.memory.as_str()), (ADA, ItemId::new(2), "8GB"));
    assert_eq!((request.price, request.os), (usd(12), None));
    assert_eq!(Some(&request.key), IdempotencyKey::button(&keyboard).as_ref());
    let done = confirmed.sold(&Ok(VpsOrdered { id: VpsId::new(7), replayed: false }));
    assert!(done.says().contains("VPS order #7 is on its way") && done.says().contains("$12.00 is set aside"));
    assert_eq!(done.labels(), ["🔎 Follow it", "🗄 My servers", "🏠 Main Menu"]);
    assert_eq!(done.conversation, Conversation::start());
    let again = at_summary().press("Confirm").sold(&Ok(VpsOrdered { id: VpsId::new(7), replayed: true }));
    assert!(again.says().contains("was taken already"));
}

#[test]
fn an_empty_shelf_and_what_went_meanwhile_are_said_kindly() {
    let mut phone = with_wallet(usd(30));
    phone.world.offers.clear();
    let empty = phone.press("VPS");
    assert!(empty.says().contains("Everything is taken") && empty.has("Look again") && empty.has("My servers"));
    let mut shop = with_wallet(usd(30)).press("VPS");
    shop.world.offers.clear();
    let gone = shop.press("Ocean");
    assert!(gone.says().contains("cannot be had at the moment") && gone.has("See what there is"), "{}", gone.says());
    let mut offer = with_wallet(usd(30)).press("VPS").press("Ocean");
    offer.world.offers[0].options.pop();
    let gone = offer.press("8GB");
    assert_eq!(gone.labels()[0], "4GB · $9.00 a month");
    // At the summary, too.
    let mut review = at_summary();
    review.world.offers.clear();
    let gone = review.types("hello");
    assert!(gone.says().contains("cannot be had") && gone.conversation == Conversation::start());
}

#[test]
fn pages_are_turned_and_grouped_by_kind() {
    let mut phone = with_wallet(usd(30));
    phone.world.offers = (1..=20).map(on_shelf).collect();
    let first = phone.press("VPS");
    assert!(first.has("Next") && !first.has("Previous") && first.says().contains("Windows & RDP"));
    let last = first.press("Next").press("Next");
    assert!(last.has("Previous") && !last.has("Next") && last.has("Ocean <20>"), "{:?}", last.labels());
    assert!(last.press("Previous").has("Ocean <9>"));
}

#[test]
fn too_little_money_says_how_much_is_missing() {
    let poor = with_wallet(Money::usd_minor(4_250_000)).press("VPS").press("Ocean").press("8GB");
    for part in ["You need $7.75 more", "Your wallet: $4.25", "Top up your wallet", "Nothing was ordered"] {
        assert!(poor.says().contains(part), "{part} in {}", poor.says());
    }
    assert_eq!(poor.labels(), ["➕ Top up $7.75", "🔄 Check again", "⬅️ Back", "🆘 Support", "🏠 Main Menu"]);
    assert_eq!(poor.conversation, Conversation::start());
    let mut poor = poor;
    poor.world.profile.wallet = usd(12);
    assert!(poor.press("Check again").has("Confirm"));
    // It went between the summary and the tap.
    let spent = at_summary().press("Confirm").sold(&Err(OrderVpsError::Insufficient { available: usd(2) }));
    assert!(spent.says().contains("You need $10.00 more") && !spent.has("Confirm"), "{}", spent.says());
    let mut frozen = with_wallet(usd(30));
    frozen.world.profile.frozen = true;
    let frozen = frozen.press("VPS").press("Ocean").press("8GB");
    assert!(frozen.says().contains("on hold") && !frozen.has("Confirm"));
}

#[test]
fn another_price_is_asked_for_again() {
    let changed = at_summary().press("Confirm").sold(&Err(OrderVpsError::PriceChanged(usd(15))));
    assert!(changed.says().contains("changed from $12.00 to $15.00"), "{}", changed.says());
    assert!(changed.says().contains("Nothing was ordered yet") && changed.says().contains("Price: $15.00"));
    let draft = VpsDraft { item: ItemId::new(2), memory: "8GB".to_owned(), price: usd(15) };
    assert_eq!(changed.conversation.step, Step::VpsReview(draft));
    let Some(Command::Spend { what: Spend::Vps(request), .. }) = changed.press("Confirm").command else { panic!() };
    assert_eq!(request.price, usd(15));
    // More than there is.
    let dear = at_summary().press("Confirm").sold(&Err(OrderVpsError::PriceChanged(usd(31))));
    assert!(dear.says().contains("You need $1.00 more") && !dear.has("Confirm"), "{}", dear.says());
}

#[test]
fn every_refusal_of_an_order_says_what_next() {
    use OrderVpsError as E;
    for (why, words, button) in [
        (E::NotSold(ItemId::new(2)), "sold out or not offered", "See what there is"),
        (E::UnknownMemory("<8GB>".to_owned()), "size is not offered", "Back to the package"),
        (E::Limit(2), "You can have 2 of this package", "Back to the package"),
        (E::NoUser(ADA), "/start", "Main Menu"),
        (E::Frozen, "on hold", "Support"),
        (E::Closed("there is no envelope key".to_owned()), "closed for a short while", "Support"),
        (E::KeyReused(IdempotencyKey::button("k").unwrap()), "choose again", "Back to the package"),
    ] {
        let phone = at_summary().press("Confirm").sold(&Err(why));
        assert!(phone.says().contains(words) && phone.has(button), "{}", phone.says());
        assert!(!phone.says().contains("envelope") && phone.conversation == Conversation::start());
    }
}

#[test]
fn a_summary_of_an_earlier_step_orders_nothing() {
    let phone = at_summary();
    let (action, keyboard) = (Action::Confirm, format!("kb{}", phone.screens));
    let phone = phone.press("Back").pressed(action.clone(), &keyboard);
    assert!(phone.command.is_none() && phone.toast.as_deref().is_some_and(|toast| toast.contains("earlier step")));
    let phone = at_summary().on(&Event::Press { action, keyboard, live: false, used: true });
    assert!(phone.command.is_none() && phone.toast.as_deref().is_some_and(|toast| toast.contains("used already")));
    assert!(at_summary().press("Cancel").says().contains("Nothing was moved"));
}

#[test]
fn my_servers_are_shown_in_plain_words() {
    let empty = Phone::new(World::default()).on(&Event::Servers);
    assert!(empty.says().contains("none yet") && empty.labels() == ["🖥 Order a VPS", "🏠 Main Menu"]);
    let mut world = World::default();
    world.servers.orders = VpsState::ALL.into_iter().zip(1..).map(|(state, id)| order(id, state)).collect();
    world.servers.machines = MachineState::ALL.iter().zip(1..).map(|(state, id)| server(id, *state)).collect();
    let ids = world.servers.clone();
    let list = Phone::new(world).press("VPS").press("My servers");
    assert!(list.labels()[0].contains("Order #1 · Ocean <2> · on its way"), "{:?}", list.labels());
    assert!(list.press("Next").has("103.82.72.2"));
    for each in &ids.orders {
        let mut phone = Phone::new(World::default());
        phone.world.servers = ids.clone();
        let phone = phone.pressed(Action::Go(Place::ServerOrder(each.id)), "kb9");
        assert!(phone.says().contains(&format!("VPS order #{}", each.id)), "{}", phone.says());
        // No word of how we work, whatever the state.
        assert!(!phone.says().contains("unknown") && !phone.says().to_lowercase().contains("provider"));
        assert_eq!(phone.has("Refresh"), each.state.is_open());
    }
    for each in &ids.machines {
        let mut phone = Phone::new(World::default());
        phone.world.servers = ids.clone();
        let phone = phone.pressed(Action::Go(Place::Server(each.id)), "kb9");
        assert!(phone.says().contains(&each.ip) && phone.says().contains("21 Dec"), "{}", phone.says());
        assert!(phone.says().contains("30 days left"), "{}", phone.says());
    }
    // An order that was delivered meanwhile leads to its server.
    let mut phone = Phone::new(World::default());
    phone.world.servers.machines = vec![server(3, MachineState::Running)];
    let phone = phone.pressed(Action::Go(Place::ServerOrder(VpsId::new(103))), "kb9");
    assert!(phone.says().contains("103.82.72.3") && phone.says().contains("It is running"));
}

#[test]
fn what_is_not_this_user_s_is_not_shown() {
    for place in [Place::Server(MachineId::new(4)), Place::ServerOrder(VpsId::new(999))] {
        let mut phone = Phone::new(World::default());
        phone.world.servers.machines = vec![server(3, MachineState::Running)];
        let phone = phone.pressed(Action::Go(place), "kb9");
        assert!(phone.says().contains("cannot show that one") && phone.has("103.82.72.3"), "{}", phone.says());
    }
}

fn at_server(state: MachineState) -> Phone {
    let mut world = World::default();
    world.servers.machines = vec![server(3, state)];
    Phone::new(world).press("VPS").press("My servers").press("103.82.72.3")
}

#[test]
fn credentials_are_shown_on_request_in_a_protected_message_for_a_while() {
    let asked = at_server(MachineState::Running).press("User name and password");
    assert!(asked.view.protected && asked.says().contains("shown here for 60 seconds"), "{}", asked.says());
    assert_eq!(asked.labels(), ["👁 Show them", "✖️ Not now"]);
    assert!(asked.revealed.is_none());
    let shown = asked.press("Show them");
    assert_eq!(shown.revealed, Some((MachineId::new(3), now().plus(Duration::from_secs(60)))));
    let hidden = shown.press("Hide now");
    assert!(hidden.says().contains("Hidden") && hidden.labels().is_empty());
    assert!(at_server(MachineState::Running).press("User name").press("Not now").says().contains("Hidden"));
    // Not there yet, and somebody else's.
    let building = at_server(MachineState::Building);
    assert!(!building.has("User name and password"));
    for (action, words) in [
        (Action::Credentials(MachineId::new(3)), "not there yet"),
        (Action::Reveal(MachineId::new(3)), "not there yet"),
        (Action::Reveal(MachineId::new(4)), "does not work for you"),
    ] {
        let phone = at_server(MachineState::Building).pressed(action, "kb9");
        assert!(phone.toast.as_deref().is_some_and(|toast| toast.contains(words)), "{:?}", phone.toast);
        assert!(phone.revealed.is_none());
    }
    let strange = at_server(MachineState::Running).pressed(Action::Credentials(MachineId::new(4)), "kb9");
    assert!(strange.says().contains("cannot show that one") && strange.revealed.is_none());
}

/// A server with what is being done to it, as the business finds it.
pub(super) fn detail_of(world: &World, id: MachineId) -> Option<ServerDetail> {
    let brief = world.servers.machines.iter().find(|machine| machine.id == id)?.clone();
    let (doing, renewing, renewal) = world.doing;
    Some(ServerDetail { brief, doing, renewing, renewal })
}

impl Phone {
    /// The change that was asked for.
    fn change(&self) -> ServerChange {
        let Some(Command::ChangeServer { machine, change, .. }) = &self.command else { panic!("{:?}", self.command) };
        assert_eq!(*machine, MachineId::new(3));
        change.clone()
    }

    fn was_acted(mut self, result: &Result<i64, MachineError>) -> Self {
        let change = self.change();
        let model = self.world.model(&server_needs(MachineId::new(3)));
        let outs = server_acted(MachineId::new(3), &change, result, &model);
        self.took(outs);
        self
    }

    fn was_renewed(mut self, result: &Result<i64, RenewError>) -> Self {
        let model = self.world.model(&server_needs(MachineId::new(3)));
        let (conversation, outs) = server_renewed(MachineId::new(3), result, &model);
        self.conversation = conversation;
        self.took(outs);
        self
    }
}

#[test]
fn a_server_offers_what_its_state_allows() {
    for (state, offered) in [
        (MachineState::Building, &[][..]),
        (MachineState::Running, &["Stop", "Restart", "Install anew", "Renew"]),
        (MachineState::Stopped, &["Start", "Install anew", "Renew"]),
        (MachineState::Busy, &["Renew"]),
        (MachineState::Expired, &["Renew"]),
    ] {
        let phone = at_server(state);
        for label in ["▶️ Start", "⏹ Stop", "🔁 Restart", "💿 Install anew", "📅 Renew"] {
            let word = label.split_once(' ').unwrap().1;
            assert_eq!(phone.has(label), offered.contains(&word), "{state}: {:?}", phone.labels());
        }
    }
    let mut busy = at_server(MachineState::Running);
    busy.world.doing = (Some(ActionKind::Reboot), true, Some(usd(12)));
    let busy = busy.press("Refresh");
    assert!(busy.says().contains("being restarted") && busy.says().contains("being renewed"), "{}", busy.says());
    assert!(!busy.has("Stop") && !busy.has("Install") && !busy.has("Renew"));
    let mut unsold = at_server(MachineState::Running);
    unsold.world.doing = (None, false, None);
    assert!(!unsold.press("Refresh").has("Renew"));
}

#[test]
fn switching_takes_a_confirmation_and_each_refusal_says_what_next() {
    for (state, label, change) in [
        (MachineState::Stopped, "▶️ Start", ServerChange::Start),
        (MachineState::Running, "⏹ Stop", ServerChange::Stop),
        (MachineState::Running, "🔁 Restart", ServerChange::Reboot),
    ] {
        let review = at_server(state).press(label);
        assert!(review.says().contains("103.82.72.3") && review.command.is_none(), "{}", review.says());
        assert!(review.labels() == ["✅ Confirm", "⬅️ Back", "✖️ Cancel"], "{:?}", review.labels());
        let keyboard = format!("kb{}", review.screens);
        let asked = review.types("yes").press("Confirm");
        assert_eq!(asked.change(), change);
        let done = asked.was_acted(&Ok(1));
        assert!(done.says().starts_with("✅ It was asked to"), "{}", done.says());
        // The first summary's button had its time.
        let late = at_server(state).press(label).press("Back").pressed(Action::Confirm, &keyboard);
        assert!(late.command.is_none() && late.toast.is_some());
    }
    for (why, words) in [
        (MachineError::Busy("reboot".to_owned()), "still going on"),
        (MachineError::NotNow(MachineState::Expired), "cannot be done right now"),
        (MachineError::NotFound, "cannot show that one"),
        (MachineError::KeyReused(IdempotencyKey::button("k").unwrap()), "choose again"),
    ] {
        let refused = at_server(MachineState::Running).press("Stop").press("Confirm").was_acted(&Err(why));
        assert!(refused.says().contains(words), "{}", refused.says());
    }
    // It changed meanwhile, or is somebody else's.
    let stale = Action::Change { machine: MachineId::new(3), change: ServerChange::Stop };
    let stale = at_server(MachineState::Stopped).pressed(stale, "kb9");
    assert!(stale.says().contains("cannot be done right now") && stale.conversation.step == Step::Menu);
    for action in [
        Action::Change { machine: MachineId::new(4), change: ServerChange::Stop },
        Action::Change { machine: MachineId::new(4), change: ServerChange::Renew(usd(1)) },
        Action::Systems(MachineId::new(4)),
    ] {
        let strange = at_server(MachineState::Running).pressed(action, "kb9");
        assert!(strange.says().contains("cannot show that one") && strange.conversation.step == Step::Menu);
    }
}

#[test]
fn installing_anew_takes_the_address_typed() {
    let systems = at_server(MachineState::Running).press("Install anew");
    assert!(systems.says().contains("Everything on the server is erased") && systems.has("Windows Server 2022"));
    let review = systems.press("Windows Server 2022");
    assert!(review.says().contains("type its address: 103.82.72.3"), "{}", review.says());
    assert_eq!(review.labels(), ["⬅️ Back", "✖️ Cancel"]);
    for typed in ["yes", "103.82.72.30", "103.82.72", ""] {
        let wrong = at_server(MachineState::Running).press("Install anew").press("CentOS").types(typed);
        assert!(wrong.command.is_none() && wrong.says().contains("Nothing was erased"), "{typed}: {}", wrong.says());
        assert!(wrong.types("103.82.72.3").command.is_some());
    }
    // A Confirm that was never drawn.
    let keyboard = format!("kb{}", review.screens);
    let forged = at_server(MachineState::Running).press("Install anew").press("CentOS");
    let forged = forged.pressed(Action::Confirm, &keyboard);
    assert!(forged.command.is_none());
    let asked = review.types(" 103.82.72.3 ");
    let Some(Command::ChangeServer { keyboard: key, .. }) = &asked.command else { panic!() };
    assert_eq!(*key, keyboard);
    assert_eq!(asked.change(), ServerChange::Reinstall("2022".to_owned()));
    assert!(asked.was_acted(&Ok(1)).says().contains("about to be installed anew"));
}

#[test]
fn a_renewal_is_shown_with_its_price_before_it_takes_money() {
    let rich = |wallet| {
        let mut phone = at_server(MachineState::Expired);
        phone.world.profile.wallet = wallet;
        phone.world.support = Some("https://t.me/help".to_owned());
        phone.press("Renew")
    };
    let review = rich(usd(30));
    for part in ["103.82.72.3", "Price: $12.00", "Your wallet: $30.00; $18.00 after", "1 month more"] {
        assert!(review.says().contains(part), "{part} in {}", review.says());
    }
    let asked = review.press("Confirm");
    assert_eq!(asked.change(), ServerChange::Renew(usd(12)));
    assert!(asked.was_renewed(&Ok(1)).says().contains("renewal was taken"));
    let poor = rich(usd(5));
    assert!(poor.says().contains("You need $7.00 more") && poor.has("Check again") && !poor.has("Confirm"));
    // The price that counts is today's.
    let mut dearer = rich(usd(30));
    dearer.world.doing = (None, false, Some(usd(15)));
    let dearer = dearer.press("Confirm").was_renewed(&Err(RenewError::PriceChanged(usd(15))));
    assert!(dearer.says().contains("The price is $15.00 now") && dearer.says().contains("Price: $15.00"));
    assert_eq!(dearer.press("Confirm").change(), ServerChange::Renew(usd(15)));
    let mut frozen = rich(usd(30));
    frozen.world.profile.frozen = true;
    assert!(frozen.press("Confirm").says().contains("on hold"));
    for (why, words) in [
        (RenewError::Open, "renewed already"),
        (RenewError::NotSold, "cannot be renewed here"),
        (RenewError::Closed("machines are paused: x".to_owned()), "closed for a short while"),
        (RenewError::NotFound, "cannot show that one"),
        (RenewError::Frozen, "on hold"),
    ] {
        let refused = rich(usd(30)).press("Confirm").was_renewed(&Err(why));
        assert!(refused.says().contains(words) && refused.conversation.step == Step::Menu, "{}", refused.says());
        assert!(!refused.says().contains("paused"));
    }
}
