//! What scripts are given that is written in Rust.

use mlua::{BorrowedBytes, Buffer, Lua, Table};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::script::Script;

/// The table that `prelude.luau` is called with first.
pub(super) fn host(lua: &Lua, script: &Script) -> mlua::Result<Table> {
    let host = lua.create_table()?;
    host.set(
        "find_words",
        lua.create_function(|_, (spans, text): (Buffer, BorrowedBytes)| {
            let text = utf8(&text)?;
            Ok(write(&spans, text.split_whitespace().map(|word| span(text, word))))
        })?,
    )?;
    host.set(
        "find_pieces",
        lua.create_function(|_, (spans, text, separator): (Buffer, BorrowedBytes, BorrowedBytes)| {
            let (text, separator) = (utf8(&text)?, utf8(&separator)?);
            Ok(write(&spans, text.split(separator).map(|piece| span(text, piece))))
        })?,
    )?;
    host.set(
        "find_common_words",
        lua.create_function(|_, (spans, left, right): (Buffer, BorrowedBytes, BorrowedBytes)| {
            let (left, right) = (utf8(&left)?, utf8(&right)?);
            Ok(write(&spans, common_words(left, right).into_iter().map(|word| span(left, word))))
        })?,
    )?;
    let seed = script.seed;
    host.set(
        "draw",
        lua.create_function(move |_, (numbers, row, block): (Buffer, f64, f64)| {
            // A stream of its own for each row, so that neither chunks nor threads matter.
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(row as u64);
            rng.set_word_pos(block as u128 * 16);
            for place in 0..8 {
                let number = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
                numbers.write_bytes(place * 8, &number.to_le_bytes());
            }
            Ok(())
        })?,
    )?;
    let printer = script.printer.clone();
    host.set(
        "print",
        lua.create_function(move |_, line: mlua::LuaString| match &printer {
            Some(printer) => {
                printer(&line.to_string_lossy());
                Ok(())
            }
            None => Err(mlua::Error::runtime("print: nobody has asked to see what the script prints")),
        })?,
    )?;
    Ok(host)
}

fn utf8(text: &[u8]) -> mlua::Result<&str> {
    std::str::from_utf8(text).map_err(|_| mlua::Error::runtime("the text is not UTF-8"))
}

/// Where a piece of a text begins and ends, both counted from 1.
fn span(text: &str, piece: &str) -> (usize, usize) {
    let start = piece.as_ptr().addr() - text.as_ptr().addr();
    (start + 1, start + piece.len())
}

/// Writes spans of four bytes a number while there is room, and gives how many there are in all.
fn write(into: &Buffer, spans: impl Iterator<Item = (usize, usize)>) -> usize {
    let room = into.len();
    let mut bytes = Vec::with_capacity(128);
    let mut n_spans = 0;
    for (start, end) in spans {
        n_spans += 1;
        if n_spans * 8 <= room {
            bytes.extend((start as u32).to_le_bytes());
            bytes.extend((end as u32).to_le_bytes());
        }
    }
    if n_spans * 8 <= room {
        into.write_bytes(0, &bytes);
    }
    n_spans
}

/// The words of a text that another has, too, in order and without repeats.
fn common_words<'t>(left: &'t str, right: &str) -> Vec<&'t str> {
    const SEARCHED: usize = 16;
    let others: Vec<&str> = right.split_whitespace().collect();
    if others.len() <= SEARCHED {
        let mut taken: Vec<&str> = Vec::new();
        for word in left.split_whitespace() {
            if others.contains(&word) && !taken.contains(&word) {
                taken.push(word);
            }
        }
        return taken;
    }
    let mut others: std::collections::HashSet<&str> = others.into_iter().collect();
    // What is taken is taken out, so that a repeat finds nothing.
    left.split_whitespace().filter(|word| others.remove(word)).collect()
}
