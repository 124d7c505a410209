//! What a script reads of the row that it is given.

use std::collections::BTreeSet;

use super::driver::ROW;
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
    /// What is assigned to, which nothing of the row may be.
    pub(super) assigned: Option<String>,
    /// Whether something else is called as the row is.
    has_namesake: bool,
}

impl RowUse {
    /// Looks at the tokens of a script.
    pub(super) fn new(tokens: &[Token<'_>]) -> Self {
        let mut found = Self::default();
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            let is_field = before.is_some_and(|token| token.is(".") || token.is(":"));
            if token.kind == Kind::Name && token.text == ROW && !is_field {
                found.add(&tokens[at..], before, is_parameter(tokens, at));
                // Another table is called so, too: what is done to that one says nothing of the row.
                found.has_namesake |= before.is_some_and(|token| token.is("local"));
            }
        }
        if found.has_namesake {
            found.others = true;
            found.assigned = None;
        }
        found
    }

    /// Whether every column is read.
    pub(super) fn needs_all(&self) -> bool {
        self.values || self.others
    }

    /// Looks at one place where the row is named; `tokens` begin there.
    fn add(&mut self, tokens: &[Token<'_>], before: Option<&Token<'_>>, is_parameter: bool) {
        let is = |at: usize, code: &str| tokens.get(at).is_some_and(|token: &Token<'_>| token.is(code));
        let (cell, end) = if is(1, ".") {
            (tokens.get(2), 3)
        } else if is(1, "[") && is(3, "]") {
            (tokens.get(2), 4)
        } else {
            let is_length = before.is_some_and(|token| token.is("#")) && !is(1, "[") && !is(1, ":");
            self.others |= !is_parameter && !is_length;
            return;
        };
        let Some(cell) = cell else { return };
        match (cell.kind, cell.text.parse()) {
            (Kind::Name, _) if is(1, ".") && cell.text == "values" => self.values = true,
            (Kind::Name, _) if is(1, ".") => {
                self.names.insert(cell.text.to_owned());
            }
            (Kind::Text, _) if !cell.text.contains('\\') => {
                self.names.insert(cell.text.to_owned());
            }
            (Kind::Number, Ok(position)) => {
                self.positions.insert(position);
            }
            _ => self.others = true,
        }
        let assigns = ["=", "+=", "-=", "*=", "/=", "//=", "%=", "^=", "..="];
        // Of `row.values[1]` it is the last bracket that counts.
        let end = if cell.text == "values" && is(end, "[") && is(end + 2, "]") { end + 3 } else { end };
        if assigns.iter().any(|assign| is(end, assign)) {
            let code: Vec<&str> = tokens[..end].iter().map(|token| token.text).collect();
            self.assigned = Some(code.concat());
        }
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

    #[test]
    fn cells_that_are_named_are_found() {
        let found = RowUse::new(&tokens(
            "function f(row) return row.a + row['two words'] + row[3] + #row + x.row end",
        ));
        assert_eq!(found.names.iter().collect::<Vec<_>>(), ["a", "two words"]);
        assert_eq!(found.positions.iter().collect::<Vec<_>>(), [&3]);
        assert!(!found.needs_all() && found.assigned.is_none());
    }

    #[test]
    fn a_row_that_is_handed_on_may_be_read_anywhere() {
        for text in
            ["local r = row", "g(row)", "row[name]", "for k, v in row do end", "#row[1 + 1]", "row[1.5]"]
        {
            assert!(RowUse::new(&tokens(text)).others, "{text}");
        }
        assert!(RowUse::new(&tokens("for _, v in row.values do end")).values);
    }

    #[test]
    fn a_local_table_of_the_same_name_is_not_the_row() {
        let found = RowUse::new(&tokens(
            "function g() local row = {} row.b = 1 return row end function f(row) return row.a + g().b end",
        ));
        assert!(found.others && found.assigned.is_none());
    }

    #[test]
    fn assignments_are_found() {
        assert_eq!(RowUse::new(&tokens("row.a = 1")).assigned.as_deref(), Some("row.a"));
        assert_eq!(RowUse::new(&tokens("row.values[1] += 1")).assigned.as_deref(), Some("row.values[1]"));
        assert_eq!(RowUse::new(&tokens("return row.a == 1")).assigned, None);
    }
}
