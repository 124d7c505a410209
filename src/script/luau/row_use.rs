//! What a script reads of the row that it is given, and how.

use std::collections::BTreeSet;
use std::ops::Range;

use super::driver::{ROW, is_keyword};
use super::lexer::{Kind, Token};

/// The cells that a script reads by the parameter `row`.
#[derive(Debug, Default)]
pub(super) struct RowUse {
    /// `row.a`, `row["a"]`.
    pub(super) names: BTreeSet<String>,
    /// `row[1]`.
    pub(super) positions: BTreeSet<usize>,
    /// `row.values`.
    pub(super) values: bool,
    /// Whether it reads other cells than these: `row[name]`, or the row is handed on.
    pub(super) others: bool,
    /// Whether the row is handed on, as in `local r = row` or `g(row)`. Then every row is a table of its own that nobody can
    /// change; else one table is filled again for each row.
    pub(super) is_handed_on: bool,
    /// Whether its values are handed on, as in `local v = row.values`.
    pub(super) are_values_handed_on: bool,
    /// What is assigned to, which nothing of the row may be.
    pub(super) assigned: Option<String>,
    /// The places where it is read, which are not looked at where it is handed on.
    pub(super) places: Vec<Place>,
}

/// A place of a script that reads the row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) range: Range<usize>,
    pub(super) read: Read,
}

/// How a place reads the row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Read {
    /// `#row`, `#row.values`.
    Length,
    /// `row.a`, `row[i]`: the name as a literal, or the code between the brackets, with [`LENGTH`] for `#row`.
    Cell(String),
    /// A cell, in a place that nothing can be put around.
    Unknown,
    /// The place behind `row.values` in `unpack(row.values)`, where the range that is unpacked belongs.
    Unpacked,
}

