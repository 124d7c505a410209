//! Bounds are exact beside every dtype.

use parrow::functions::{Number, RangeBounds};
use parrow::{Error, ErrorKind};

#[test]
fn text_is_read_and_shown() {
    for (text, shown) in [
        ("4", "4"),
        (" -4.50 ", "-4.5"),
        ("-0.25", "-0.25"),
        ("+7", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1e3"),
        ("9223372036854775807", "9223372036854775807"),
        ("18446744073709551615", "18446744073709551615"),
        ("inf", "inf"),
        ("-Infinity", "-inf"),
        ("0.1e-400", "1e-401"),
    ] {
        assert_eq!(text.parse::<Number>().unwrap().to_string(), shown, "{text:?}");
    }
}

#[test]
fn text_that_is_no_number_is_refused() {
    for text in ["", "four", "4,5", "1_000", "0x10", "1e", "--4", "0.123456789012345678901234567890123456789"]
    {
        let error: Error = text.parse::<Number>().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidOption { .. }), "{text:?}: {error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn bounds_are_in_order() {
    let number = |text: &str| text.parse::<Number>().unwrap();
    for (min, max) in [
        ("4", "8"),
        ("4", "4"),
        ("-0", "0.0"),
        ("1e400", "1e401"),
        ("-1e401", "-1e400"),
        ("-inf", "-1e400"),
        ("1e400", "inf"),
        ("0.1", "0.10000000000000000001"),
        ("9223372036854775807", "9223372036854775807.1"),
        ("1e-400", "1e-399"),
        ("0", "1e-399"),
        ("-1e30", "99999999999999999999999999999999999999"),
    ] {
        assert!(RangeBounds::new(number(min), number(max)).is_ok(), "{min} to {max}");
        if number(min) != number(max) && min != "-0" {
            let error = RangeBounds::new(number(max), number(min)).unwrap_err();
            assert!(error.to_string().contains("exchange them"), "{error}");
        }
    }
    assert!(RangeBounds::new(i64::MAX, i64::MAX as f64).is_ok());
    assert!(RangeBounds::new(i64::MAX as f64, i64::MAX).is_err());
    assert!(RangeBounds::new(0.1, number("0.1")).is_ok());
    for (min, max) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::NAN, f64::NAN)] {
        assert!(RangeBounds::new(min, max).unwrap_err().to_string().contains("NaN"));
    }
}
