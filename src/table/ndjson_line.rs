//! What the engine's JSON parser does not say, or says in words of its own, about a line.

use super::list::quoted;

/// Why a line that the parser refuses, with words of its own, is no JSON object.
pub(super) fn why_no_object(line: &[u8], words: &str) -> String {
    const SHOWN: usize = 40;
    let reason = match std::str::from_utf8(line).map(str::trim) {
        Err(error) => format!("its byte {} is not UTF-8 text", error.valid_up_to() + 1),
        Ok(text) => {
            let mut shown: String = text.chars().take(SHOWN).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            match text {
                _ if !text.starts_with('{') => format!("{shown} does not start with {{"),
                _ if !text.ends_with('}') => format!("{shown} does not end with }}"),
                _ if words.contains("InvalidNumber") => match wrong_number(text) {
                    Some((key, number)) => {
                        let number: String = number.chars().take(SHOWN).collect();
                        format!(
                            "the number {number} of column {key:?} is malformed, or too large for any dtype"
                        )
                    }
                    None => format!("{shown} has a number that is malformed, or too large for any dtype"),
                },
                _ => format!("{shown} breaks the rules of JSON between its {{ and }}"),
            }
        }
    };
    format!("the line is no JSON object: {reason}")
}

/// The first number of an object that is none, or none that an `f64` holds, and the object's key that it belongs to.
fn wrong_number(line: &str) -> Option<(String, &str)> {
    let bytes = line.as_bytes();
    let (mut at, mut depth, mut key) = (0, 0_usize, String::new());
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_text(bytes, at);
                if depth == 1 && bytes[end..].trim_ascii_start().starts_with(b":") {
                    key = unescaped(&bytes[at..end]);
                }
                at = end;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                let n_bytes = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
                let number = line.get(at..at + n_bytes)?;
                if number.parse::<f64>().map_or(true, f64::is_infinite) {
                    return Some((key, number));
                }
                at += n_bytes;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Refuses what the parser lets through with a value lost: a key that an object has twice, and half of a surrogate pair.
///
/// The line is one that the parser takes.
pub(super) fn check_line(line: &[u8]) -> Result<(), String> {
    let mut keys: Vec<&[u8]> = Vec::new();
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(step) = memchr::memchr3(b'"', b'{', b'}', &line[at..]) {
        at += step;
        match line[at] {
            b'"' => {
                let end = end_of_text(line, at);
                let text = &line[at..end];
                check_surrogates(text)?;
                if line[end..].trim_ascii_start().starts_with(b":") {
                    keys.push(text);
                }
                at = end;
                continue;
            }
            b'{' => starts.push(keys.len()),
            _ => {
                let start = starts.pop().unwrap_or(0);
                check_keys(&mut keys[start..])?;
                keys.truncate(start);
            }
        }
        at += 1;
    }
    Ok(())
}

/// How many lists and objects a line may have within each other. The engine takes a piece of its stack for each, and its time grows
/// with the square of their number.
const LARGEST_DEPTH: usize = 64;

/// Refuses lists and objects that are too deep within each other. The line may be anything.
pub(super) fn check_depth(line: &[u8]) -> Result<(), String> {
    if memchr::memchr2_iter(b'[', b'{', line).nth(LARGEST_DEPTH).is_none() {
        return Ok(());
    }
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => {
                at = end_of_text(line, at);
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > LARGEST_DEPTH {
            return Err(format!(
                "its lists and objects are more than {LARGEST_DEPTH} deep within each other"
            ));
        }
        at += 1;
    }
    Ok(())
}

/// Where the text whose quotation mark is at `start` ends, behind its other one.
fn end_of_text(line: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(step) = line.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += step;
        if line[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    line.len()
}

fn check_keys(keys: &mut [&[u8]]) -> Result<(), String> {
    const FEW: usize = 12;
    let repeated = if keys.iter().any(|key| key.contains(&b'\\')) {
        let mut plain: Vec<String> = keys.iter().map(|key| unescaped(key)).collect();
        plain.sort_unstable();
        plain.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone())
    } else if keys.len() <= FEW {
        let twice = (1..keys.len()).find(|&index| keys[..index].contains(&keys[index]));
        twice.map(|index| unescaped(keys[index]))
    } else {
        keys.sort_unstable();
        keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| unescaped(pair[0]))
    };
    match repeated {
        Some(key) => Err(format!("an object has the key {key:?} more than once; keep one of them")),
        None => Ok(()),
    }
}