impl RowUse {
    /// Looks at a script, with its tokens.
    pub(super) fn new(text: &str, tokens: &[Token<'_>]) -> Self {
        let mut found = Self::default();
        let mut n_parameters = 0;
        let mut has_namesake = false;
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            let is_field = before.is_some_and(|token| token.is(".") || token.is(":"));
            if token.kind != Kind::Name || token.text != ROW || is_field {
                continue;
            }
            // Another table is called so, too: what is done to that one says nothing of the row.
            has_namesake |= before.is_some_and(|token| token.is("local"));
            if is_parameter(tokens, at) {
                n_parameters += 1;
            } else {
                found.add(text, tokens, at);
            }
        }
        let is_read_alone = found.places.iter().all(|place| place.read != Read::Unknown);
        found.is_handed_on |= has_namesake || n_parameters > 1 || (found.needs_all() && !is_read_alone);
        if found.is_handed_on {
            // The row refuses what is assigned to it, and other tables may be called as it is.
            found.assigned = None;
            found.others = true;
            // By another name, too.
            let is_values = |pair: &[Token<'_>]| pair[0].is(".") && pair[1].text == VALUES;
            found.values |= tokens.windows(2).any(is_values);
        }
        found
    }

    /// Whether every column is read.
    pub(super) fn needs_all(&self) -> bool {
        self.values || self.others
    }

    /// Looks at the place `at` where the row is named.
    fn add(&mut self, text: &str, tokens: &[Token<'_>], at: usize) {
        let is = |at: usize, code: &str| tokens.get(at).is_some_and(|token| token.is(code));
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let length = before.filter(|token| token.is("#"));
        let range = |end: usize| before_or(length, &tokens[at]).start..end_of(&tokens[end - 1]);
        if is(at + 1, ".")
            && let Some(name) = tokens.get(at + 2).filter(|token| token.kind == Kind::Name)
        {
            if name.text == VALUES {
                self.add_values(text, tokens, at);
                return;
            }
            self.names.insert(name.text.to_owned());
            self.check_assigned(tokens, at, at + 3);
            self.add_cell(text, tokens, at..at + 3, format!("\"{}\"", name.text));
            return;
        }
        if is(at + 1, "[")
            && let Some(close) = closing(tokens, at + 1)
        {
            self.check_assigned(tokens, at, close + 1);
            let code = end_of(&tokens[at + 1])..tokens[close].start;
            let key = &text[code.clone()];
            let inner = &tokens[at + 2..close];
            match inner {
                [name] if name.kind == Kind::Text && !name.text.contains('\\') && !key.contains('`') => {
                    self.names.insert(name.text.to_owned());
                }
                [number] if number.kind == Kind::Number && number.text.parse::<usize>().is_ok() => {
                    self.positions.extend(number.text.parse::<usize>());
                }
                _ => {
                    self.others = true;
                    if !is_plain(key, inner) {
                        self.is_handed_on = true;
                    }
                }
            }
            self.add_cell(text, tokens, at..close + 1, with_lengths(text, code, inner));
            return;
        }
        match length {
            Some(_) if !is_suffix(tokens.get(at + 1)) => {
                self.places.push(Place { range: range(at + 1), read: Read::Length });
            }
            _ => self.is_handed_on = true,
        }
    }

    /// The cell that these of the tokens read.
    fn add_cell(&mut self, text: &str, tokens: &[Token<'_>], of: Range<usize>, key: String) {
        let range = tokens[of.start].start..end_of(&tokens[of.end - 1]);
        if is_assigned(tokens, of.end) {
            return;
        }
        if is_value(text, tokens, of.clone()) {
            self.places.push(Place { range, read: Read::Cell(key) });
        } else if tokens.get(of.end).is_some_and(|token| token.is(","))
            || tokens[..of.start].last().is_some_and(|token| token.is("function"))
        {
            // Perhaps the first of several that are assigned to, or a function that is put into the row.
            self.is_handed_on = true;
        } else {
            self.places.push(Place { range, read: Read::Unknown });
        }
    }

    /// `row.values`, where the row is named at `at`.
    fn add_values(&mut self, text: &str, tokens: &[Token<'_>], at: usize) {
        self.values = true;
        let is = |at: usize, code: &str| tokens.get(at).is_some_and(|token| token.is(code));
        let before = |n: usize| at.checked_sub(n).map(|at| &tokens[at]);
        let is_before = |n: usize, code: &str| before(n).is_some_and(|token| token.is(code));
        let end = at + 3;
        if is(end, "[")
            && let Some(close) = closing(tokens, end)
        {
            self.check_assigned(tokens, at, close + 1);
            self.are_values_handed_on |= !is_value(text, tokens, at..close + 1);
        } else if is_before(1, "#") && !is_suffix(tokens.get(end)) {
            let range = tokens[at - 1].start..end_of(&tokens[end - 1]);
            self.places.push(Place { range, read: Read::Length });
        } else if is_before(1, "(") && is_before(2, "unpack") && is(end, ")") {
            let is_global = !is_before(3, ".") && !is_before(3, ":") && !is_before(3, "function");
            let is_of_table = is_before(3, ".") && is_before(4, "table");
            let behind = end_of(&tokens[end - 1]);
            match is_global || is_of_table {
                true => self.places.push(Place { range: behind..behind, read: Read::Unpacked }),
                false => self.are_values_handed_on = true,
            }
        } else if !(is_before(1, "in") && is(end, "do")) {
            self.are_values_handed_on = true;
            self.check_assigned(tokens, at, end);
        }
    }

    /// Notes that what the tokens from `at` up to `end` name is assigned to.
    fn check_assigned(&mut self, tokens: &[Token<'_>], at: usize, end: usize) {
        if is_assigned(tokens, end) {
            let code: Vec<&str> = tokens[at..end].iter().map(|token| token.text).collect();
            self.assigned = Some(code.concat());
        }
    }
}

/// Stands for `#row` in the code of a key.
pub(super) const LENGTH: char = '\0';

/// The code of a key, whose tokens these are.
fn with_lengths(text: &str, code: Range<usize>, tokens: &[Token<'_>]) -> String {
    let mut key = String::new();
    let mut from = code.start;
    for pair in tokens.windows(2).filter(|pair| pair[0].is("#") && pair[1].is(ROW)) {
        key += &text[from..pair[0].start];
        key.push(LENGTH);
        from = end_of(&pair[1]);
    }
    key + &text[from..code.end]
}

/// The key of the row's values.
pub(super) const VALUES: &str = "values";

/// Whether what ends before `end` is assigned to.
fn is_assigned(tokens: &[Token<'_>], end: usize) -> bool {
    let assigns = ["=", "+=", "-=", "*=", "/=", "//=", "%=", "^=", "..="];
    assigns.iter().any(|assign| tokens.get(end).is_some_and(|token| token.is(assign)))
}

fn before_or<'a, 't>(before: Option<&'a Token<'t>>, token: &'a Token<'t>) -> &'a Token<'t> {
    before.unwrap_or(token)
}

/// Where a name, a number or a symbol ends.
fn end_of(token: &Token<'_>) -> usize {
    token.start + token.text.len()
}

/// The bracket that closes the one at `open`.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        let is_any = |brackets: [&str; 3]| brackets.iter().any(|bracket| token.is(bracket));
        depth += i32::from(is_any(["(", "[", "{"]));
        depth -= i32::from(is_any([")", "]", "}"]));
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Whether code may be run twice, and stands on one line: names, numbers and what is calculated with them.
fn is_plain(code: &str, tokens: &[Token<'_>]) -> bool {
    const SYMBOLS: [&str; 13] = ["+", "-", "*", "/", "//", "%", "^", "..", "#", ".", "[", "]", ")"];
    let is_known = |(at, token): (usize, &Token<'_>)| {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        match token.kind {
            Kind::Symbol if token.text == "(" => before.is_none_or(|before| !is_suffixed(before)),
            Kind::Symbol => SYMBOLS.contains(&token.text),
            Kind::Name if token.text == ROW => {
                before.is_some_and(|before| before.is("#")) && !is_suffix(tokens.get(at + 1))
            }
            Kind::Name => !is_keyword(token.text),
            Kind::Number => true,
            Kind::Text => false,
        }
    };
    !tokens.is_empty()
        && !code.contains(['\n', '`'])
        && !code.contains("--")
        && tokens.iter().enumerate().all(is_known)
}

/// Whether a call or an index may follow this.
fn is_suffixed(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Name => !is_keyword(token.text),
        Kind::Number | Kind::Text => true,
        Kind::Symbol => matches!(token.text, ")" | "]" | "}" | "..."),
    }
}

/// Whether what stands before this is called or indexed by it.
fn is_suffix(token: Option<&Token<'_>>) -> bool {
    token.is_some_and(|token| {
        token.kind == Kind::Text || ["(", "[", "{", ".", ":", "::"].iter().any(|code| token.is(code))
    })
}

/// Whether these of the tokens are a value that is read, and neither what a statement begins with nor something that is called.
fn is_value(text: &str, tokens: &[Token<'_>], of: Range<usize>) -> bool {
    let before = of.start.checked_sub(1).map(|before| &tokens[before]);
    let behind = tokens.get(of.end);
    let Some(before) = before else { return false };
    if before.kind == Kind::Text {
        // The piece of an interpolated string, whose braces are no tokens.
        return text[end_of(before)..tokens[of.start].start].contains('{');
    }
    if behind.is_some_and(|token| token.kind == Kind::Text || token.is("(") || token.is("{")) {
        return false;
    }
    match before.kind {
        Kind::Name => match before.text {
            "return" | "and" | "or" | "not" | "if" | "elseif" | "while" | "until" | "in" => true,
            // The value of a condition that is one, or the beginning of a statement.
            "then" | "else" => {
                !is_suffix(behind) && !behind.is_some_and(|token| token.is(",") || token.is("="))
            }
            _ => false,
        },
        Kind::Symbol => !matches!(before.text, ")" | "]" | "}" | ";" | "..." | "." | ":" | "::"),
        Kind::Number | Kind::Text => false,
    }
}

/// Whether the name at `at` stands between the parentheses of a function's parameters.
fn is_parameter(tokens: &[Token<'_>], at: usize) -> bool {
    let mut back = at;
    while let Some(before) = back.checked_sub(1) {
        let token = &tokens[before];
        if token.is("(") {
            let is_function = |at: usize| tokens.get(at).is_some_and(|token| token.is("function"));
            return before.checked_sub(1).is_some_and(is_function)
                || (before >= 2 && tokens[before - 1].kind == Kind::Name && is_function(before - 2));
        }
        if !(token.is(",") || token.is(":") || token.is("?") || token.kind == Kind::Name) {
            return false;
        }
        back = before;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn row_use(text: &str) -> RowUse {
        RowUse::new(text, &tokens(text))
    }

    /// The script with its places in brackets.
    fn marked(text: &str) -> String {
        let mut marked = String::new();
        let mut from = 0;
        for Place { range, read } in row_use(text).places {
            let read = match read {
                Read::Length => "length".to_owned(),
                Read::Cell(key) => format!("cell {key}"),
                Read::Unknown => "unknown".to_owned(),
                Read::Unpacked => "unpacked".to_owned(),
            };
            if range.start < from {
                continue;
            }
            marked += &format!("{}<{}: {read}>", &text[from..range.start], &text[range.clone()]);
            from = range.end;
        }
        marked + &text[from..]
    }

    #[test]
    fn cells_that_are_named_are_found() {
        let text = "function f(row) return row.a + row['two words'] + row[3] + #row + x.row end";
        let found = row_use(text);
        assert_eq!(found.names.iter().collect::<Vec<_>>(), ["a", "two words"]);
        assert_eq!(found.positions.iter().collect::<Vec<_>>(), [&3]);
        assert!(!found.needs_all() && found.assigned.is_none() && !found.is_handed_on);
    }

    #[test]
    fn places_that_read_the_row_are_found() {
        for (text, expected) in [
            ("for i = 1, #row do n += row[i] end", "for i = 1, <#row: length> do n += <row[i]: cell i> end"),
            ("return #row.a, #row.values", "return #<row.a: cell \"a\">, <#row.values: length>"),
            ("return -row[#row - i]", "return -<row[#row - i]: cell \0 - i>"),
            (
                "if row.a then return `{row.a} b` end",
                "if <row.a: cell \"a\"> then return `{<row.a: cell \"a\">} b` end",
            ),
            (
                "x = if row[1] then row[2] else row[3]",
                "x = if <row[1]: cell 1> then <row[2]: cell 2> else <row[3]: cell 3>",
            ),
            ("math.max(table.unpack(row.values))", "math.max(table.unpack(row.values<: unpacked>))"),
            ("f(x) row.a:upper()", "f(x) <row.a: unknown>:upper()"),
        ] {
            assert!(!row_use(text).is_handed_on, "{text}");
            assert_eq!(marked(text), expected);
        }
    }

    #[test]
    fn a_row_that_is_handed_on_may_be_read_anywhere() {
        for text in [
            "local r = row",
            "g(row)",
            "row[f(name)]",
            "row[row[1]]",
            "row[i] + row[#row[i]]",
            "row[a\n+ b]",
            "for k, v in row do end",
            "row[1], x = 1, 2",
            "if a then row[1], x = 1, 2 end",
            "for _, row in rows do row.n = 1 end",
            "function f(row) local function g(row) return row.a end return row.b end",
            "f(x) row.a:upper() x = row[i]",
        ] {
            let found = row_use(text);
            assert!(found.others && found.is_handed_on && found.assigned.is_none(), "{text}");
        }
        for text in ["for _, v in row.values do end", "return row.values[3]", "f(unpack(row.values))"] {
            let found = row_use(text);
            assert!(found.values && !found.is_handed_on && !found.are_values_handed_on, "{text}");
        }
        for text in ["local v = row.values", "table.sort(row.values)", "x.unpack(row.values)"] {
            let found = row_use(text);
            assert!(!found.is_handed_on && found.are_values_handed_on, "{text}");
        }
    }

    #[test]
    fn a_local_table_of_the_same_name_is_not_the_row() {
        let found = row_use(
            "function g() local row = {} row.b = 1 return row end function f(row) return row.a + g().b end",
        );
        assert!(found.others && found.is_handed_on && found.assigned.is_none());
    }

    #[test]
    fn assignments_are_found() {
        for (text, assigned) in [
            ("row.a = 1", "row.a"),
            ("row[i] = 1", "row[i]"),
            ("x, row[1] = 1, 2", "row[1]"),
            ("row.values[1] += 1", "row.values[1]"),
            ("row.values = 1", "row.values"),
        ] {
            assert_eq!(row_use(text).assigned.as_deref(), Some(assigned));
        }
        assert_eq!(row_use("return row.a == 1").assigned, None);
    }
}
