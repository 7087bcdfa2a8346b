//! Numbers in sentences.

/// A number with its noun, and commas between thousands: `1 row`, `12,000 rows`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", thousands(number))
}

/// A number with commas between thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        for (number, shown) in [
            (0, "0 rows"),
            (1, "1 row"),
            (999, "999 rows"),
            (12_000, "12,000 rows"),
        ] {
            assert_eq!(counted(number, "row"), shown);
        }
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