/// A text in quotation marks as what it stands for.
fn unescaped(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    quoted(&mut text.as_ref(), '"').unwrap_or_else(|_| text.to_string())
}

/// That each `\u` of a surrogate has its other half.
fn check_surrogates(text: &[u8]) -> Result<(), String> {
    let mut at = 0;
    while let Some(step) = memchr::memchr(b'\\', &text[at..]) {
        at += step;
        match unit(&text[at..]) {
            None => at += 2,
            Some(0xd800..0xdc00) if matches!(unit(&text[at + 6..]), Some(0xdc00..0xe000)) => at += 12,
            Some(0xd800..0xe000) => {
                let escape = String::from_utf8_lossy(&text[at..at + 6]);
                return Err(format!("{escape} is half of a surrogate pair, and no character"));
            }
            Some(_) => at += 6,
        }
    }
    Ok(())
}

/// The code of the `\u` escape that a text starts with.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{check_line, why_no_object};

    fn refused(line: &str, words: &str) {
        let message = check_line(line.as_bytes()).expect_err(line);
        assert!(message.contains(words), "{line}: {message}");
    }

    #[test]
    fn repeated_keys() {
        refused(r#"{"a":1,"b":2,"a":3}"#, "\"a\" more than once");
        refused(r#"{"a":1,"\u0061" :3}"#, "\"a\" more than once");
        refused(r#"{"x":[{"b":1,"b":2}]}"#, "\"b\" more than once");
        let many: String = (0..40).map(|index| format!("\"k{index}\":{index},")).collect();
        refused(&format!("{{{many}\"k7\":1}}"), "\"k7\" more than once");
        assert_eq!(check_line(format!("{{{many}\"k40\":1}}").as_bytes()), Ok(()));
        let distinct =
            r#"{"a":{"a":1,"b":"a"},"b":[{"a":1},{"a":2}],"c":"{\"a\":1,\"a\":2}","A":":","d":"a"}"#;
        assert_eq!(check_line(distinct.as_bytes()), Ok(()));
    }

    #[test]
    fn half_surrogates() {
        for half in [r"\ud800", r"\uDC00", r"x\ud800x", r"\ud800\u0041", r"\ud83d\\ude00", r"\\\ud800"] {
            refused(&format!("{{\"a\":\"{half}\"}}"), "half of a surrogate pair");
        }
        for whole in [r"\ud83d\ude00", r"\\ud800", r"\u0041\n\ud83d\ude00", r"\\", r"\u00e9"] {
            assert_eq!(check_line(format!("{{\"a\":\"{whole}\"}}").as_bytes()), Ok(()), "{whole}");
        }
    }

    #[test]
    fn reasons() {
        let reason = |line: &[u8]| why_no_object(line, "Syntax");
        assert_eq!(reason(b"[1]\r"), "the line is no JSON object: [1] does not start with {");
        assert_eq!(reason(b"{\"a\":"), "the line is no JSON object: {\"a\": does not end with }");
        assert!(reason(b"{\"a\" 2}").ends_with("{\"a\" 2} breaks the rules of JSON between its { and }"));
        let number = why_no_object(br#"{"a":[1,{"x":2}],"b c":"1e999","d":{"e":-1e400}}"#, "InvalidNumber");
        assert!(
            number.ends_with(r#"the number -1e400 of column "d" is malformed, or too large for any dtype"#)
        );
        assert!(reason(b"{\"\xff\"}").ends_with("its byte 3 is not UTF-8 text"));
    }
}
