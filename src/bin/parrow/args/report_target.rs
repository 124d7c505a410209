//! Where a report of a run goes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The flag that takes one.
const FLAG: &str = "--report";

/// Where a report of a run goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportTarget {
    /// To standard error, as text.
    Text,
    /// Into a file, as JSON.
    Json(PathBuf),
    /// Into a file, as a page.
    Html(PathBuf),
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = Path::new(text);
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if text == "-" => Ok(Self::Text),
            Some("json") => Ok(Self::Json(path.to_owned())),
            Some("html" | "htm") => Ok(Self::Html(path.to_owned())),
            _ => Err("a report goes into a file that ends in .json or .html; without one, to standard error"
                .to_owned()),
        }
    }
}

/// Ties the file of a report to its flag: `--report r.json` means `--report=r.json`, and in `--report data.csv` the file is the
/// next argument and no report.
pub fn tie_reports(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut tied: Vec<OsString> = Vec::new();
    let mut is_open = true;
    for argument in arguments {
        let is_report =
            argument.to_str().is_some_and(|text| text != "-" && ReportTarget::from_str(text).is_ok());
        match tied.last_mut() {
            Some(last) if is_open && is_report && last == FLAG => {
                last.push("=");
                last.push(argument);
            }
            _ => {
                is_open &= argument != "--";
                tied.push(argument);
            }
        }
    }
    tied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_takes_the_file_behind_it_when_it_is_one_for_a_report() {
        let tie = |line: &str| {
            let tied = tie_reports(line.split(' ').map(OsString::from));
            tied.iter().map(|text| text.to_str().unwrap_or_default().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(tie("apply --report r.json a.csv"), "apply --report=r.json a.csv");
        assert_eq!(tie("apply a.csv --report r.html"), "apply a.csv --report=r.html");
        for same in [
            "apply --report a.csv",
            "apply a.csv --report",
            "apply --report --json a.csv",
            "apply -- --report r.json",
        ] {
            assert_eq!(tie(same), same);
        }
    }
}
