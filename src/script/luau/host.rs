//! What scripts are given that is written in Rust.

use mlua::{Buffer, Lua, Table};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::raw::add_helpers;
use super::script::Script;

/// The table that `prelude.luau` is called with first.
pub(super) fn host(lua: &Lua, script: &Script) -> mlua::Result<Table> {
    let host = lua.create_table()?;
    add_helpers(lua, &host)?;
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
