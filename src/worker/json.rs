//! One JSON value a line, as workers write it: with NaN and the infinities as Python's `json` has them.

/// A value. An integer keeps its digits where `i64` does not hold it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    LargeInt(String),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// How deep lists and objects may stand in each other.
const MAX_DEPTH: usize = 64;

impl Json {
    /// Reads a text that holds one value.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(0)?;
        match parser.peek() {
            None => Ok(value),
            Some(_) => Err(parser.unexpected()),
        }
    }

    /// The value of a key of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text that it is.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    /// The next character that is no space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn unexpected(&self) -> String {
        match self.text[self.at..].chars().next() {
            Some(character) => format!("{character:?} at byte {} is not expected", self.at + 1),
            None => "it ends too early".to_owned(),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect(&mut self, sign: u8) -> Result<(), String> {
        if self.peek() != Some(sign) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > MAX_DEPTH {
            return Err(format!("its lists and objects stand in each other more than {MAX_DEPTH} deep"));
        }
        match self.peek() {
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.word("null") => Ok(Json::Null),
            _ if self.word("true") => Ok(Json::Bool(true)),
            _ if self.word("false") => Ok(Json::Bool(false)),
            _ if self.word("NaN") => Ok(Json::Float(f64::NAN)),
            _ if self.word("Infinity") => Ok(Json::Float(f64::INFINITY)),
            _ => Err(self.unexpected()),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.expect(b']')?;
        Ok(Json::List(items))
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut members = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let key = self.string()?;
            self.expect(b':')?;
            members.push((key, self.value(depth + 1)?));
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.expect(b'}')?;
        Ok(Json::Object(members))
    }

    fn number(&mut self) -> Result<Json, String> {
        if self.word("-Infinity") {
            return Ok(Json::Float(f64::NEG_INFINITY));
        }
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        let number = &rest[..length];
        let digits = number.strip_prefix('-').unwrap_or(number);
        let value = if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() {
            number.parse().map_or_else(|_| Json::LargeInt(number.to_owned()), Json::Int)
        } else {
            Json::Float(number.parse().map_err(|_| format!("{number:?} is no number"))?)
        };
        self.at += length;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find(['"', '\\']).ok_or("a text has no closing quotation mark")?;
            string.push_str(&rest[..end]);
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Ok(string);
            }
            self.escape(&mut string)?;
        }
    }

    fn escape(&mut self, string: &mut String) -> Result<(), String> {
        let sign = self.text.as_bytes().get(self.at).copied();
        self.at += 1;
        string.push(match sign {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode()?,
            _ => return Err("a text holds an escape that JSON does not have".to_owned()),
        });
        Ok(())
    }

    fn unicode(&mut self) -> Result<char, String> {
        let lone = || "a text holds half of a surrogate pair".to_owned();
        let first = self.hexadecimal()?;
        let code = match first {
            0xd800..0xdc00 => {
                if !self.word("\\u") {
                    return Err(lone());
                }
                let second = self.hexadecimal()?;
                if !(0xdc00..0xe000).contains(&second) {
                    return Err(lone());
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(lone)
    }

    fn hexadecimal(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        let code = u32::from_str_radix(digits, 16);
        self.at += 4;
        code.map_err(|_| "a text holds \\u without four hexadecimal digits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_as_they_were_written() {
        let parsed =
            Json::parse(r#" {"a": [1, -2.5e3, null, true], "é\u00e9\ud83d\ude00": "\"x\n"} "#).unwrap();
        assert_eq!(
            parsed.get("a"),
            Some(&Json::List(vec![Json::Int(1), Json::Float(-2500.0), Json::Null, Json::Bool(true)]))
        );
        assert_eq!(parsed.get("éé😀").and_then(Json::as_text), Some("\"x\n"));
        assert_eq!(Json::parse("-Infinity"), Ok(Json::Float(f64::NEG_INFINITY)));
        assert_eq!(Json::parse("9223372036854775808"), Ok(Json::LargeInt("9223372036854775808".into())));
        assert_eq!(Json::parse("0.1"), Ok(Json::Float(0.1)));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let deep = "[".repeat(100_000);
        for text in
            ["", "{", "[1,", "1 2", "\"a", "{\"a\" 1}", "\"\\u12\"", "\"\\ud800\"", "hello", "-", "1e", &deep]
        {
            assert!(Json::parse(text).is_err(), "{text:.20}");
        }
    }
}
