//! What `ipstock` and `status` say. Pure and total; neither an error nor a `Debug` holds a password or a body.

use std::net::Ipv4Addr;

use domain::Secret;
use domain::outcome::LocalReason;

use super::classify::{is_broken, is_failure, is_marked, shown_words, usable};
use super::decode::{Decoded, Node, decode};
use super::summary;
use crate::http::{RawReply, Reply};
use crate::read::{ReadError, arrived, garbage};

/// Characters of an id or a name.
const NAME_MAX: usize = 120;
/// Characters of a field of a machine.
const FIELD_MAX: usize = 200;

/// One row of the list, exactly as it is spelt there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockPackage {
    /// The service's id; a number is written in its digits.
    pub pid: String,
    /// A prefix of addresses, with or without wildcards, or a whole address.
    pub name: String,
    /// Free addresses; 0 when it does not say a number.
    pub free: i64,
    /// `active` or another word; empty when it does not say.
    pub status: String,
}

/// The whole list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockList {
    /// In the order of the answer, repeated rows included.
    pub packages: Vec<StockPackage>,
    /// Rows without an id or a name: what they stand for is missing from `packages` and must not be taken for gone.
    pub odd_rows: usize,
    /// The answer's size.
    pub bytes: usize,
}

/// A machine as the service sees it; any field can be missing while it is being built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineStatus {
    /// As it was asked for, where the answer repeats it.
    pub ip: Option<Ipv4Addr>,
    /// `Usernane` or `Username`, as it is spelt there; see [`MachineStatus::login`].
    pub username: Option<String>,
    /// Without one it is not ready.
    pub password: Option<Secret>,
    /// Such as `2022` or `ubuntu`.
    pub os: Option<String>,
    /// Gigabytes, as it is spelt there.
    pub ram: Option<String>,
    /// A date in no fixed form.
    pub expiry: Option<String>,
    /// Says only that the machine exists.
    pub machine: Option<String>,
    /// `Online` or `Offline`.
    pub power: Option<String>,
    /// `completed` or `pending`.
    pub action: Option<String>,
}

impl MachineStatus {
    /// The name to log in with: Linux has `root` whatever the service says, Windows what it says.
    pub fn login(&self) -> &str {
        let os = self.os.as_deref().unwrap_or_default().to_lowercase();
        if ["ubuntu", "centos", "linux"].iter().any(|linux| os.contains(linux)) {
            return "root";
        }
        self.username.as_deref().unwrap_or("Administrator")
    }
}

/// The list, or why there is none. An answer without a list of packages is no empty list.
pub(super) fn read_stock(raw: RawReply) -> Result<StockList, ReadError> {
    let (said, reply) = good(raw)?;
    if is_marked(&said.node) {
        return Err(refused(&said, &reply));
    }
    let Some(Node::List(rows)) = said.node.field(&["packages"]) else {
        return Err(garbage(&format!("{}: no list of packages", summary(&reply))));
    };
    let packages: Vec<StockPackage> = rows.iter().filter_map(package).collect();
    Ok(StockList { odd_rows: rows.len() - packages.len(), packages, bytes: reply.body.len() })
}

fn package(row: &Node) -> Option<StockPackage> {
    let name = |names: &[&str]| row.field(names).and_then(Node::text).filter(|text| is_plain(text, NAME_MAX));
    let free = row.field(&["ipv4"]).and_then(Node::text).and_then(|text| text.trim().parse::<i64>().ok());
    let status = name(&["status"]).unwrap_or_default().to_owned();
    Some(StockPackage {
        pid: name(&["id"])?.to_owned(),
        name: name(&["name"])?.to_owned(),
        free: free.unwrap_or(0).max(0),
        status,
    })
}

/// The machine at `ip`, or why nothing is known of it.
pub(super) fn read_status(raw: RawReply, ip: Ipv4Addr) -> Result<MachineStatus, ReadError> {
    let (said, reply) = good(raw)?;
    let node = match &said.node {
        Node::Object(_) if !is_marked(&said.node) => &said.node,
        Node::Object(_) => return Err(refused(&said, &reply)),
        Node::Text(_) if is_failure(&said.node) && !is_broken(&said) => return Err(refused(&said, &reply)),
        _ => return Err(garbage(&format!("{}: no machine", summary(&reply)))),
    };
    let text = |names: &[&str]| {
        let text = node.field(names).and_then(Node::text).map(str::trim);
        text.filter(|text| is_plain(text, FIELD_MAX)).map(str::to_owned)
    };
    let told = text(&["IP"]).and_then(|told| usable(&told));
    if told.is_some_and(|told| told != ip) {
        return Err(garbage(&format!("{}: it speaks of another address", summary(&reply))));
    }
    Ok(MachineStatus {
        ip: told,
        username: text(&["Usernane", "Username"]),
        password: text(&["Password"]).map(Secret::new),
        os: text(&["OS"]),
        ram: text(&["RAM"]),
        expiry: text(&["ExpiryDate"]),
        machine: text(&["MachineStatus"]),
        power: text(&["PowerStatus"]),
        action: text(&["ActionStatus"]),
    })
}

/// One line of printable characters.
fn is_plain(text: &str, chars_max: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= chars_max && !text.chars().any(char::is_control)
}

/// A complete answer under a status that is a success.
fn good(raw: RawReply) -> Result<(Decoded, Reply), ReadError> {
    let reply = arrived(raw)?;
    let said = decode(&reply.body);
    let words = || shown_words(&said).map_or_else(|| summary(&reply), |words| format!("{}: {words}", summary(&reply)));
    match reply.status {
        200..=299 => Ok((said, reply)),
        401 | 403 => Err(ReadError::Auth(words())),
        429 => Err(ReadError::RateLimited { retry_after: reply.retry_after }),
        status @ 500.. => Err(ReadError::Server(status)),
        status => Err(ReadError::Refused { status, text: words() }),
    }
}

fn refused(said: &Decoded, reply: &Reply) -> ReadError {
    let text = shown_words(said).unwrap_or_else(|| summary(reply));
    ReadError::Refused { status: reply.status, text }
}

/// A read that was refused here.
pub(super) fn refused_here(why: &LocalReason) -> ReadError {
    ReadError::NotSent(why.clone())
}
