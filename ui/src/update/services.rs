//! The services of the open provider, what of ours is mapped to it, and its syncs.

use super::dialog;
use crate::clean;
use crate::listing::Take;
use crate::message::{Answer, Effect};
use crate::model::{Model, OurLine, ProviderPart, service_place};
use crate::review::service::{ServiceAct, mapped};
use crate::review::{Kind, Subject};
use crate::windowed::Windowed;
use app::view::Window;
use app::view::panels::{PanelServiceQuery, PanelServiceRow, ServiceRow, SyncRow};

/// The question for the present window of services.
pub(super) fn query(model: &Model) -> PanelServiceQuery {
    let p = &model.providers;
    PanelServiceQuery {
        provider: p.detail.id.clone().unwrap_or_default(),
        words: p.services.words.clone(),
        from: p.services.table.from.clone(),
        limit: Windowed::<PanelServiceRow>::limit(model.list_height()),
    }
}

/// Takes a window of services.
pub(super) fn window(model: &mut Model, ticket: u64, answer: Answer<Window<PanelServiceRow>>) {
    if !model.providers.services.table.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let answer = answer.map(|window| Window { rows: window.rows.iter().map(clean::panel_service).collect(), ..window });
    let table = &mut model.providers.services.table;
    let took = table.answer(answer, (frozen, false), height, now, service_place);
    model.show_window(took);
}

/// Takes our services.
pub(super) fn ours(model: &mut Model, ticket: u64, answer: Answer<Vec<ServiceRow>>) {
    let (now, height) = (model.now, model.list_height());
    let m = &mut model.providers.mappings;
    if !m.fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            m.fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(rows) => {
            let first_time = m.fetch.good_at().is_none();
            m.fetch.succeed(now);
            let rows = rows.iter().map(|row| OurLine(clean::our_service(row))).collect();
            if m.list.take(rows, (false, false), Take::Again, height, |_| false) || first_time {
                model.touch_feed();
            }
        }
    }
}

/// Takes the syncs.
pub(super) fn syncs(model: &mut Model, ticket: u64, answer: Answer<Vec<SyncRow>>) {
    let now = model.now;
    let s = &mut model.providers.syncs;
    if !s.fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            s.fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(rows) => {
            let first_time = s.fetch.good_at().is_none();
            s.fetch.succeed(now);
            let rows: Vec<SyncRow> = rows.iter().map(clean::sync).collect();
            if std::mem::replace(&mut s.rows, rows.clone()) != rows || first_time {
                model.touch_feed();
            }
        }
    }
}

/// From a mapping to the service that it names.
pub(super) fn open_mapping(model: &mut Model) {
    let p = &model.providers;
    let name = p.detail.id.clone().unwrap_or_default();
    let mapped = p.mappings.list.current().and_then(|line| mapped(&line.0, &name));
    let Some(words) = mapped.map(str::to_owned) else { return model.say("nothing is mapped here: M maps it") };
    model.providers.detail.part = ProviderPart::Services;
    set_words(model, &words);
}

/// Sets the words that the services must have.
pub(super) fn set_words(model: &mut Model, words: &str) {
    let now = model.now;
    let services = &mut model.providers.services;
    words.trim().clone_into(&mut services.words);
    services.table.ask_anew(now);
    model.touch();
}

/// Opens a review of the service under the cursor: the provider's, or ours where mappings are listed.
pub(super) fn decide(model: &mut Model, act: ServiceAct, fx: &mut Vec<Effect>) {
    let Some(subject) = service(model) else { return model.say("no row to decide on") };
    dialog::open_subjects(model, Kind::Service(act), vec![subject], (false, 0), fx);
}

fn service(model: &Model) -> Option<Subject> {
    let p = &model.providers;
    if p.detail.part == ProviderPart::Services {
        return p.services.table.list.current().map(|row| Subject::Theirs(Box::new(row.clone())));
    }
    let line = p.mappings.list.current()?;
    Some(Subject::Ours(Box::new(line.0.clone()), p.detail.id.clone()?))
}
