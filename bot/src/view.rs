//! What a screen answers with, and how that becomes rows: keyboards with fresh ids and messages for the sender.

use crate::action::{Action, OpsAbout, Sheet, callback_data};
use crate::event::Shown;
use crate::html::{CAPTION_MAX, Html};
use app::telegram::{KeyboardRow, MessageKind, OutboxNew};
use domain::{MachineId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A message as a user sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// The text.
    pub html: Html,
    /// The buttons, row by row.
    pub rows: Vec<Vec<Button>>,
    /// It carries the main menu's picture, where there is one.
    pub picture: bool,
    /// It cannot be forwarded or saved; only for a new message.
    pub protected: bool,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Button {
    /// What stands on it.
    pub label: String,
    /// What it does.
    pub does: Does,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Comes back to the bot.
    Act(Action),
    /// Opens a link.
    Open(String),
}

/// What a screen says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Out {
    /// Takes the place of the message whose button was pressed, or is a new message where none was.
    Show(View),
    /// A new message.
    Say(View),
    /// Credentials in the message whose button was pressed, until a moment; then the view takes their place.
    Reveal {
        /// Whose.
        machine: MachineId,
        /// Until when.
        until: Timestamp,
        /// The buttons under them.
        under: View,
        /// What takes their place.
        hidden: View,
    },
    /// A line that passes over the screen, or a box to close when `alert`. Answers to presses only.
    Toast {
        /// At most 200 characters.
        text: String,
        /// A box that must be closed.
        alert: bool,
    },
}

impl View {
    /// Text without buttons.
    pub(crate) fn of(html: Html) -> Self {
        Self { html, rows: Vec::new(), picture: false, protected: false }
    }

    /// One more row with one button that comes back.
    #[must_use]
    pub(crate) fn button(mut self, label: impl Into<String>, action: Action) -> Self {
        self.rows.push(vec![Button { label: label.into(), does: Does::Act(action) }]);
        self
    }

    /// One more row with one button that opens a link.
    #[must_use]
    pub(crate) fn link(mut self, label: impl Into<String>, url: impl Into<String>) -> Self {
        self.rows.push(vec![Button { label: label.into(), does: Does::Open(url.into()) }]);
        self
    }

    /// One more row of several buttons.
    #[must_use]
    pub(crate) fn row(mut self, buttons: Vec<(String, Action)>) -> Self {
        let buttons: Vec<Button> =
            buttons.into_iter().map(|(label, action)| Button { label, does: Does::Act(action) }).collect();
        if !buttons.is_empty() {
            self.rows.push(buttons);
        }
        self
    }

    /// What its buttons do, by index.
    pub(crate) fn actions(&self) -> Vec<Action> {
        let acts = |button: &Button| match &button.does {
            Does::Act(action) => Some(action.clone()),
            Does::Open(_) => None,
        };
        self.rows.iter().flatten().filter_map(acts).collect()
    }

    /// The buttons as they are sent, under a keyboard's id.
    pub(crate) fn keys(&self, keyboard: &str) -> Vec<Vec<Key>> {
        let mut index = 0;
        let mut key = |button: &Button| match &button.does {
            Does::Open(url) => Key { label: button.label.clone(), data: None, url: Some(url.clone()) },
            Does::Act(_) => {
                let data = callback_data(keyboard, index);
                index += 1;
                Key { label: button.label.clone(), data: Some(data), url: None }
            }
        };
        self.rows.iter().map(|row| row.iter().map(&mut key).collect()).collect()
    }
}

/// A button as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// What stands on it.
    #[serde(rename = "l")]
    pub label: String,
    /// What it carries.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Where it leads.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What the sender needs to send or edit a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Letter {
    /// The text.
    pub html: Html,
    /// The buttons.
    #[serde(default)]
    pub keys: Vec<Vec<Key>>,
    /// The message to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<i64>,
    /// That message is a picture: its caption is changed.
    #[serde(default)]
    pub caption: bool,
    /// It cannot be forwarded or saved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
}

/// What the sender needs to show credentials, which are in no message's row: it asks for them when it shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reveal {
    /// Whose. They are given to the chat's own user or not at all.
    pub machine: MachineId,
    /// The message to be changed.
    pub edits: i64,
    /// Not shown from this moment on: what hides them has had its turn by then.
    pub until: Timestamp,
    /// The buttons.
    pub keys: Vec<Vec<Key>>,
}

/// The answer to a press.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The press.
    pub id: String,
    /// What it says; nothing only ends the waiting mark.
    #[serde(default)]
    pub text: String,
    /// A box that must be closed.
    #[serde(default)]
    pub alert: bool,
}

/// Where a turn came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Where answers go.
    pub chat: i64,
    /// Whom keyboards are for.
    pub user: UserId,
    /// The press that is answered: its id and the message under which it was.
    pub press: Option<(String, Option<Shown>)>,
    /// Ties rows to what caused them.
    pub correlation: String,
}

/// The rows that a turn's words become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    /// Keyboards.
    pub keyboards: Vec<KeyboardRow>,
    /// Messages.
    pub messages: Vec<OutboxNew>,
    /// Messages for later moments.
    pub later: Vec<(Timestamp, OutboxNew)>,
    /// The keyboard under the last message, if it has one.
    pub last_keyboard: Option<String>,
}

