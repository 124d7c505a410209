//! Numbers as people read them.

/// A number with three digits that count.
pub fn three_digits(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let magnitude = number.abs().log10().floor() as i32;
    let decimals = usize::try_from(2 - magnitude).unwrap_or(0);
    format!("{number:.decimals$}")
}

/// A duration in the unit that suits it.
pub fn duration(seconds: f64) -> String {
    let (factor, unit) = match seconds {
        s if s < 1e-6 => (1e9, "ns"),
        s if s < 1e-3 => (1e6, "µs"),
        s if s < 1.0 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", three_digits(seconds * factor))
}

/// How many times as fast.
pub fn times(speed_up: f64) -> String {
    match speed_up {
        s if s < 0.1 => format!("{}×", three_digits(s)),
        s if s < 100.0 => format!("{s:.2}×"),
        s => format!("{s:.0}×"),
    }
}

/// `200,000`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{duration, grouped, three_digits, times};

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.0, 0.001234, 1.0, 12.34, 1234.5].map(three_digits),
            ["0", "0.00123", "1.00", "12.3", "1234"]
        );
        assert_eq!([4e-9, 6.2e-6, 0.0123, 3.0].map(duration), ["4.00 ns", "6.20 µs", "12.3 ms", "3.00 s"]);
        assert_eq!([0.0012, 1.96, 250.3].map(times), ["0.00120×", "1.96×", "250×"]);
        assert_eq!([7, 200_000, 1_234_567].map(grouped), ["7", "200,000", "1,234,567"]);
    }
}
