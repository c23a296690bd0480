//! The page about the console has the keymap's own tables: written from it with `UPDATE_DOCS=1`, compared otherwise.

use std::fmt::Write;
use ui::keymap::{BINDINGS, Group, Place};

fn table(group: Group) -> String {
    let mut out = format!("### {}\n\n| keys | does | where | palette |\n|---|---|---|---|\n", group.title());
    for binding in BINDINGS.iter().filter(|binding| binding.group == group) {
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
        let everywhere = Place::ALL.iter().all(|place| binding.places.contains(place));
        let places: Vec<&str> = binding.places.iter().map(|place| place.word()).collect();
        let places = if everywhere { "everywhere".to_owned() } else { places.join(", ") };
        let help = binding.help.replace('|', "\\|");
        writeln!(out, "| {} | {help} | {places} | `{}` |", keys.join(" or "), binding.name).unwrap();
    }
    out
}

#[test]
fn the_page_has_every_binding_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating/console.md");
    let page = std::fs::read_to_string(path).unwrap();
    let order = [Group::Move, Group::See, Group::Pick, Group::Decide, Group::Take, Group::Other];
    let wanted = order.map(table).join("\n");
    let from = page.find("### Move").unwrap();
    let to = page.find("`ctrl-c` is `esc`").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{}{wanted}\n{}", &page[..from], &page[to..])).unwrap();
        return;
    }
    assert_eq!(page[from..to].trim_end(), wanted.trim_end(), "run with UPDATE_DOCS=1");
}
