//! Colours and shapes. Meaning is carried by word, then shape, then colour: every role keeps a distinct modifier or a
//! word where colours are absent.

use domain::withdrawal::WithdrawalState;
use ratatui::style::{Color, Modifier, Style};

/// The names of the themes, in the order of the help.
pub const NAMES: [&str; 6] = ["dark", "light", "16", "contrast", "safe", "mono"];

/// What a state looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ended well.
    Good,
    /// Nothing special.
    Plain,
    /// On its way.
    Busy,
    /// Needs a person.
    Bad,
    /// Not known.
    Unknown,
    /// Over, of no interest.
    Dim,
}

/// The shapes that lines are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Vertical line.
    pub v: &'static str,
    /// Horizontal line.
    pub h: &'static str,
    /// Corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// Eight heights of a bar, lowest first.
    pub bars: [&'static str; 8],
}

/// For terminals without UTF-8.
pub const ASCII: Glyphs =
    Glyphs { v: "|", h: "-", corners: ["+", "+", "+", "+"], bars: [".", ":", "-", "=", "+", "*", "%", "#"] };

/// For the rest.
pub const UNICODE: Glyphs =
    Glyphs {
        v: "│", h: "─", corners: ["┌", "┐", "└", "┘"], bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    };

/// Roles and their styles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The name.
    pub name: &'static str,
    /// Lines and bars.
    pub glyphs: Glyphs,
    /// Ordinary text.
    pub text: Style,
    /// Labels, lines, what matters less.
    pub dim: Style,
    /// Titles and column heads.
    pub head: Style,
    /// The open tab, the armed button.
    pub strong: Style,
    /// What can be pressed.
    pub key: Style,
    /// Ended well.
    pub good: Style,
    /// On its way.
    pub busy: Style,
    /// Needs a person.
    pub bad: Style,
    /// Not known.
    pub unknown: Style,
    /// The cursor's row.
    pub cursor: Style,
    /// The mark before a row.
    pub mark: Style,
    /// A fault in typed text.
    pub fault: Style,
    /// The environment words: SANDBOX, TEST, PROD.
    pub environments: [Style; 3],
}

const fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

const BOLD: Modifier = Modifier::BOLD;

impl Theme {
    /// The theme of a name.
    pub fn named(name: &str, glyphs: Glyphs) -> Option<Self> {
        let theme = match name {
            "dark" => Self::colours("dark", [108, 179, 203, 176, 74, 245, 238], [31, 136, 124]),
            "light" => Self::colours("light", [28, 130, 160, 90, 25, 242, 252], [24, 94, 124]),
            "safe" => Self::colours("safe", [75, 215, 208, 183, 111, 245, 238], [25, 136, 166]),
            "16" => Self::sixteen(),
            "contrast" => Self::contrast(),
            "mono" => Self::mono(),
            _ => return None,
        };
        Some(Self { glyphs, ..theme })
    }

    /// From the 256-colour table: good, busy, bad, unknown, key, dim, cursor; environments' backgrounds.
    fn colours(name: &'static str, [good, busy, bad, unknown, key, dim, cursor]: [u8; 7], env: [u8; 3]) -> Self {
        let i = Color::Indexed;
        let badge = |bg| Style::new().fg(Color::Indexed(231)).bg(i(bg)).add_modifier(BOLD);
        Self {
            name,
            glyphs: ASCII,
            text: Style::new(),
            dim: fg(i(dim)),
            head: fg(i(dim)).add_modifier(BOLD),
            strong: Style::new().add_modifier(BOLD),
            key: fg(i(key)).add_modifier(BOLD),
            good: fg(i(good)),
            busy: fg(i(busy)).add_modifier(BOLD),
            bad: fg(i(bad)).add_modifier(BOLD),
            unknown: fg(i(unknown)).add_modifier(BOLD),
            cursor: Style::new().bg(i(cursor)),
            mark: fg(i(key)).add_modifier(BOLD),
            fault: fg(i(bad)).add_modifier(Modifier::UNDERLINED),
            environments: [badge(env[0]), badge(env[1]), badge(env[2])],
        }
    }

