//! The comparison with peers runs, and those that are there give the same answers.

use std::process::Command;

#[test]
fn the_comparison_runs_on_a_few_rows() {
    let has_python =
        Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_python {
        eprintln!("skipped: there is no python3");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/compare.py");
    let output = Command::new("python3")
        .args([script, "--quick", "--python", "python3", "--parrow", env!("CARGO_BIN_EXE_parrow")])
        .args(["--only", "csv-counts-file", "--only", "csv-csv", "--only", "python", "--data"])
        .arg(folder.path())
        .output()
        .expect("python3 starts");
    let (told, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}{said}");
    assert_eq!(told.matches("\n  parrow  ").count(), 3, "{told}{said}");
}
