//! A text with a command on each line.

use crate::error::{Error, Result};

/// The commands of a text, one a line.
///
/// Lines that are empty and lines that begin with `#` are no commands. Line ends may be those of Windows.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed), with the line, where the text is not UTF-8 or holds a NUL.
///
/// # Example
/// ```
/// let commands = parrow::processes::parse_commands(b"# the three\npython3 a.py\n\npython3 b.py\n")?;
/// assert_eq!(commands, ["python3 a.py", "python3 b.py"]);
/// # Ok::<(), parrow::Error>(())
/// ```
pub fn parse_commands(text: &[u8]) -> Result<Vec<String>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut commands = Vec::new();
    for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let start = line.trim_ascii_start();
        if start.is_empty() || start.starts_with(b"#") {
            continue;
        }
        let wrong = |what: &str| Error::malformed("command", what).at_line(number);
        if line.contains(&0) {
            return Err(wrong("the line holds a NUL, which no command may"));
        }
        let command = std::str::from_utf8(line).map_err(|_| wrong("the line is not UTF-8 text"))?;
        commands.push(command.to_owned());
    }
    Ok(commands)
}