    fn sixteen() -> Self {
        let badge = |bg| Style::new().fg(Color::Black).bg(bg).add_modifier(BOLD);
        Self {
            name: "16",
            glyphs: ASCII,
            text: Style::new(),
            dim: Style::new().add_modifier(Modifier::DIM),
            head: Style::new().add_modifier(BOLD),
            strong: Style::new().add_modifier(BOLD),
            key: fg(Color::Cyan),
            good: fg(Color::Green),
            busy: fg(Color::Yellow).add_modifier(BOLD),
            bad: fg(Color::Red).add_modifier(BOLD),
            unknown: fg(Color::Magenta).add_modifier(BOLD),
            cursor: Style::new().add_modifier(Modifier::REVERSED),
            mark: fg(Color::Cyan).add_modifier(BOLD),
            fault: fg(Color::Red).add_modifier(Modifier::UNDERLINED),
            environments: [badge(Color::Cyan), badge(Color::Yellow), badge(Color::Red)],
        }
    }

    fn contrast() -> Self {
        let bright = |c| Style::new().fg(c).add_modifier(BOLD);
        Self {
            name: "contrast",
            text: fg(Color::White),
            dim: fg(Color::White),
            head: bright(Color::White).add_modifier(Modifier::UNDERLINED),
            strong: bright(Color::White),
            key: bright(Color::LightCyan),
            good: bright(Color::LightGreen),
            busy: bright(Color::LightYellow),
            bad: bright(Color::LightRed).add_modifier(Modifier::REVERSED),
            unknown: bright(Color::LightMagenta).add_modifier(Modifier::REVERSED),
            cursor: bright(Color::White).add_modifier(Modifier::REVERSED),
            mark: bright(Color::LightCyan),
            ..Self::sixteen()
        }
    }

    /// Without colours, for where no other theme is known.
    pub fn plain(glyphs: Glyphs) -> Self {
        Self { glyphs, ..Self::mono() }
    }

    fn mono() -> Self {
        let m = |modifier| Style::new().add_modifier(modifier);
        Self {
            name: "mono",
            glyphs: ASCII,
            text: Style::new(),
            dim: m(Modifier::DIM),
            head: m(BOLD),
            strong: m(BOLD),
            key: m(BOLD),
            good: Style::new(),
            busy: m(BOLD),
            bad: m(Modifier::REVERSED),
            unknown: m(Modifier::REVERSED.union(Modifier::UNDERLINED)),
            cursor: m(Modifier::REVERSED),
            mark: m(BOLD),
            fault: m(Modifier::UNDERLINED),
            environments: [m(BOLD), m(BOLD.union(Modifier::UNDERLINED)), m(BOLD.union(Modifier::REVERSED))],
        }
    }

    /// The style of a tone.
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Good => self.good,
            Tone::Plain => self.text,
            Tone::Busy => self.busy,
            Tone::Bad => self.bad,
            Tone::Unknown => self.unknown,
            Tone::Dim => self.dim,
        }
    }
}

/// The mark and tone of a state; the word follows it.
pub const fn state_mark(state: WithdrawalState) -> (char, Tone) {
    use WithdrawalState as S;
    match state {
        S::Paid => ('+', Tone::Good),
        S::Requested => ('o', Tone::Plain),
        S::Signing => ('s', Tone::Plain),
        S::Grace => ('>', Tone::Busy),
        S::Queued => ('.', Tone::Busy),
        S::Sending | S::Sent => ('~', Tone::Busy),
        S::Failed => ('x', Tone::Bad),
        S::Frozen => ('!', Tone::Bad),
        S::Unknown => ('?', Tone::Unknown),
        S::Rejected => ('-', Tone::Dim),
        S::Returned => ('<', Tone::Dim),
    }
}
