//! What an error of a script says to a person.

use mlua::Error;

/// The message, with the script's name and the line where they are known.
pub(super) fn message(error: &Error, file_name: &str) -> String {
    match error {
        Error::RuntimeError(text) | Error::SyntaxError { message: text, .. } => first_part(text).to_owned(),
        Error::CallbackError { traceback, cause } => {
            let text = message(cause, file_name);
            match place(traceback, file_name) {
                Some(place) if !text.starts_with(place) => format!("{place}: {text}"),
                _ => text,
            }
        }
        Error::MemoryError(_) => "out of memory".to_owned(),
        other => first_part(&other.to_string()).to_owned(),
    }
}

/// Whether the worker's memory ran out.
pub(super) fn is_out_of_memory(error: &Error) -> bool {
    match error {
        Error::MemoryError(_) => true,
        Error::CallbackError { cause, .. } => is_out_of_memory(cause),
        _ => false,
    }
}

fn first_part(text: &str) -> &str {
    text.split("\nstack traceback:").next().unwrap_or_default().trim_end()
}

/// `hypot.luau:3` of the innermost line of the script.
fn place<'t>(traceback: &'t str, file_name: &str) -> Option<&'t str> {
    traceback.lines().map(str::trim).find_map(|line| {
        let rest = line.strip_prefix(file_name)?.strip_prefix(':')?;
        let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        (n_digits > 0).then(|| &line[..file_name.len() + 1 + n_digits])
    })
}
