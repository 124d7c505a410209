//! What the program's pages share: each is one file that needs nothing else, on paper or a screen of any width.

mod curve;
pub mod number;
mod stacked;
mod text;

pub use curve::{Curve, chart as curves, picture as curves_picture};
pub use stacked::{Part, Row, chart as stacked};
pub use text::{WholeFile, escape};

const STYLE: &str = include_str!("style.css");

/// The beginning of a page, up to its first heading.
pub fn head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(title)
    )
}

/// The end of a page.
pub fn foot() -> String {
    "</main>\n</body>\n</html>\n".to_owned()
}

/// A figure with its label, for a list of them.
pub fn fact(value: &str, label: &str) -> String {
    format!("<div><dd>{}</dd><dt>{}</dt></div>\n", escape(value), escape(label))
}
