//! What the cells of some columns look like.

use memchr::memchr;

use super::kind::{Evidence, kind, plain_kind};
use super::rows::{Nulls, Rows, Text};
use super::scan::{Fault, QUOTE, cell_end};

/// Looks at the cells of `columns` in the first `max_rows` rows; also says how many rows there were.
pub(super) fn look_at(
    rows: &Rows,
    columns: &[usize],
    nulls: &Nulls,
    max_rows: u64,
) -> Result<(Vec<Evidence>, u64), Fault> {
    let mut slots = vec![None; rows.dialect.n_columns()];
    for (slot, column) in columns.iter().enumerate() {
        slots[*column] = Some(slot);
    }
    let mut evidence = vec![Evidence::default(); columns.len()];
    let is_plain = nulls.texts.is_empty() && memchr(QUOTE, &rows.bytes[rows.start..]).is_none();
    let n_rows = match is_plain {
        true => look_at_plain(rows, &slots, &mut evidence, max_rows)?,
        false => look_at_any(rows, &slots, &mut evidence, nulls, max_rows)?,
    };
    Ok((evidence, n_rows))
}

fn look_at_any(
    rows: &Rows,
    slots: &[Option<usize>],
    evidence: &mut [Evidence],
    nulls: &Nulls,
    max_rows: u64,
) -> Result<u64, Fault> {
    let mut scratch = Vec::new();
    rows.for_each_block(max_rows, |cells| {
        for (slot, cell) in slots.iter().cycle().zip(cells) {
            let Some(slot) = slot else { continue };
            let text = cell.text(&mut scratch);
            let evidence = &mut evidence[*slot];
            match nulls.contain(cell, text, Text::No) {
                true if nulls.contain(cell, text, Text::Yes) => evidence.n_nulls += 1,
                true => evidence.n_empty_texts += 1,
                false => evidence.add(kind(text), cell.offset),
            }
        }
    })
}

/// The same where nothing is quoted and only what is empty is null: a cell ends at the next separator, and is looked at where
/// it is found.
fn look_at_plain(
    rows: &Rows,
    slots: &[Option<usize>],
    evidence: &mut [Evidence],
    max_rows: u64,
) -> Result<u64, Fault> {
    let Rows { bytes, start, dialect } = *rows;
    let mut position = start;
    let mut n_rows = 0;
    while position < bytes.len() && n_rows < max_rows {
        if let Some(length) = dialect.skipped_line(bytes, position) {
            position += length;
            continue;
        }
        let offset = position;
        let mut found = 0;
        loop {
            let start = position;
            let mut end = cell_end(bytes, start, dialect.delimiter);
            position = (end + 1).min(bytes.len());
            let is_last = bytes.get(end) != Some(&dialect.delimiter);
            if is_last && bytes[start..end].ends_with(b"\r") {
                end -= 1;
            }
            if let Some(Some(slot)) = slots.get(found) {
                let evidence = &mut evidence[*slot];
                match start == end {
                    true => evidence.n_nulls += 1,
                    false => {
                        let short = plain_kind(bytes, start, end);
                        evidence.add(short.unwrap_or_else(|| kind(&bytes[start..end])), start);
                    }
                }
            }
            found += 1;
            if is_last {
                break;
            }
        }
        if found != slots.len() {
            return Err(Fault::Ragged { offset, expected: slots.len(), found });
        }
        n_rows += 1;
    }
    Ok(n_rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::format::Format;
    use super::super::super::read_options::ReadOptions;
    use super::super::dialect::Dialect;
    use super::*;

    fn cell() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            "",
            "-",
            "-0",
            "0",
            "00",
            "007",
            "+1",
            " 1",
            "1 ",
            "1.",
            ".5",
            "-.5",
            "1e5",
            "inf",
            "NaN",
            "-0.0",
            "1.5x",
            "12345678.",
            "x",
            "n/a",
            "true",
            "2024-02-29",
            "23:59:59",
            "2024-02-29 23:59:59",
            "\r",
            "9007199254740993",
            "18446744073709551616",
        ]);
        prop_oneof![
            4 => (any::<i64>(), 0u32..63).prop_map(|(number, n)| (number >> n).to_string()),
            4 => "-?[0-9]{1,17}\\.[0-9]{1,17}",
            2 => "[-0-9.]{0,18}",
            4 => odd.prop_map(str::to_owned),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_short_way_sees_what_the_long_one_does(
            lines in proptest::collection::vec(
                (proptest::collection::vec(cell(), 1..4), prop::sample::select(vec!["\n", "\r\n", "\n\n"])), 1..6,
            ),
            header in prop::sample::select(vec!["a,b,c\n", "a,b\n", "a\n"]),
            is_cut in any::<bool>(),
            max_rows in 0u64..8,
        ) {
            let mut text = header.to_owned();
            lines.iter().for_each(|(cells, line_end)| text += &(cells.join(",") + line_end));
            if is_cut {
                text.pop();
            }
            let Ok(dialect) = Dialect::find(text.as_bytes(), Format::Csv, &ReadOptions::default()) else { return Ok(()) };
            let rows = Rows { bytes: text.as_bytes(), start: dialect.body, dialect: &dialect };
            let slots: Vec<Option<usize>> = (0..dialect.n_columns()).map(Some).collect();
            let mut evidence = [(); 2].map(|()| vec![Evidence::default(); slots.len()]);
            let [short, long] = &mut evidence;
            let nulls = Nulls { texts: &[] };
            let n_rows = look_at_plain(&rows, &slots, short, max_rows);
            prop_assert_eq!(&n_rows, &look_at_any(&rows, &slots, long, &nulls, max_rows), "{:?}", text);
            if n_rows.is_ok() {
                prop_assert_eq!(short, long, "{:?}", text);
            }
        }
    }
}
