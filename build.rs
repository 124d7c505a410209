//! Has the program hold the part of the C++ library that Luau needs, where the compiler comes with it as an archive: to find and to
//! bind the shared one takes 0.5 to 0.75 ms of a start of 5. Whoever uses the library alone links as is usual there.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

const ARCHIVE: &str = "libstdc++.a";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CXX");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let is_program = env::var_os("CARGO_FEATURE_CLI").is_some();
    let is_gnu = variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    if is_program && is_gnu && variable("HOST") == variable("TARGET") {
        let folder = variable("OUT_DIR");
        // A folder in which the linker finds the archive and nothing else. Without it, the shared library is found as ever.
        if copy_archive(&Path::new(&folder).join(ARCHIVE)).is_some() {
            println!("cargo::rustc-link-search=native={folder}");
        }
    }
}

/// Copies the archive of the C++ compiler; `None` where there is none.
fn copy_archive(to: &Path) -> Option<()> {
    let compiler = env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let answer = Command::new(compiler).arg(format!("-print-file-name={ARCHIVE}")).output().ok()?;
    let path = String::from_utf8(answer.stdout).ok()?;
    let path = Path::new(path.trim());
    // A compiler that has none says its name alone.
    if !path.is_absolute() {
        return None;
    }
    fs::copy(path, to).ok().map(drop)
}
