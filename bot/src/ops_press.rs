//! A button in an ops chat: authorised when it is pressed, carried out by the business, the message told the result.

use crate::action::{OpsAbout, Sheet, parse_callback};
use crate::event::Press;
use crate::handler::{HandleError, Handling};
use crate::screens::ops::{self, Decide, Pressed, PressedOrder};
use crate::text;
use crate::view::{self, Ids, Origin, Out};
use app::fulfilment::Fulfil;
use app::limits::Class;
use app::notice::OpsWithdrawal;
use domain::UserId;
use domain::operator::Actor;

/// The ops chat that a press belongs to. Where an operator's own chat is one, the user's menus work there too.
pub(crate) async fn chat_of(handling: &Handling<'_>, press: &Press) -> Result<Option<i64>, HandleError> {
    let app = &handling.context.app;
    let chat = press.message.map(|shown| shown.chat).filter(|chat| app.settings().ops_chats.contains(chat));
    let Some(chat) = chat.filter(|chat| *chat > 0) else { return Ok(chat) };
    let Some((keyboard, _)) = parse_callback(&press.data) else { return Ok(None) };
    let row = app.keyboard(keyboard).await?;
    let decides = row.and_then(|row| Sheet::read(&row.actions)).is_some_and(|sheet| sheet.ops.is_some());
    Ok(decides.then_some(chat))
}

pub(crate) async fn handle(handling: &Handling<'_>, press: &Press, chat: i64) -> Result<(), HandleError> {
    let app = &handling.context.app;
    let origin = Origin {
        chat,
        user: UserId::new(chat),
        press: Some((press.id.clone(), press.message)),
        correlation: format!("tg:{}", handling.update_id),
    };
    if let Err(throttled) = app.throttle(UserId::new(press.from.id), Class::Menu, handling.now).await {
        return handling.slow_down(&origin, &throttled).await;
    }
    let Some(actor) = app.operator_by_telegram(press.from.id) else {
        tracing::warn!(user.id = press.from.id, "A button in an ops chat was pressed by somebody who is no operator");
        return say(handling, &origin, ops::not_allowed(), None).await;
    };
    let strange = || vec![Out::Toast { text: text::STRANGE.to_owned(), alert: true }];
    let Some((keyboard, index)) = parse_callback(&press.data) else {
        return say(handling, &origin, strange(), None).await;
    };
    // The keyboard must have been drawn for this very chat.
    let row = app.keyboard(keyboard).await?.filter(|row| row.user == origin.user);
    let Some(Sheet { actions, ops: Some(about), .. }) = row.and_then(|row| Sheet::read(&row.actions)) else {
        return say(handling, &origin, strange(), None).await;
    };
    let Some(action) = actions.get(index) else {
        return say(handling, &origin, strange(), None).await;
    };
    let outs = match &about {
        OpsAbout::Withdrawal(request) => {
            match ops::press(action, keyboard, request, &app.settings().withdrawals.reject_reasons) {
                Pressed::Show(outs) => outs,
                Pressed::Decide(decide) => decided(handling, &actor, request, &decide).await,
            }
        }
        OpsAbout::Order(order) => match ops::press_order(action, keyboard, order) {
            PressedOrder::Show(outs) => outs,
            // Money moves in a chat only where operators decide about money in chats.
            PressedOrder::Fulfil { what: Fulfil::Refund, .. } if !app.settings().withdrawals.telegram_approvals => {
                ops::terminal_only()
            }
            PressedOrder::Fulfil { what, note, op } => {
                // Whoever pressed saw the order as it came; the business says what it is now.
                let done = app.fulfil(&actor, order.id, None, what, &note, &op, handling.now).await;
                ops::fulfilled(order, &actor.name, &done)
            }
        },
    };
    say(handling, &origin, outs, Some(&about)).await
}

async fn decided(handling: &Handling<'_>, actor: &Actor, request: &OpsWithdrawal, decide: &Decide) -> Vec<Out> {
    let app = &handling.context.app;
    match decide {
        Decide::Approve(decision) => {
            let result = app.approve(actor, decision, handling.now).await;
            ops::result(request, &actor.name, None, &result)
        }
        Decide::Reject(decision, reason) => {
            let result = app.reject(actor, decision, &reason.code, &reason.text, handling.now).await;
            ops::result(request, &actor.name, Some(reason), &result)
        }
    }
}

async fn say(
    handling: &Handling<'_>,
    origin: &Origin,
    outs: Vec<Out>,
    about: Option<&OpsAbout>,
) -> Result<(), HandleError> {
    let rows = view::rows(origin, outs, &Ids::fresh(&handling.context.app), about);
    handling.commit(None, rows).await
}
