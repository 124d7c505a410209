//! ARCHITECTURE.md says which module may use which; this holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The table of ARCHITECTURE.md: a module, and the modules that it may use.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once('→'))
        .filter(|(module, _)| !module.trim().contains(' '))
        .map(|(module, used)| {
            (module.trim().to_owned(), used.split_whitespace().map(str::to_owned).collect())
        })
        .collect()
}

fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_file() {
        into.push(path.to_owned());
        return;
    }
    for entry in std::fs::read_dir(path).unwrap() {
        sources(&entry.unwrap().path(), into);
    }
}

/// The modules that code names by `crate::module` outside its comments.
fn used_modules(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.match_indices("crate::")
        .filter(|(at, _)| !code[..*at].ends_with('$'))
        .map(|(at, found)| {
            code[at + found.len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        // A name in capitals is one that lib.rs re-exports from the modules below: `crate::Error`.
        .filter(|name| name.starts_with(char::is_lowercase))
        .collect()
}

#[test]
fn modules_use_only_what_is_below_them() {
    let allowed = allowed();
    assert!(allowed.len() > 8, "the table of ARCHITECTURE.md is found");
    let mut checked = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if module == "lib" || module == "bin" {
            continue;
        }
        let may_use = allowed.get(&module).unwrap_or_else(|| panic!("{module} is not in ARCHITECTURE.md"));
        let mut files = Vec::new();
        sources(&path, &mut files);
        for file in files {
            for used in used_modules(&std::fs::read_to_string(&file).unwrap()) {
                assert!(used == module || may_use.contains(&used), "{} uses {used}", file.display());
            }
        }
        checked.insert(module);
    }
    assert_eq!(checked, allowed.into_keys().collect(), "every module of the table is there");
}

#[test]
fn the_program_reaches_only_the_public_face() {
    let mut files = Vec::new();
    sources(&root().join("src/bin/parrow"), &mut files);
    assert!(files.iter().any(|file| file.ends_with("main.rs")));
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("#[path"), "{} includes a file of the library", file.display());
    }
}

#[test]
fn the_library_does_not_print_or_exit() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    for file in files.iter().filter(|file| !file.components().any(|part| part.as_os_str() == "bin")) {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (number, line) in code.enumerate() {
            for call in
                ["println!", "eprintln!", "print!(", "dbg!(", "process::exit", "panic::set_hook", "env::var"]
            {
                assert!(!line.contains(call), "{}, about line {number}: {line}", file.display());
            }
        }
    }
}
