//! Memory options: the label that a customer sees, and the gigabytes that are bought.

/// The largest size that is sold, in GB: a longer number is a typing mistake.
pub const GB_MAX: i64 = 1_024;

/// A memory option.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    /// As operators wrote it: `8GB`. An order must name an option of its item by exactly this text.
    pub label: String,
    /// Whole GB, 1 to [`GB_MAX`]; what the provider is asked for.
    pub gb: i64,
}

/// A label that names no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no memory size: write it as 8GB or 512MB")]
pub struct BadMemory(pub String);

impl Memory {
    /// Reads a label: digits, then nothing, `G`, `GB`, `M` or `MB` in either case. Megabytes are rounded up to whole
    /// gigabytes. Anything else is an error rather than a guess: of `1.5GB` the digits alone would be 15.
    pub fn parse(label: &str) -> Result<Self, BadMemory> {
        let bad = || BadMemory(crate::text::clean_line(label, 40));
        let text = label.trim();
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(unit_at);
        let number: i64 = digits.parse().map_err(|_| bad())?;
        let gb = match unit.trim().to_ascii_uppercase().as_str() {
            "" | "G" | "GB" => number,
            "M" | "MB" => number / 1_024 + i64::from(number % 1_024 > 0),
            _ => return Err(bad()),
        };
        if !(1..=GB_MAX).contains(&gb) {
            return Err(bad());
        }
        Ok(Self { label: text.to_owned(), gb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_digits_and_a_unit() {
        for (label, gb) in [
            ("8GB", Some(8)),
            ("16 gb", Some(16)),
            (" 4GB ", Some(4)),
            ("2", Some(2)),
            ("512MB", Some(1)),
            ("1024MB", Some(1)),
            ("1025MB", Some(2)),
            ("2048 mb", Some(2)),
            ("1.5GB", None),
            ("GB", None),
            ("", None),
            ("0GB", None),
            ("-8GB", None),
            ("8TB", None),
            ("8GB16", None),
            ("4GB/8GB", None),
            ("٨GB", None),
            ("9999GB", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Memory::parse(label).ok().map(|memory| memory.gb), gb, "{label:?}");
        }
    }
}
