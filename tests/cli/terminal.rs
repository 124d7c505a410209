//! What a person sees.

use super::support::{Place, data};

#[test]
fn a_table_shows_the_first_and_last_rows() {
    let run = Place::new().run(&[
        "count-range",
        &data("matrix.csv"),
        "--min",
        "4",
        "--max",
        "8",
        "--output-format",
        "table",
    ]);
    insta::assert_snapshot!(run.code(0).stdout);
}

#[test]
fn a_table_holds_any_text() {
    let place = Place::new();
    place.file("odd.csv", "name,value\n\"two\nlines\",1e300\n日本語,-0.0\n,NaN\n\u{1b}[31mred,\n");
    place.file("long.csv", format!("text,n\n{},1\n", "x".repeat(500)));
    insta::assert_snapshot!(place.run(&["apply", "odd.csv", "--output-format", "table"]).code(0).stdout);
    insta::assert_snapshot!(place.run(&["apply", "long.csv", "--output-format", "table"]).code(0).stdout);
}

#[test]
fn a_wide_table_shows_its_outer_columns() {
    let place = Place::new();
    let run = place.run(&["generate", "--rows", "3", "--cols", "200", "--output-format", "table"]).code(0);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100), "{run}");
    assert!(run.stdout.contains("column_1 ") && run.stdout.contains("column_200"), "{run}");
    run.stdout_has("3 rows × 200 columns; for all of it: -o FILE, or | less");
}

#[test]
fn a_table_of_no_rows_or_columns() {
    let place = Place::with_points();
    place
        .run(&["apply", "points.csv", "--where", "x > 99", "--output-format", "table"])
        .code(0)
        .stdout_has("0 rows × 3 columns\n");
}

#[test]
fn colours_are_for_terminals() {
    let place = Place::with_points();
    let has_colour = |arguments: &[&str], variables: &[(&str, &str)]| {
        place.run_with(&[&["apply", "nope.csv"], arguments].concat(), "", variables).stderr.contains('\u{1b}')
    };
    assert!(!has_colour(&[], &[]));
    assert!(!has_colour(&["--color", "never"], &[]));
    assert!(has_colour(&["--color", "always"], &[]));
    assert!(has_colour(&["--color", "always"], &[("NO_COLOR", "1")]));
}

/// `script` gives the program a terminal; where it is missing there is nothing to test.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_a_table_that_fits() {
    use std::process::Command;

    let program = env!("CARGO_BIN_EXE_parrow");
    let inner = format!(
        "stty rows 24 cols 40; '{program}' count-range '{}' --min 4 --max 8 --progress never",
        data("matrix.csv")
    );
    let Ok(output) =
        Command::new("script").args(["-qec", &inner, "/dev/null"]).env_remove("NO_COLOR").output()
    else {
        eprintln!("script is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("200000 rows × 6 columns"), "{text}");
    assert!(text.contains("count_in_range") && text.contains('…'), "{text}");
    assert!(text.contains('\u{1b}'), "headers are bold on a terminal\n{text}");
    let widest = text.lines().filter(|line| !line.contains("rows ×")).map(|line| {
        let mut visible = 0;
        let mut escaped = false;
        for character in line.trim_end().chars() {
            match character {
                '\u{1b}' => escaped = true,
                'm' if escaped => escaped = false,
                _ if !escaped => visible += 1,
                _ => {}
            }
        }
        visible
    });
    assert!(widest.max() <= Some(40), "{text}");
}
