//! The types that a script writes down: `number`, `string?`, `{number}`, `(number, string)`, `{h: number, k: string}`.

use polars::prelude::DataType;

use super::lexer::{Kind, Token};

/// A type, as far as a column can have it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Annotation {
    Number,
    /// A 64-bit integer.
    Integer,
    Text,
    Boolean,
    List(Box<Annotation>),
    /// A table with named fields.
    Record(Vec<(String, Annotation)>),
    /// Several values.
    Tuple(Vec<Annotation>),
    /// `nil`, or no value.
    Nil,
    /// Anything else.
    Other,
}

impl Annotation {
    /// The dtype of a column of such values, where it says one.
    pub(super) fn dtype(&self) -> Option<DataType> {
        match self {
            Self::Number => Some(DataType::Float64),
            Self::Integer => Some(DataType::Int64),
            Self::Text => Some(DataType::String),
            Self::Boolean => Some(DataType::Boolean),
            Self::List(item) => Some(DataType::List(Box::new(item.dtype()?))),
            Self::Record(_) | Self::Tuple(_) | Self::Nil | Self::Other => None,
        }
    }
}

/// Reads the type that begins at `at`, and goes behind it.
pub(super) fn annotation(tokens: &[Token<'_>], at: &mut usize) -> Annotation {
    let mut reader = Reader { tokens, at: *at };
    let found = reader.union();
    *at = reader.at;
    found
}

struct Reader<'a, 't> {
    tokens: &'a [Token<'t>],
    at: usize,
}

impl Reader<'_, '_> {
    fn next_is(&self, code: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is(code))
    }

    fn take(&mut self, code: &str) -> bool {
        let found = self.next_is(code);
        self.at += usize::from(found);
        found
    }

    /// Types with `|`, `&` and `?` between and behind them; nil says nothing of the others.
    fn union(&mut self) -> Annotation {
        self.take("|");
        let mut found = self.simple();
        loop {
            if self.take("?") {
                continue;
            }
            if self.take("|") {
                let other = self.simple();
                found = match (found, other) {
                    (found, Annotation::Nil) => found,
                    (Annotation::Nil, other) => other,
                    (found, other) if found == other => found,
                    _ => Annotation::Other,
                };
            } else if self.take("&") {
                self.simple();
                found = Annotation::Other;
            } else {
                return found;
            }
        }
    }

    fn simple(&mut self) -> Annotation {
        let Some(token) = self.tokens.get(self.at) else { return Annotation::Other };
        if self.take("{") {
            return self.table();
        }
        if self.take("(") {
            return self.parenthesis();
        }
        if self.take("...") {
            self.simple();
            return Annotation::Other;
        }
        self.at += 1;
        if token.kind != Kind::Name {
            return Annotation::Other;
        }
        if self.take(".") {
            self.at += 1;
            self.skip_generics();
            return Annotation::Other;
        }
        if token.text == "typeof" && self.take("(") {
            self.skip_to(")");
            return Annotation::Other;
        }
        let is_generic = self.skip_generics();
        match token.text {
            _ if is_generic => Annotation::Other,
            "number" => Annotation::Number,
            "integer" => Annotation::Integer,
            "string" => Annotation::Text,
            "boolean" => Annotation::Boolean,
            "nil" => Annotation::Nil,
            _ => Annotation::Other,
        }
    }

    /// `{number}`, `{h: number, k: string}` or `{[string]: number}`, behind the brace.
    fn table(&mut self) -> Annotation {
        let mut fields = Vec::new();
        let mut other = false;
        while self.at < self.tokens.len() && !self.take("}") {
            let is_field = self.tokens.get(self.at).is_some_and(|token| token.kind == Kind::Name)
                && self.tokens.get(self.at + 1).is_some_and(|token| token.is(":"));
            if is_field {
                let name = self.tokens[self.at].text.to_owned();
                self.at += 2;
                fields.push((name, self.union()));
            } else if self.take("[") {
                self.union();
                self.take("]");
                self.take(":");
                self.union();
                other = true;
            } else {
                let item = self.union();
                if self.take("}") && fields.is_empty() && !other {
                    return Annotation::List(Box::new(item));
                }
                other = true;
            }
            let _ = self.take(",") || self.take(";");
        }
        if other { Annotation::Other } else { Annotation::Record(fields) }
    }

    /// `()`, `(number, string)` or the parameters of a function's type, behind the parenthesis.
    fn parenthesis(&mut self) -> Annotation {
        let mut values = Vec::new();
        while self.at < self.tokens.len() && !self.take(")") {
            // The values of a function's type may be named.
            if self.tokens.get(self.at + 1).is_some_and(|token| token.is(":")) {
                self.at += 2;
            }
            values.push(self.union());
            self.take(",");
        }
        if self.take("->") {
            self.union();
            return Annotation::Other;
        }
        match values.len() {
            0 => Annotation::Nil,
            1 => values.remove(0),
            _ => Annotation::Tuple(values),
        }
    }

    fn skip_generics(&mut self) -> bool {
        let found = self.take("<");
        if found {
            self.skip_to(">");
        }
        found
    }

    /// Goes behind the bracket that closes the one before.
    fn skip_to(&mut self, close: &str) {
        let mut depth = 1;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            depth += i32::from(["(", "{", "[", "<"].iter().any(|open| token.is(open)));
            depth -= i32::from([")", "}", "]", ">"].iter().any(|close| token.is(close)));
            if depth == 0 && token.is(close) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    #[test]
    fn types_of_columns() {
        let cases = [
            ("number", Some(DataType::Float64)),
            ("number?", Some(DataType::Float64)),
            ("nil | string", Some(DataType::String)),
            ("boolean)", Some(DataType::Boolean)),
            ("integer", Some(DataType::Int64)),
            ("{number}", Some(DataType::List(Box::new(DataType::Float64)))),
            ("{ {string} }", Some(DataType::List(Box::new(DataType::List(Box::new(DataType::String)))))),
            ("(number)", Some(DataType::Float64)),
            ("number | string", None),
            ("{[string]: number}", None),
            ("(number) -> string", None),
            ("Array<number>", None),
            ("any", None),
        ];
        for (text, dtype) in cases {
            let tokens = tokens(text);
            assert_eq!(annotation(&tokens, &mut 0).dtype(), dtype, "{text}");
        }
    }

    #[test]
    fn several_values() {
        let found = |text: &str| annotation(&tokens(text), &mut 0);
        assert_eq!(found("(number, string?)"), Annotation::Tuple(vec![Annotation::Number, Annotation::Text]));
        let fields = vec![("h".to_owned(), Annotation::Number), ("k".to_owned(), Annotation::Text)];
        assert_eq!(found("{h: number, k: string}"), Annotation::Record(fields));
    }
}
