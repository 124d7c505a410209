//! The functions that a script defines, and what their parameters are called.

use super::annotation::{Annotation, annotation};
use super::lexer::{Kind, Token};

/// A function that stands at the top level of a script: `function hypot(a, b)`, `local function …`, `hypot = function(…)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) parameters: Vec<Named>,
    /// Whether it takes `...`, too.
    pub(super) is_variadic: bool,
    pub(super) returns: Option<Annotation>,
    /// Where the word `function` stands.
    pub(super) start: usize,
    pub(super) scope: Scope,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) annotation: Option<Annotation>,
}

/// How a function is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// `function f()`.
    Global,
    /// `local function f()`, `f = function()`.
    Other,
}

/// What stands at the top level of a script.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) definitions: Vec<Definition>,
    /// Whether the script returns something.
    pub(super) returns: bool,
}

/// What is open where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// Something that `end` closes, or `until`.
    Block,
    /// An `if` of which no `then` has been seen.
    Condition(If),
    /// An `if` that is an expression, up to its `else`.
    Expression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum If {
    Statement,
    Expression,
}

/// Finds what a script defines at its top level.
pub(super) fn outline(tokens: &[Token<'_>]) -> Outline {
    let mut found = Outline::default();
    let mut open: Vec<Open> = Vec::new();
    // Whether an expression is to follow the `then` or `else` before.
    let mut expects_value = false;
    let mut n_brackets = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        if token.kind == Kind::Symbol {
            match token.text {
                "(" | "{" | "[" => n_brackets += 1,
                ")" | "}" | "]" => n_brackets = n_brackets.saturating_sub(1),
                _ => {}
            }
        }
        if token.kind != Kind::Name || before.is_some_and(|token| token.is(".") || token.is(":")) {
            continue;
        }
        match token.text {
            "function" => {
                if open.is_empty()
                    && n_brackets == 0
                    && let Some(definition) = definition(tokens, at)
                {
                    found.definitions.push(definition);
                }
                open.push(Open::Block);
            }
            "do" | "repeat" => open.push(Open::Block),
            "end" | "until" => while open.pop().is_some_and(|open| open != Open::Block) {},
            "if" => {
                let kind = if is_value(before, expects_value) { If::Expression } else { If::Statement };
                open.push(Open::Condition(kind));
            }
            "elseif" if open.last() == Some(&Open::Expression) => {
                open.pop();
                open.push(Open::Condition(If::Expression));
            }
            "then" => match open.last() {
                Some(Open::Condition(If::Statement)) => {
                    open.pop();
                    open.push(Open::Block);
                    expects_value = false;
                }
                Some(Open::Condition(If::Expression)) => {
                    open.pop();
                    open.push(Open::Expression);
                    expects_value = true;
                }
                // Of an `elseif` of a statement.
                _ => expects_value = false,
            },
            "else" => {
                expects_value = open.last() == Some(&Open::Expression);
                if expects_value {
                    open.pop();
                }
            }
            "return" => found.returns |= open.is_empty(),
            _ => {}
        }
    }
    found
}

/// Whether what follows `before` is a value and not a statement.
fn is_value(before: Option<&Token<'_>>, expects_value: bool) -> bool {
    let Some(before) = before else { return false };
    match before.kind {
        Kind::Number | Kind::Text => false,
        Kind::Name => match before.text {
            "then" | "else" => expects_value,
            "return" | "and" | "or" | "not" | "if" | "elseif" | "while" | "until" | "in" => true,
            _ => false,
        },
        Kind::Symbol => !matches!(before.text, ")" | "]" | "}" | ";"),
    }
}

