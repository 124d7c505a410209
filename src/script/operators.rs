//! How deep an expression may be.

/// The most operators of an expression. Each may be one level deeper, and the engine takes up to 4 kB of a thread's stack a
/// level: a chain of more than 600 has been seen to run over the two MiB of a thread.
pub(super) const MOST_OPERATORS: usize = 400;

const WORDS: [&str; 8] = ["AND", "OR", "NOT", "WHEN", "LIKE", "IS", "IN", "BETWEEN"];

/// How many operators there are in a text of SQL, which is at least how deep its expression is, save for brackets, of which the
/// parser takes about fifty within each other.
pub(super) fn n_operators(text: &str) -> usize {
    let mut n_operators = 0;
    let mut quote = None;
    let mut before = ' ';
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if quote.is_some() {
            quote = quote.filter(|open| *open != character);
            continue;
        }
        if character.is_alphanumeric() || character == '_' {
            word.push(character);
            continue;
        }
        n_operators += usize::from(WORDS.iter().any(|operator| operator.eq_ignore_ascii_case(&word)));
        before = if word.is_empty() { before } else { 'w' };
        word.clear();
        match character {
            '\'' | '"' => {
                quote = Some(character);
                before = 'w';
            }
            character if character.is_whitespace() => {}
            // Those of two characters count once, and a sign of a number does not.
            '+' | '-' | '*' | '/' | '%' | '|' | '&' | '^' | '<' | '>' | '=' | '!' | '~' => {
                n_operators += usize::from(before == 'w' || before == ')');
                before = character;
            }
            _ => before = character,
        }
    }
    n_operators
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_counted() {
        for (text, n_wanted) in [
            ("", 0),
            ("a", 0),
            ("a + b AS total", 1),
            ("a+-1", 1),
            ("x IN (1, -2, -3)", 1),
            ("'a + b' || \"c*d\" <> 'it''s - this'", 2),
            ("a >= 1 AND NOT (b is null or c like '%x%')", 6),
            // A sign behind a word might be an operator.
            ("CASE WHEN a = 1 THEN -1 WHEN a = 2 THEN +2 END", 6),
            ("(a) - (b) - 5", 2),
        ] {
            assert_eq!(n_operators(text), n_wanted, "{text}");
        }
    }
}