/// Ids for the keyboards of one turn: made beforehand, so that making the rows twice gives the same rows.
#[derive(Clone, Debug)]
pub(crate) struct Ids(Vec<String>);

/// No turn draws more keyboards than this.
const KEYBOARDS_MAX: usize = 4;

impl Ids {
    /// Fresh ids.
    pub(crate) fn fresh(app: &app::App) -> Self {
        Self((0..KEYBOARDS_MAX).map(|_| app.short_id()).collect())
    }

    #[cfg(test)]
    pub(crate) fn fixed() -> Self {
        Self((0..KEYBOARDS_MAX).map(|n| format!("kb{n}")).collect())
    }
}

/// Makes the rows. Every press is answered exactly once.
pub(crate) fn rows(origin: &Origin, outs: Vec<Out>, ids: &Ids, ops: Option<&OpsAbout>) -> Rows {
    let mut rows = Rows::default();
    let mut answer = None;
    let mut ids = ids.0.iter();
    let mut shown = origin.press.as_ref().and_then(|(_, shown)| *shown).filter(|shown| shown.editable);
    for out in outs {
        let (view, edits) = match out {
            Out::Toast { text, alert } => {
                answer = Some((text, alert));
                continue;
            }
            Out::Reveal { machine, until, under, hidden } => {
                match shown.take().filter(|shown| !shown.picture) {
                    Some(shown) => rows.reveal(origin, shown, (machine, until), (&under, &hidden), &mut ids),
                    None => answer = Some((crate::text::servers::TOO_OLD.to_owned(), true)),
                }
                continue;
            }
            Out::Show(view) => (view, shown.take()),
            Out::Say(view) => (view, None),
        };
        rows.add(origin, &view, edits, &mut ids, ops);
    }
    if let Some((id, _)) = &origin.press {
        let (text, alert) = answer.unwrap_or_default();
        let text = text.chars().take(200).collect();
        // The answer goes first: the phone shows a waiting mark until it comes.
        rows.messages.insert(0, message(origin, "answer", &Answer { id: id.clone(), text, alert }));
    }
    rows
}

impl Rows {
    fn add<'a>(
        &mut self,
        origin: &Origin,
        view: &View,
        edits: Option<Shown>,
        ids: &mut impl Iterator<Item = &'a String>,
        ops: Option<&OpsAbout>,
    ) {
        let keyboard = self.keyboard(origin, view, ids, ops);
        let keys = view.keys(keyboard.map_or("", String::as_str));
        let letter = |edits: Option<Shown>| Letter {
            html: view.html.clone(),
            keys: keys.clone(),
            edits: edits.map(|shown| shown.message_id),
            caption: edits.is_some_and(|shown| shown.picture),
            protect: view.protected,
        };
        match edits {
            // Too long for a caption: the picture makes room for a text.
            Some(shown) if shown.picture && view.html.shown_len() > CAPTION_MAX => {
                self.messages.push(message(origin, "delete", &letter(Some(shown))));
                self.messages.push(message(origin, "send", &letter(None)));
            }
            Some(shown) => self.messages.push(message(origin, "edit", &letter(Some(shown)))),
            None if view.picture => self.messages.push(message(origin, "photo", &letter(None))),
            None => self.messages.push(message(origin, "send", &letter(None))),
        }
        self.last_keyboard = keyboard.cloned();
    }

    /// The keyboard of a view that has buttons.
    fn keyboard<'a>(
        &mut self,
        origin: &Origin,
        view: &View,
        ids: &mut impl Iterator<Item = &'a String>,
        ops: Option<&OpsAbout>,
    ) -> Option<&'a String> {
        let actions = view.actions();
        let id = if actions.is_empty() { None } else { ids.next() }?;
        let sheet = match ops {
            Some(about) => Sheet::ops(actions, about.clone()),
            None => Sheet::new(actions),
        };
        self.keyboards.push(KeyboardRow { id: id.clone(), user: origin.user, actions: sheet.row(), used_at: None });
        Some(id)
    }

    /// Credentials in a message that is there, and what hides them: both rows in one commit, so that nothing that
    /// happens to this process leaves them standing. The one that hides them is tried for longer.
    fn reveal<'a>(
        &mut self,
        origin: &Origin,
        shown: Shown,
        (machine, until): (MachineId, Timestamp),
        (under, hidden): (&View, &View),
        ids: &mut impl Iterator<Item = &'a String>,
    ) {
        let keyboard = self.keyboard(origin, under, ids, None);
        let keys = under.keys(keyboard.map_or("", String::as_str));
        let reveal = Reveal { machine, edits: shown.message_id, until, keys };
        self.messages.push(message(origin, "reveal", &reveal));
        let letter = Letter {
            html: hidden.html.clone(),
            keys: Vec::new(),
            edits: Some(shown.message_id),
            caption: false,
            protect: false,
        };
        self.later.push((until, OutboxNew { kind: MessageKind::Notice, ..message(origin, "hide", &letter) }));
    }
}

