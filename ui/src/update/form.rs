//! Forms: opened by an action, typed line by line, ended by the review of what they change.

use super::dialog;
use crate::form::{Form, Name, ProviderValues, Purpose};
use crate::key::{Code, Key};
use crate::message::Effect;
use crate::model::{ItemForm, Model, Overlay};
use crate::review::provider::ProviderAct;
use crate::review::service::ServiceAct;
use crate::review::stock::StockAct;
use crate::review::{Kind, Subject};
use app::view::ipstock::ItemRow;

/// Opens the form of a new provider.
pub(super) fn add(model: &mut Model) {
    open_form(model, Form::add());
}

/// Opens the form of the provider under the cursor, once it was read.
pub(super) fn edit(model: &mut Model) {
    let name = model.providers.current().map(|row| row.name.clone());
    let detail = model.providers.detail.data.as_ref().filter(|data| Some(&data.row.name) == name.as_ref());
    match detail.map(|detail| Form::edit(detail)) {
        Some(form) => open_form(model, form),
        None => model.say("still reading it; try again in a moment"),
    }
}

/// Opens the form of the markup of the service under the cursor.
pub(super) fn markup(model: &mut Model) {
    let p = &model.providers;
    let provider = p.detail.id.clone().unwrap_or_default();
    match p.mappings.list.current().map(|line| Form::markup(&line.0, &provider)) {
        Some(form) => open_form(model, form),
        None => model.say("no row to decide on"),
    }
}

/// Opens a form of the item under the cursor, once it was read.
pub(super) fn of_item(model: &mut Model, form: ItemForm) {
    let Some(id) = super::ipstock::current(model).map(|row| row.id) else {
        return model.say("no row to decide on");
    };
    let detail = model.ipstock.item.data.as_ref().filter(|data| data.row.id == id);
    let made = detail.map(|detail| match form {
        ItemForm::Texts => Form::item(detail),
        ItemForm::Prices => Form::prices(detail),
    });
    match made {
        Some(made) => open_form(model, made),
        // In a narrow window nothing else has asked for it.
        None => super::ipstock::want_item(model, id, form),
    }
}

/// Opens the form of the product under the cursor.
pub(super) fn of_product(model: &mut Model) {
    match model.payments.products.current().map(Form::product) {
        Some(form) => open_form(model, form),
        None => model.say("no row to decide on"),
    }
}

fn open_form(model: &mut Model, form: Form) {
    model.overlays.push(Overlay::Form(Box::new(form)));
    model.keys_from = model.now;
    model.toast = None;
    model.touch();
}

/// What is typed in a form is complete: a review shows what it changes, unless it cannot be read or changes nothing.
fn review(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = model.overlays.last_mut() else { return };
    let purpose = form.purpose.clone();
    if let Purpose::Item(row) | Purpose::Prices(row) = purpose {
        return review_item(model, row, fx);
    }
    if let Purpose::Product(row) = purpose {
        return match form.product_edit() {
            Err(fault) => blame(model, fault),
            Ok(edit) if edit.is_empty() => model.say("nothing was changed"),
            Ok(edit) => {
                form.fault = None;
                let kind = Kind::Product(Box::new(edit));
                dialog::open_subjects(model, kind, vec![Subject::Product(row)], (false, 0), fx);
            }
        };
    }
    let values = match form.values() {
        Ok(values) => values,
        Err(fault) => return blame(model, fault),
    };
    form.fault = None;
    if values == ProviderValues::default() {
        return model.say("nothing was changed");
    }
    match purpose {
        Purpose::Add => dialog::open_plain(model, Kind::Provider(ProviderAct::Add(Box::new(values))), "", fx),
        Purpose::Edit(row) => {
            let kind = Kind::Provider(ProviderAct::Edit(Box::new(values)));
            dialog::open_subjects(model, kind, vec![Subject::Provider(row, None)], (false, 0), fx);
        }
        Purpose::Markup(row, provider) => {
            let kind = Kind::Service(ServiceAct::Markup(values.markup_bps.unwrap_or(0)));
            dialog::open_subjects(model, kind, vec![Subject::Ours(row, provider)], (false, 0), fx);
        }
        // Went on before its values were read.
        Purpose::Item(_) | Purpose::Prices(_) | Purpose::Product(_) => {}
    }
}

/// The line that cannot be read takes the keys, and says why.
fn blame(model: &mut Model, fault: (Name, String)) {
    if let Some(Overlay::Form(form)) = model.overlays.last_mut() {
        form.at = form.fields.iter().position(|field| field.name == fault.0).unwrap_or(form.at);
        form.fault = Some(fault);
    }
    model.touch();
}

/// The same of an item.
fn review_item(model: &mut Model, row: Box<ItemRow>, fx: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = model.overlays.last_mut() else { return };
    match form.item_edit() {
        Err(fault) => blame(model, fault),
        Ok(edit) if edit.is_empty() => model.say("nothing was changed"),
        Ok(edit) => {
            form.fault = None;
            let kind = Kind::Stock(StockAct::Edit(Box::new(edit)));
            dialog::open_subjects(model, kind, vec![Subject::Item(row, None)], (false, 0), fx);
        }
    }
}

/// A key while a form is on top. Every key is consumed; enter goes on to the review.
pub(super) fn key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = model.overlays.last_mut() else { return };
    match key.code {
        Code::Esc => return dialog::close(model, fx),
        Code::Enter if key.repeat => {}
        Code::Enter => return review(model, fx),
        Code::Down | Code::Tab => form.step(1),
        Code::Up | Code::BackTab => form.step(-1),
        _ => {
            if let Some(field) = form.current() {
                field.line.key(key);
            }
            form.fault = None;
        }
    }
    model.touch();
}

/// Pasted text goes into the line that takes the keys.
pub(super) fn paste(model: &mut Model, text: &str) {
    if let Some(Overlay::Form(form)) = model.overlays.last_mut()
        && let Some(field) = form.current()
    {
        field.line.insert(text);
        form.fault = None;
        model.touch();
    }
}