/// The function whose word `function` stands at `at`, where it has a name of its own.
fn definition(tokens: &[Token<'_>], at: usize) -> Option<Definition> {
    let is_name = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Name);
    let is =
        |at: Option<usize>, code: &str| at.and_then(|at| tokens.get(at)).is_some_and(|token| token.is(code));
    let (name, mut next, scope) = if is_name(at + 1) {
        let is_local = is(at.checked_sub(1), "local");
        (at + 1, at + 2, if is_local { Scope::Other } else { Scope::Global })
    } else if is(at.checked_sub(1), "=") && at >= 2 && is_name(at - 2) {
        let is_field = is(at.checked_sub(3), ".") || is(at.checked_sub(3), ",");
        if is_field {
            return None;
        }
        (at - 2, at + 1, Scope::Other)
    } else {
        return None;
    };
    if is(Some(next), "<") {
        while tokens.get(next).is_some_and(|token| !token.is(">")) {
            next += 1;
        }
        next += 1;
    }
    if !is(Some(next), "(") {
        return None;
    }
    let mut at_token = next + 1;
    let (parameters, is_variadic) = parameters(tokens, &mut at_token);
    let returns = tokens.get(at_token).is_some_and(|token| token.is(":")).then(|| {
        at_token += 1;
        annotation(tokens, &mut at_token)
    });
    let name = tokens[name].text.to_owned();
    Some(Definition { name, parameters, is_variadic, returns, start: tokens[at].start, scope })
}

/// The parameters, from behind the parenthesis that opens to behind the one that closes.
fn parameters(tokens: &[Token<'_>], at: &mut usize) -> (Vec<Named>, bool) {
    let mut found = Vec::new();
    let mut is_variadic = false;
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        if token.is(")") {
            break;
        }
        is_variadic |= token.is("...");
        let mut annotated = None;
        if tokens.get(*at).is_some_and(|token| token.is(":")) {
            *at += 1;
            annotated = Some(annotation(tokens, at));
        }
        if token.kind == Kind::Name {
            found.push(Named { name: token.text.to_owned(), annotation: annotated });
        }
    }
    (found, is_variadic)
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn names(text: &str) -> Vec<String> {
        outline(&tokens(text)).definitions.into_iter().map(|definition| definition.name).collect()
    }

    #[test]
    fn functions_at_the_top_level_are_found_and_others_are_not() {
        let text = r#"
            -- function commented(a) end
            local text = "function quoted(a)" .. [[ function long(b) ]]
            local function helper(x) local function inner(y) return y end return inner(x) end
            if helper(1) then function conditional() end end
            other = function(a) return a end
            local t = { f = function(a) return a end }
            function t.method(a) end
            function t:call(a) end
            function hypot(a, b) if a then return a else return b end end
        "#;
        assert_eq!(names(text), ["helper", "other", "hypot"]);
    }

    #[test]
    fn conditions_that_are_values_have_no_end() {
        let text = r#"
            local a = if x then 1 else if y then 2 else 3
            local b = if x then if y then 1 else 2 elseif z then 3 else 4
            if x then local c = if y then 1 else 2 elseif z then a = 1 else b = 2 end
            function f(a) return if a then function() return 1 end else nil end
            function g(a) while if a then b else c do if a then return 1 end end return (if a then 1 else 2) end
            repeat local x = f() until if x then true else false
            function h(a) return a end
        "#;
        assert_eq!(names(text), ["f", "g", "h"]);
        assert!(!outline(&tokens(text)).returns);
        assert!(outline(&tokens("local function f() return 1 end return f")).returns);
    }

    #[test]
    fn parameters_and_types() {
        let text = "function f<T>(a: number, --[[ b, ]] c: {string}?, d, t: (number) -> string, ...): (number, string) return 1 end";
        let found = outline(&tokens(text)).definitions.remove(0);
        let names: Vec<&str> = found.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        assert_eq!(names, ["a", "c", "d", "t"]);
        assert_eq!(found.parameters[0].annotation, Some(Annotation::Number));
        assert_eq!(found.parameters[1].annotation, Some(Annotation::List(Box::new(Annotation::Text))));
        assert!(found.is_variadic);
        assert_eq!(found.returns, Some(Annotation::Tuple(vec![Annotation::Number, Annotation::Text])));
    }
}
