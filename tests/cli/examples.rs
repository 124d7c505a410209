//! Every command that the README and the other pages show is run, and must print what they show.

/// Runs the ```console blocks of README.md and the cases beside this file, in the project's folder.
#[test]
fn shown_commands_print_what_is_shown() {
    let cases = trycmd::TestCases::new();
    cases.register_bin("parrow", std::path::Path::new(env!("CARGO_BIN_EXE_parrow")));
    cases.env("NO_COLOR", "1");
    if std::path::Path::new("README.md").exists() {
        cases.case("README.md");
    }
    cases.case("tests/cli/*.trycmd");
    cases.run();
}
