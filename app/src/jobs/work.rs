//! The kinds of work and their lanes: what a job's row says, and what a row's words mean.
//!
//! Promises: a kind and its object have one key, so that there is one row of them; a row that this program does not know
//! is nobody's work. Absent on purpose: claiming and running (`jobs`).

use domain::{CaseId, InvoiceId, PaymentId, VpsId, WithdrawalId};
use store::jobs::Claimed;
use store::withdrawals;

/// A piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// The recall window of a withdrawal closed.
    GraceOver(WithdrawalId),
    /// Send a withdrawal.
    Send(WithdrawalId),
    /// Ask the rail about a withdrawal.
    Lookup(WithdrawalId),
    /// A delayed case is due.
    Case(CaseId),
    /// Place a part of a boost order.
    Place(i64),
    /// Ask a provider about the parts that it has.
    Track(i64),
    /// Find out what can be found out about a placement whose answer was lost.
    Evidence(i64),
    /// Buy the machine of an order.
    Provision(VpsId),
    /// Ask for the credentials of an order's machine.
    Credentials(VpsId),
    /// Carry on what is done to a machine.
    Act(i64),
    /// Carry on a machine's renewal.
    Renew(i64),
    /// Look a payment up and decide it.
    PaymentCheck(PaymentId),
    /// Ask for the account that an invoice is paid to.
    Charge(InvoiceId),
    /// Ask the bank what came for an invoice.
    PollBank(InvoiceId),
    /// A schedule.
    Every(Schedule),
}

/// What happens again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    Invariants,
    Rates,
    Banks,
    Float,
    Reconcile,
    Prune,
    Balances,
    Syncs,
    PanelAlerts,
    Ages,
    Ipstock,
    IpstockAlerts,
    Machines,
    Prices,
    Invoices,
}

impl Schedule {
    pub(super) const ALL: [Self; 15] = [
        Self::Rates,
        Self::Banks,
        Self::Float,
        Self::Syncs,
        Self::Balances,
        Self::Invariants,
        Self::Reconcile,
        Self::Prune,
        Self::PanelAlerts,
        Self::Ages,
        Self::Ipstock,
        Self::IpstockAlerts,
        Self::Machines,
        Self::Prices,
        Self::Invoices,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Invariants => "invariants",
            Self::Rates => "rates",
            Self::Banks => "banks",
            Self::Float => "float",
            Self::Reconcile => "reconcile",
            Self::Prune => "prune",
            Self::Balances => "balances",
            Self::Syncs => "syncs",
            Self::PanelAlerts => "panel_alerts",
            Self::Ages => "ages",
            Self::Ipstock => "ipstock",
            Self::IpstockAlerts => "ipstock_alerts",
            Self::Machines => "machines",
            Self::Prices => "prices",
            Self::Invoices => "invoices",
        }
    }
}

/// Lanes with how many of their jobs run at once; the configuration says it of purchases and of placements on their way,
/// beside which [`AHEAD`] are got ready.
pub(super) const LANES: [(&str, usize); 10] = [
    ("payout", 1),
    ("follow", 4),
    ("system", 2),
    ("schedule", 4),
    ("track", 4),
    ("machine", 4),
    ("payment", 8),
    ("bank", 4),
    (PLACEMENT, 0),
    (PROVISION, 0),
];

/// Placements that are claimed and routed while others are on their way, so that a room is taken the moment it is free.
pub(super) const AHEAD: usize = 16;

/// The lane of placements.
pub(super) const PLACEMENT: &str = "placement";
/// The lane of purchases of machines.
pub(super) const PROVISION: &str = "provision";

impl Work {
    pub(super) fn parts(self) -> (&'static str, &'static str, String, String) {
        match self {
            Self::GraceOver(id) => ("withdrawal.grace_over", "system", format!("grace:{id}"), withdrawals::object(id)),
            Self::Send(id) => ("withdrawal.send", "payout", format!("send:{id}"), withdrawals::object(id)),
            Self::Lookup(id) => ("withdrawal.lookup", "follow", format!("lookup:{id}"), withdrawals::object(id)),
            Self::Case(id) => ("case.due", "system", format!("case:{id}"), format!("case:{id}")),
            Self::Place(id) => ("boost.place", PLACEMENT, format!("place:{id}"), format!("part:{id}")),
            Self::Track(id) => ("boost.track", "track", format!("track:{id}"), format!("provider:{id}")),
            Self::Evidence(id) => ("boost.evidence", "track", format!("evidence:{id}"), format!("placement:{id}")),
            Self::Provision(id) => ("vps.provision", PROVISION, format!("provision:{id}"), store::vps::object(id)),
            Self::Credentials(id) => {
                ("vps.credentials", "machine", format!("credentials:{id}"), store::vps::object(id))
            }
            Self::Act(id) => ("vps.action", "machine", format!("action:{id}"), format!("action:{id}")),
            Self::Renew(id) => ("vps.renew", "machine", format!("renew:{id}"), store::vps::renewals::object(id)),
            Self::PaymentCheck(id) => {
                ("payment.check", "payment", format!("payment:{id}"), store::invoices::payments::object(id))
            }
            Self::Charge(id) => ("invoice.charge", "bank", format!("charge:{id}"), store::invoices::object(id)),
            Self::PollBank(id) => ("invoice.poll", "bank", format!("poll:{id}"), store::invoices::object(id)),
            Self::Every(schedule) => {
                ("schedule", "schedule", format!("schedule:{}", schedule.word()), schedule.word().to_owned())
            }
        }
    }

    /// The work that a job's row names; `None` for a kind or an object that this program does not know.
    pub(super) fn read(job: &Claimed) -> Option<Self> {
        let id = || job.object.split_once(':').and_then(|(_, id)| id.parse::<i64>().ok());
        match job.kind.as_str() {
            "withdrawal.grace_over" => Some(Self::GraceOver(WithdrawalId::new(id()?))),
            "withdrawal.send" => Some(Self::Send(WithdrawalId::new(id()?))),
            "withdrawal.lookup" => Some(Self::Lookup(WithdrawalId::new(id()?))),
            "case.due" => Some(Self::Case(CaseId::new(id()?))),
            "boost.place" => Some(Self::Place(id()?)),
            "boost.track" => Some(Self::Track(id()?)),
            "boost.evidence" => Some(Self::Evidence(id()?)),
            "vps.provision" => Some(Self::Provision(VpsId::new(id()?))),
            "vps.credentials" => Some(Self::Credentials(VpsId::new(id()?))),
            "vps.action" => Some(Self::Act(id()?)),
            "vps.renew" => Some(Self::Renew(id()?)),
            "payment.check" => Some(Self::PaymentCheck(PaymentId::new(id()?))),
            "invoice.charge" => Some(Self::Charge(InvoiceId::new(id()?))),
            "invoice.poll" => Some(Self::PollBank(InvoiceId::new(id()?))),
            "schedule" => Schedule::ALL.into_iter().find(|s| s.word() == job.object).map(Self::Every),
            _ => None,
        }
    }

    /// Money work is never given up by counting: it waits, and says so.
    pub(super) const fn never_dies(self) -> bool {
        matches!(
            self,
            Self::Send(_)
                | Self::Lookup(_)
                | Self::Place(_)
                | Self::Track(_)
                | Self::Provision(_)
                | Self::Credentials(_)
                | Self::Act(_)
                | Self::Renew(_)
                | Self::PaymentCheck(_)
                | Self::Charge(_)
                | Self::PollBank(_)
                | Self::Every(_)
        )
    }
}
