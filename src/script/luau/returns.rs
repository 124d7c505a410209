//! How many values the functions of a script may return.

use super::driver::is_keyword;
use super::lexer::{Kind, Token};

/// Libraries whose functions give one value, but for [`SEVERAL`] of them.
const SINGLE: [&str; 7] = ["bit32", "buffer", "integer", "math", "parrow", "string", "table"];

/// What those libraries have that gives several values.
const SEVERAL: [&str; 7] = ["byte", "find", "frexp", "gsub", "match", "modf", "unpack"];

/// Functions of Luau itself that give one value.
const SINGLE_GLOBALS: [&str; 5] = ["rawlen", "tonumber", "tostring", "type", "typeof"];

/// How many values the functions of a script return at most, as far as its text shows: `usize::MAX` where one returns all
/// that another gives, such as `string.find`.
pub(super) fn most_values(tokens: &[Token<'_>]) -> usize {
    let is_return = |token: &Token<'_>| token.kind == Kind::Name && token.text == "return";
    let returns = tokens.iter().enumerate().filter(|(_, token)| is_return(token));
    let counts = returns.map(|(at, _)| {
        let (n_values, list) = values(&tokens[at + 1..]);
        if is_open(list, tokens) { usize::MAX } else { n_values }
    });
    counts.max().unwrap_or(0)
}

/// How many values stand behind a `return`, and the tokens that they are made of.
fn values<'s, 't>(tokens: &'s [Token<'t>]) -> (usize, &'s [Token<'t>]) {
    let mut depth = 0;
    let mut n_commas = 0;
    // Conditions that are values, and have an `else` to come.
    let mut n_conditions = 0;
    let mut end = tokens.len();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Symbol {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                "," if depth == 0 => n_commas += 1,
                ";" if depth == 0 => depth = -1,
                _ => {}
            }
        } else if depth == 0 && token.kind == Kind::Name {
            match token.text {
                "end" | "until" | "return" => depth = -1,
                "if" => n_conditions += 1,
                "else" if n_conditions > 0 => n_conditions -= 1,
                "else" => depth = -1,
                "elseif" if n_conditions == 0 => depth = -1,
                _ => {}
            }
        }
        if depth < 0 {
            end = at;
            break;
        }
    }
    (n_commas + 1, &tokens[..end])
}

/// Whether the last of these values stands for as many as a function gives that is not known to give one. A function of
/// the script's own has its own `return`.
fn is_open(list: &[Token<'_>], script: &[Token<'_>]) -> bool {
    let Some(last) = list.len().checked_sub(1) else { return false };
    let argument = match list[last].text {
        "..." if list[last].kind == Kind::Symbol => return true,
        ")" | "}" if list[last].kind == Kind::Symbol => opening(list, last),
        _ if list[last].kind == Kind::Text => last,
        _ => return false,
    };
    if !is_callable(list, argument) {
        return false;
    }
    let start = callee(list, argument);
    let is_alone = start == 0 || list[start - 1].is(",");
    is_alone && !gives_one(&list[start..argument], script)
}

/// Whether something that can be called, or indexed, ends before `at`.
fn is_callable(list: &[Token<'_>], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| {
        let before = &list[before];
        before.is(")")
            || before.is("]")
            || before.kind == Kind::Text
            || (before.kind == Kind::Name && !is_keyword(before.text))
    })
}

/// Where the function begins whose arguments begin at `argument`.
fn callee(list: &[Token<'_>], argument: usize) -> usize {
    let mut start = argument;
    while is_callable(list, start) {
        start -= 1;
        if list[start].is(")") || list[start].is("]") {
            start = opening(list, start);
        } else if start > 0 && (list[start - 1].is(".") || list[start - 1].is(":")) {
            start -= 1;
        } else if list[start].kind == Kind::Name {
            break;
        }
    }
    start
}

/// The bracket that opens what ends at `close`.
fn opening(list: &[Token<'_>], close: usize) -> usize {
    let mut depth = 0;
    for at in (0..=close).rev() {
        let is_any = |brackets: [&str; 3]| brackets.iter().any(|bracket| list[at].is(bracket));
        depth += i32::from(is_any([")", "]", "}"]));
        depth -= i32::from(is_any(["(", "[", "{"]));
        if depth == 0 {
            return at;
        }
    }
    0
}

/// Whether a function, as it is called, is known to give one value, or has a `return` of its own in the script.
fn gives_one(callee: &[Token<'_>], script: &[Token<'_>]) -> bool {
    match callee {
        [name] => SINGLE_GLOBALS.contains(&name.text) || is_defined(name.text, script),
        [library, dot, name] if dot.is(".") => {
            SINGLE.contains(&library.text) && !SEVERAL.contains(&name.text)
        }
        _ => false,
    }
}

/// Whether the script has `function name` or `name = function`.
fn is_defined(name: &str, script: &[Token<'_>]) -> bool {
    script.windows(2).any(|pair| pair[0].is("function") && pair[1].text == name)
        || script.windows(3).any(|pair| pair[0].text == name && pair[1].is("=") && pair[2].is("function"))
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    #[test]
    fn values_are_counted_by_their_commas() {
        let cases = [
            ("return math.max(a, b)", 1),
            ("return {1, 2}, a[f(1, 2)]", 2),
            ("if x then return 1 else return 1, 2, 3 end local a, b, c, d = 1", 3),
            ("x = 1, 2", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(most_values(&tokens(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_call_at_the_end_may_give_any_number_of_values() {
        for text in [
            "return string.find(s, 'a')",
            "return s:gsub('a', 'b')",
            "if a then return s:match('(a)(b)') else x = 1 end",
            "return 1, g(x)",
            "return g{x}",
            "return g'x'",
            "return t.a[1](x)",
            "return ('x'):find('x')",
            "return f(x)(y)",
            "return ...",
            "return table.unpack(t);",
        ] {
            assert_eq!(most_values(&tokens(text)), usize::MAX, "{text}");
        }
    }

    #[test]
    fn a_call_within_a_value_gives_one() {
        for text in [
            "return (string.find(s, 'a'))",
            "return 1 + g(x)",
            "return not g(x)",
            "return if a then g(x) else g(y)",
            "if a then return x else g(x) end",
            "if a then return x elseif g(x) then y = 1 end",
            "return math.sqrt(a) + tonumber(s)",
            "return tostring(a)",
            "local function g(x) return x end return g(x)",
            "g = function(x) return x end return g(x)",
            "return {g(x)}",
            "return function() g(x) end",
            "return x, 'text'",
        ] {
            assert!(most_values(&tokens(text)) <= 2, "{text}");
        }
    }
}
