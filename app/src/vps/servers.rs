//! A user's own orders and machines, as their owner sees them. Without anything secret: that is fetched by itself.

use super::shop::system;
use crate::{App, StoreError};
use domain::vps::{ActionKind, MachineState, VpsState};
use domain::{MachineId, Money, Timestamp, UserId, VpsId, text};
use store::vps::machines::{self, Machine};
use store::vps::{self, Order, actions, renewals};

/// So many of each are read, newest first.
const MOST: i64 = 100;

/// What a user has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// Orders that no machine stands for yet, or that came to nothing; newest first.
    pub orders: Vec<OrderBrief>,
    /// Machines that are not gone, newest first.
    pub machines: Vec<ServerBrief>,
}

/// An order as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBrief {
    /// Which.
    pub id: VpsId,
    /// The title of what was ordered.
    pub title: String,
    /// The memory option's label.
    pub memory: String,
    /// What it costs, USD.
    pub price: Money,
    /// Where it is.
    pub state: VpsState,
    /// Its machine, once there is one.
    pub machine: Option<MachineId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A machine as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerBrief {
    /// Which.
    pub id: MachineId,
    /// The order that it came of.
    pub order: Option<VpsId>,
    /// The title of what was ordered.
    pub title: String,
    /// The memory option's label.
    pub memory: String,
    /// The address.
    pub ip: String,
    /// The system, for people.
    pub os: String,
    /// What it is doing.
    pub state: MachineState,
    /// The user name and the password can be fetched.
    pub has_credentials: bool,
    /// When its time is over, if the provider has said so.
    pub expires_at: Option<Timestamp>,
    /// When it was last asked how it is.
    pub synced_at: Option<Timestamp>,
}

/// A machine with what can be done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerDetail {
    /// In short.
    pub brief: ServerBrief,
    /// What is being done to it.
    pub doing: Option<ActionKind>,
    /// A renewal is on its way.
    pub renewing: bool,
    /// What another month costs, USD; `None` when that is not sold any more.
    pub renewal: Option<Money>,
}

impl ServerDetail {
    /// It can be switched on.
    pub fn can_start(&self) -> bool {
        self.doing.is_none() && self.brief.state == MachineState::Stopped
    }

    /// It can be switched off, or off and on.
    pub fn can_stop(&self) -> bool {
        self.doing.is_none() && self.brief.state == MachineState::Running
    }

    /// A system can be installed.
    pub fn can_reinstall(&self) -> bool {
        self.can_start() || self.can_stop()
    }

    /// Another month can be had.
    pub fn can_renew(&self) -> bool {
        let built = !matches!(self.brief.state, MachineState::Building | MachineState::Gone);
        built && !self.renewing && self.renewal.is_some()
    }
}

impl App {
    /// A user's machine with what can be done to it; `None` when it is not theirs or gone.
    pub async fn server(&self, user: UserId, id: MachineId) -> Result<Option<ServerDetail>, StoreError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let machine = machines::find(tx, id).await?;
                let mine = |machine: &Machine| machine.user == Some(user) && machine.state != MachineState::Gone;
                let Some(machine) = machine.filter(mine) else { return Ok(None) };
                let doing = actions::open(tx, id).await?.map(|action| action.kind);
                let renewing = renewals::open(tx, id).await?.is_some();
                Ok::<_, StoreError>(Some(ServerDetail {
                    brief: server_brief(&machine),
                    doing,
                    renewing,
                    renewal: None,
                }))
            })
            .await?;
        let Some(found) = found else { return Ok(None) };
        Ok(Some(ServerDetail { renewal: self.renewal_price(id).await?, ..found }))
    }

    /// What a user has.
    pub async fn servers(&self, user: UserId) -> Result<Servers, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let orders = vps::of_user(&mut tx, user, MOST).await?;
                let machines = machines::of_user(&mut tx, user, MOST).await?;
                // A machine stands for its order, unless the money of that came back.
                let stands = |order: &&Order| {
                    order.state == VpsState::Active
                        || (order.state.is_open() && machines.iter().any(|machine| Some(machine.id) == order.machine))
                };
                Ok(Servers {
                    orders: orders.iter().filter(|order| !stands(order)).map(order_brief).collect(),
                    machines: machines.iter().map(server_brief).collect(),
                })
            })
            .await
    }
}

fn order_brief(order: &Order) -> OrderBrief {
    OrderBrief {
        id: order.id,
        title: text::clean_line(&order.title, 80),
        memory: text::clean_line(&order.memory, 40),
        price: order.price,
        state: order.state,
        machine: order.machine,
        created_at: order.created_at,
    }
}

fn server_brief(machine: &Machine) -> ServerBrief {
    ServerBrief {
        id: machine.id,
        order: machine.order,
        title: text::clean_line(&machine.title, 80),
        memory: text::clean_line(&machine.memory, 40),
        ip: machine.ip.clone(),
        os: system(&machine.os),
        state: machine.state,
        has_credentials: machine.password.is_some(),
        expires_at: machine.expires_at,
        synced_at: machine.synced_at,
    }
}
