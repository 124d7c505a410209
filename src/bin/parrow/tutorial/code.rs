//! The code of each section, cut out of the files that run.

use super::sections::SOURCES;

/// The Python side, which `--python` runs.
pub const TWIN: &str = include_str!("twin.py");

/// The Rust code of a section.
pub fn in_rust(key: &str) -> Option<String> {
    SOURCES.iter().find_map(|source| between_marks(source, "//", key))
}

/// The Python code of a section.
pub fn in_python(key: &str) -> Option<String> {
    between_marks(TWIN, "#", key)
}

/// The lines between `// [key]` and `// [end]`.
fn between_marks(source: &str, comment: &str, key: &str) -> Option<String> {
    let begin = format!("{comment} [{key}]");
    let end = format!("{comment} [end]");
    let mut lines = source.lines().skip_while(|line| *line != begin);
    lines.next()?;
    let code: Vec<&str> = lines.take_while(|line| *line != end).collect();
    Some(code.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::super::sections::all;
    use super::{in_python, in_rust};

    #[test]
    fn every_section_has_its_code_in_both_languages() {
        for key in all().map(|section| section.key).chain(["function"]) {
            for (language, code) in [("Rust", in_rust(key)), ("Python", in_python(key))] {
                assert!(code.is_some_and(|code| code.lines().count() > 1), "{key} in {language}");
            }
        }
    }
}
