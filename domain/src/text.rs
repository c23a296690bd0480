//! Outside text made safe to show: names, links, provider answers, reasons.
//!
//! Promises: what comes out holds no control, bidirectional-override, zero-width or escape character, is one line
//! unless asked otherwise, and is cut to a width measured in terminal columns. Cleaned once at the boundary, shown
//! everywhere as it is. Scrubbing removes what looks like a key or an account number from text that is kept.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a dangerous character becomes.
const MARK: char = '\u{fffd}';

/// True for characters that could move the cursor, hide or reorder text.
fn hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// One safe line of at most `max_width` terminal columns; a longer text ends in `…`. Combining marks are kept to
/// two in a row, so that a tower of them cannot paint over its neighbours.
pub fn clean_line(text: &str, max_width: usize) -> String {
    let mut out = String::new();
    let mut width = 0;
    let mut combining = 0;
    // Ten thousand characters bound the work; nothing that is shown is longer.
    for c in text.chars().take(10_000) {
        let c = if c == '\n' || c == '\t' || c == '\r' {
            ' '
        } else if hostile(c) {
            MARK
        } else {
            c
        };
        let w = c.width().unwrap_or(0);
        combining = if w == 0 { combining + 1 } else { 0 };
        if combining > 2 {
            continue;
        }
        if width + w > max_width {
            while width + 1 > max_width {
                let Some(last) = out.pop() else { return out };
                width -= last.width().unwrap_or(0);
            }
            out.push('…');
            return out;
        }
        width += w;
        out.push(c);
    }
    out
}

/// Terminal columns that `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Text that came from a provider, cut to `max_width` columns, with anything that looks like a key, a token or an
/// account number masked: runs of ten or more digits keep their last four, long runs of letters and digits their first four.
pub fn scrub(text: &str, max_width: usize) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().take(20_000).chain(std::iter::once('\n')) {
        if c.is_ascii_alphanumeric() || c == '_' || (c == '-' && !run.is_empty()) {
            run.push(c);
            continue;
        }
        out.push_str(&mask_run(&run));
        run.clear();
        out.push(c);
    }
    clean_line(out.trim_end_matches('\n'), max_width)
}

fn mask_run(run: &str) -> String {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    if run.len() >= 10 && digits == run.len() {
        return format!("******{}", &run[run.len() - 4..]);
    }
    let mixed = digits >= 4 && run.bytes().any(|b| b.is_ascii_alphabetic());
    let reference = run.starts_with("vc-");
    if !reference && ((run.len() >= 24 && mixed) || run.starts_with("FLWSECK") || run.len() >= 40) {
        return format!("{}[redacted]", &run[..4]);
    }
    run.to_owned()
}

/// Keeps the first and last `keep` characters: `Ol*****yi`. Shorter texts are masked whole.
pub fn mask(text: &str, keep: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= keep * 2 {
        return "*".repeat(chars.len());
    }
    let middle = chars[keep..chars.len() - keep].iter().map(|c| if *c == ' ' { ' ' } else { '*' });
    chars[..keep].iter().copied().chain(middle).chain(chars[chars.len() - keep..].iter().copied()).collect()
}

/// An account number for a user's eyes: `****1103`.
pub fn mask_account(number: &str) -> String {
    let tail: String = number.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("****{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_harmless() {
        for (raw, width, clean) in [
            ("Ada\u{1b}[2J", 40, "Ada\u{fffd}[2J"),
            ("pay\u{202e}987", 40, "pay\u{fffd}987"),
            ("a\nb\tc", 40, "a b c"),
            ("abcdefgh", 5, "abcd…"),
            ("你好吗", 5, "你好…"),
            ("你好吗", 4, "你…"),
            ("e\u{301}\u{301}\u{301}\u{301}x", 40, "e\u{301}\u{301}x"),
            ("", 0, ""),
            ("x", 0, ""),
        ] {
            assert_eq!(clean_line(raw, width), clean, "{raw:?}");
        }
    }

    #[test]
    fn scrubbing_hides_keys_and_accounts_but_not_references() {
        let text = "key FLWSECK_TEST-abc123-X account 2081554421 ref vc-w-4412-1 code 044";
        assert_eq!(scrub(text, 200), "key FLWS[redacted] account ******4421 ref vc-w-4412-1 code 044");
        assert_eq!(mask("Oluwaseun Adeyemi", 2), "Ol******* *****mi");
        assert_eq!(mask_account("2081554421"), "****4421");
    }

    proptest::proptest! {
        #[test] // Whatever comes in, what goes out fits and holds nothing hostile.
        fn cleaned_text_always_fits(raw in ".{0,200}", max in 0..80_usize) {
            let clean = clean_line(&raw, max);
            proptest::prop_assert!(width(&clean) <= max);
            proptest::prop_assert!(!clean.chars().any(hostile));
        }
    }
}