fn message(origin: &Origin, method: &str, payload: &impl Serialize) -> OutboxNew {
    OutboxNew {
        chat: origin.chat,
        kind: MessageKind::Reply,
        method: method.to_owned(),
        // A plain structure of texts and numbers always serialises.
        payload: serde_json::to_string(payload).unwrap_or_default(),
        key: None,
        event_id: None,
        correlation: origin.correlation.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Place;

    fn origin(press: Option<Option<Shown>>) -> Origin {
        Origin {
            chat: 5501,
            user: UserId::new(5501),
            press: press.map(|shown| ("q1".to_owned(), shown)),
            correlation: "tg:7".to_owned(),
        }
    }

    fn menu(words: usize) -> View {
        View { picture: true, ..View::of(Html::new().text(&"w".repeat(words))) }
            .link("Open", "https://example.org")
            .button("Menu", Action::Go(Place::Menu))
    }

    fn methods(rows: &Rows) -> Vec<&str> {
        rows.messages.iter().map(|message| message.method.as_str()).collect()
    }

    #[test]
    fn a_message_is_changed_where_there_is_one_and_sent_where_not() {
        let shown = |picture, editable| Some(Shown { chat: 5501, message_id: 12, picture, editable });
        for (press, words, expected) in [
            (None, 5, vec!["photo"]),
            (Some(None), 5, vec!["answer", "photo"]),
            (Some(shown(false, true)), 5, vec!["answer", "edit"]),
            (Some(shown(true, true)), 5, vec!["answer", "edit"]),
            (Some(shown(true, true)), 1_025, vec!["answer", "delete", "send"]),
            (Some(shown(false, false)), 5, vec!["answer", "photo"]),
        ] {
            let made = rows(&origin(press), vec![Out::Show(menu(words))], &Ids::fixed(), None);
            assert_eq!(methods(&made), expected, "{press:?}");
        }
    }

    #[test]
    fn what_is_shown_for_a_while_is_hidden_by_a_row_of_the_same_commit() {
        let until = Timestamp::from_secs(1_760_000_060);
        let reveal = || Out::Reveal {
            machine: MachineId::new(3),
            until,
            under: View::of(Html::new()).button("Hide", Action::Hide),
            hidden: View::of(Html::new().text("Hidden")),
        };
        let shown = |picture, editable| Some(Shown { chat: 5501, message_id: 12, picture, editable });
        let made = rows(&origin(Some(shown(false, true))), vec![reveal()], &Ids::fixed(), None);
        assert_eq!((methods(&made), made.keyboards.len()), (vec!["answer", "reveal"], 1));
        let what: Reveal = serde_json::from_str(&made.messages[1].payload).unwrap();
        assert_eq!((what.machine, what.edits, what.until), (MachineId::new(3), 12, until));
        assert_eq!(what.keys[0][0].data.as_deref(), Some("kb0.0"));
        let [(at, hides)] = made.later.as_slice() else { panic!("{:?}", made.later) };
        let letter: Letter = serde_json::from_str(&hides.payload).unwrap();
        assert_eq!((*at, hides.method.as_str(), letter.edits), (until, "hide", Some(12)));
        // Nowhere else than in a message that is there: it was made for them.
        for press in [None, shown(true, true), shown(false, false)] {
            let made = rows(&origin(Some(press)), vec![reveal()], &Ids::fixed(), None);
            assert_eq!((methods(&made), made.later.len()), (vec!["answer"], 0));
            let answer: Answer = serde_json::from_str(&made.messages[0].payload).unwrap();
            assert!(answer.text.contains("too old") && answer.alert);
        }
        let protected = View { protected: true, ..View::of(Html::new().text("x")) };
        let made = rows(&origin(None), vec![Out::Say(protected)], &Ids::fixed(), None);
        assert!(serde_json::from_str::<Letter>(&made.messages[0].payload).unwrap().protect);
    }

    #[test]
    fn every_press_is_answered_once_and_keyboards_match_their_buttons() {
        let outs = vec![Out::Toast { text: "x".repeat(300), alert: true }, Out::Show(menu(3)), Out::Say(menu(3))];
        let made = rows(&origin(Some(None)), outs, &Ids::fixed(), None);
        assert_eq!(methods(&made), ["answer", "photo", "photo"]);
        let answer: Answer = serde_json::from_str(&made.messages[0].payload).unwrap();
        assert_eq!((answer.text.chars().count(), answer.alert), (200, true));
        assert_eq!((made.keyboards.len(), made.last_keyboard.as_deref()), (2, Some("kb1")));
        let letter: Letter = serde_json::from_str(&made.messages[2].payload).unwrap();
        assert_eq!(letter.keys[0][0].url.as_deref(), Some("https://example.org"));
        assert_eq!(letter.keys[1][0].data.as_deref(), Some("kb1.0"));
        let sheet = Sheet::read(&made.keyboards[1].actions).unwrap();
        assert_eq!(sheet.actions, [Action::Go(Place::Menu)]);
        assert!(rows(&origin(None), Vec::new(), &Ids::fixed(), None).messages.is_empty());
    }
}
