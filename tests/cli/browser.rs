//! Pages in a browser.

use std::path::Path;
use std::process::Command;

pub struct Opened {
    pub dom: String,
    pub console: Vec<String>,
}

/// The browser; without one, what is tested with it is skipped, unless it must not be.
pub fn installed() -> Option<&'static str> {
    let found = find();
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "there is no chromium to open the page in");
        eprintln!("skipped: there is no chromium to open the page in");
    }
    found
}

fn find() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let runs = |name: &&str| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    names.into_iter().find(runs)
}

/// Opens a page.
pub fn open(browser: &str, page: &Path) -> Opened {
    let profile = tempfile::tempdir().expect("a folder can be made");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
        ])
        .args(["--disable-dev-shm-usage", "--no-first-run", "--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--window-size=1400,1000")
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser starts");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    Opened {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: log.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect(),
    }
}

/// A page that shows another one in so many pixels, narrower than the browser's own window can be, and takes over what its
/// probe reports.
pub fn framed(page: &str, width: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    let take_over = "document.body.setAttribute('data-report', this.contentDocument.body.dataset.report)";
    format!(
        "<!doctype html>\n<link rel=\"icon\" href=\"data:,\">\n<body>\n\
         <iframe width=\"{width}\" height=\"900\" frameborder=\"0\" onload=\"{take_over}\" srcdoc=\"{page}\"></iframe>\n"
    )
}

/// What the probe wrote.
pub fn report(dom: &str) -> &str {
    // That of the outer page comes first.
    dom.split_once("<body data-report=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or("no report")
}
