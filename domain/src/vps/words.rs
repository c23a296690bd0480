//! The closed lists of words around a machine, the same in code, JSON, SQL and metrics.

use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let found = Self::ALL.iter().copied().find(|it| it.word() == text);
                found.ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
            }
        }
    };
}

words! {
    /// What became of one call that buys.
    BuyState {
        /// The mark was committed; on its way, or the process died in it.
        Sending = "sending",
        /// No byte left.
        NotSent = "not_sent",
        /// Refused in listed words: nothing was bought.
        Rejected = "rejected",
        /// A machine of the package was sold.
        Accepted = "accepted",
        /// A machine outside the package was sold.
        WrongIp = "wrong_ip",
        /// Not known.
        Unknown = "unknown",
        /// An operator found the machine.
        RuledBought = "ruled_bought",
        /// Two operators ruled that it bought nothing for the order.
        RuledNotBought = "ruled_not_bought",
    }
}

impl BuyState {
    /// It bought, or may have bought, for its order: no other may begin.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Sending | Self::Accepted | Self::WrongIp | Self::Unknown | Self::RuledBought)
    }
}

words! {
    /// What a machine is doing.
    MachineState {
        /// Bought; its user name and password are not there yet.
        Building = "building",
        /// It runs.
        Running = "running",
        /// It is switched off.
        Stopped = "stopped",
        /// Something that was asked for still goes on.
        Busy = "busy",
        /// Its time is over; a renewal may bring it back.
        Expired = "expired",
        /// The provider does not have it any more.
        Gone = "gone",
    }
}

impl MachineState {
    /// Its address is taken by it.
    pub const fn is_living(self) -> bool {
        !matches!(self, Self::Expired | Self::Gone)
    }
}

words! {
    /// What is done to a machine.
    ActionKind {
        /// Switch it on.
        Start = "start",
        /// Switch it off.
        Stop = "stop",
        /// Off and on: the provider has no reboot.
        Reboot = "reboot",
        /// Wipe it and install an operating system; it has a new password then.
        Reinstall = "reinstall",
    }
}

words! {
    /// Where an action is. One that is asked, sending or waiting is open: a machine has at most one.
    ActionState {
        /// Nothing was sent yet.
        Asked = "asked",
        /// A call is on its way, or the process died in it.
        Sending = "sending",
        /// The provider took it; its status says when it is over.
        Waiting = "waiting",
        /// Proven by the status.
        Done = "done",
        /// Refused, or not done in time.
        Failed = "failed",
        /// The status could not say.
        Unknown = "unknown",
    }
}

impl ActionState {
    /// It is not over.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Sending | Self::Waiting)
    }
}

words! {
    /// Where a renewal is.
    RenewalState {
        /// Paid for; asked for, or about to be.
        Renewing = "renewing",
        /// The provider's expiry moved forward.
        Renewed = "renewed",
        /// Proven not to be renewed; the money is back.
        Failed = "failed",
        /// May have been renewed; a person rules.
        Unknown = "unknown",
    }
}

impl RenewalState {
    /// Its money is held.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Renewing | Self::Unknown)
    }
}

words! {
    /// An operating system that the provider installs, by the provider's word.
    Os {
        /// Windows Server 2012.
        Windows2012 = "2012",
        /// Windows Server 2016.
        Windows2016 = "2016",
        /// Windows Server 2019.
        Windows2019 = "2019",
        /// Windows Server 2022.
        Windows2022 = "2022",
        /// Windows Server 2025.
        Windows2025 = "2025",
        /// Windows 11.
        Windows11 = "11",
        /// CentOS 7.
        Centos = "centos",
        /// Ubuntu 22.
        Ubuntu = "ubuntu",
    }
}

impl Os {
    /// For people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Windows2012 => "Windows Server 2012",
            Self::Windows2016 => "Windows Server 2016",
            Self::Windows2019 => "Windows Server 2019",
            Self::Windows2022 => "Windows Server 2022",
            Self::Windows2025 => "Windows 2025",
            Self::Windows11 => "Windows 11",
            Self::Centos => "CentOS 7",
            Self::Ubuntu => "Ubuntu 22",
        }
    }

    /// Linux, whose login is always `root`.
    pub const fn is_linux(self) -> bool {
        matches!(self, Self::Centos | Self::Ubuntu)
    }

    /// What a new machine of a product is assumed to have until its status says: Windows 2022 when the product's name
    /// speaks of windows, rdp or vps, else Ubuntu.
    pub fn assumed(title: &str) -> Self {
        let title = title.to_lowercase();
        let windows = ["windows", "rdp", "vps"].iter().any(|word| title.contains(word));
        if windows { Self::Windows2022 } else { Self::Ubuntu }
    }
}
