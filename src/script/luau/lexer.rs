//! The tokens of a Luau text: enough of the language to tell code from comments and strings.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Name,
    Number,
    /// A string, without its quotes; of an interpolated one the pieces between the braces.
    Text,
    /// An operator or a bracket.
    Symbol,
}

/// A piece of code, and where it begins in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    pub(super) start: usize,
}

impl Token<'_> {
    /// Whether it is this keyword, operator or bracket.
    pub(super) fn is(&self, code: &str) -> bool {
        matches!(self.kind, Kind::Name | Kind::Symbol) && self.text == code
    }
}

/// The tokens of a text. What no Luau text has is passed over: the compiler says what is wrong with it.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, tokens: Vec::new() };
    lexer.code(Until::End);
    lexer.tokens
}

/// What ends a stretch of code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    End,
    /// The brace that closes an expression in an interpolated string.
    Brace,
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token<'t>>,
}

/// The operators of more than one character, longest first.
const OPERATORS: [&str; 18] = [
    "...", "..=", "//=", "==", "~=", "<=", ">=", "..", "->", "::", "+=", "-=", "*=", "/=", "%=", "^=", "//",
    "!=",
];

impl<'t> Lexer<'t> {
    fn code(&mut self, until: Until) {
        let mut depth = 0;
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            match byte {
                _ if byte.is_ascii_whitespace() => self.at += 1,
                b'-' if self.starts_with("--") => self.comment(),
                b'[' if self.long_bracket(self.at).is_some() => self.long_text(),
                b'"' | b'\'' => self.quoted(byte),
                b'`' => self.interpolated(),
                b'0'..=b'9' => self.number(),
                b'.' if self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => self.number(),
                _ if byte == b'_' || byte.is_ascii_alphabetic() => {
                    self.skip_while(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
                    self.push(Kind::Name, start, self.at);
                }
                b'}' if until == Until::Brace && depth == 0 => return,
                _ => {
                    match byte {
                        b'{' => depth += 1,
                        b'}' => depth -= 1,
                        _ => {}
                    }
                    let operator = OPERATORS.iter().find(|operator| self.starts_with(operator));
                    self.at += match operator {
                        Some(operator) => operator.len(),
                        None => self.text[start..].chars().next().map_or(1, char::len_utf8),
                    };
                    self.push(Kind::Symbol, start, self.at);
                }
            }
        }
    }

    fn starts_with(&self, code: &str) -> bool {
        self.bytes[self.at..].starts_with(code.as_bytes())
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token { kind, text: &self.text[start..end], start });
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| wanted(*byte)) {
            self.at += 1;
        }
    }

    fn comment(&mut self) {
        match self.long_bracket(self.at + 2) {
            Some(level) => {
                self.at += 2;
                self.end_of_long(level);
            }
            None => self.skip_while(|byte| byte != b'\n'),
        }
    }

    /// The number of equal signs of the long bracket, such as `[==[`, that stands there.
    fn long_bracket(&self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?.strip_prefix(b"[")?;
        let level = rest.iter().take_while(|byte| **byte == b'=').count();
        (rest.get(level) == Some(&b'[')).then_some(level)
    }

    /// Goes behind the long bracket that begins here, and gives its content's range.
    fn end_of_long(&mut self, level: usize) -> (usize, usize) {
        let start = self.at + level + 2;
        let close = format!("]{}]", "=".repeat(level));
        let end = self.text[start..].find(&close).map_or(self.text.len(), |length| start + length);
        self.at = (end + close.len()).min(self.text.len());
        (start, end)
    }

    fn long_text(&mut self) {
        let level = self.long_bracket(self.at).unwrap_or(0);
        let (start, end) = self.end_of_long(level);
        self.push(Kind::Text, start, end);
    }

    fn quoted(&mut self, quote: u8) {
        self.at += 1;
        let start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte == quote {
                break;
            }
            self.at += if byte == b'\\' { 2 } else { 1 };
        }
        self.end_piece(start);
        self.at = (self.at + 1).min(self.text.len());
    }

    /// A string with expressions in braces, whose tokens are code like any other.
    fn interpolated(&mut self) {
        self.at += 1;
        let mut start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'`' => break,
                b'\\' => self.at += 2,
                b'{' => {
                    self.end_piece(start);
                    self.at += 1;
                    self.code(Until::Brace);
                    self.at += 1;
                    start = self.at;
                }
                _ => self.at += 1,
            }
        }
        self.end_piece(start);
        self.at = (self.at + 1).min(self.text.len());
    }

    fn end_piece(&mut self, start: usize) {
        self.at = self.at.min(self.text.len());
        let start = start.min(self.at);
        // An escape may have ended within a character.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        if self.text.is_char_boundary(start) {
            self.push(Kind::Text, start, self.at);
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let mut last = 0;
        while let Some(&byte) = self.bytes.get(self.at) {
            let is_exponent_sign = matches!(byte, b'+' | b'-')
                && matches!(last, b'e' | b'E')
                && !self.text[start..].starts_with("0x");
            let is_range = byte == b'.' && self.starts_with("..");
            let is_part = byte == b'.' || byte == b'_' || byte.is_ascii_alphanumeric() || is_exponent_sign;
            if !is_part || is_range {
                break;
            }
            last = byte;
            self.at += 1;
        }
        self.push(Kind::Number, start, self.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(texts("a -- b c\n+ d --[==[ e\n]] ]==] f"), ["a", "+", "d", "f"]);
        assert_eq!(
            texts(r#"x = "a\"b" .. 'function f(' .. [[ end ]]"#),
            ["x", "=", "a\\\"b", "..", "function f(", "..", " end "]
        );
    }

    #[test]
    fn braces_of_interpolated_strings_hold_code() {
        assert_eq!(texts("`a {b .. {c}[1]} d`"), ["a ", "b", "..", "{", "c", "}", "[", "1", "]", " d"]);
    }

    #[test]
    fn numbers_end_where_operators_begin() {
        assert_eq!(
            texts("1..2 0xFF 1e-3 .5 a.b 1_000"),
            ["1", "..", "2", "0xFF", "1e-3", ".5", "a", ".", "b", "1_000"]
        );
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for text in ["\"abc", "`abc{d", "[[x", "--[[", "'é\\", "a\u{1F980}"] {
            let _ = tokens(text);
        }
    }
}
