//! Helpers of scripts that speak to Luau without a layer in between: they are called once a row and more, and take less time
//! than such a layer.
//!
//! An error that is raised in one of them leaves it as a foreign exception. None of them owns anything then that would have to be
//! dropped.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::null;

use mlua::ffi::{self, lua_State};
use mlua::{Lua, Table};

/// Lists of up to so many items, and texts of so many words, are compared item by item.
const FEW: usize = 32;

/// Puts the helpers into the table that `prelude.luau` is called with.
pub(super) fn add_helpers(lua: &Lua, host: &Table) -> mlua::Result<()> {
    let helpers: [(&str, ffi::lua_CFunction); 3] =
        [("words", words), ("few_common_items", few_common_items), ("seal", seal)];
    for (name, helper) in helpers {
        #[allow(unsafe_code)]
        // SAFETY: each of them keeps to what Luau asks of a function: arguments by their place on the stack, as many results
        // on top of it as it says.
        let function = unsafe { lua.create_c_function(helper) }?;
        host.set(name, function)?;
    }
    Ok(())
}

/// A text on Luau's stack.
///
/// # Safety
/// It must stay on the stack as long as the text is used, and `index` must be that of a string.
#[allow(unsafe_code)]
unsafe fn text<'s>(state: *mut lua_State, index: c_int) -> Option<&'s str> {
    let mut length = 0;
    // SAFETY: the value is a string, whose bytes Luau neither moves nor frees while it stands on the stack.
    let bytes = unsafe {
        let start = ffi::lua_tolstring(state, index, &raw mut length);
        std::slice::from_raw_parts(start.cast::<u8>(), length)
    };
    std::str::from_utf8(bytes).ok()
}

/// The words of a text, between the white space of Unicode.
struct Words<'t> {
    rest: &'t str,
    is_ascii: bool,
}

impl<'t> Words<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text, is_ascii: text.is_ascii() }
    }
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let is_space = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ');
        let (start, end) = if self.is_ascii {
            let start = self.rest.bytes().position(|byte| !is_space(&byte))?;
            let length = self.rest[start..].bytes().position(|byte| is_space(&byte));
            (start, length.map(|length| start + length))
        } else {
            let start = self.rest.find(|character: char| !character.is_whitespace())?;
            let length = self.rest[start..].find(char::is_whitespace);
            (start, length.map(|length| start + length))
        };
        let end = end.unwrap_or(self.rest.len());
        let word = &self.rest[start..end];
        self.rest = &self.rest[end..];
        Some(word)
    }
}

/// Raises an error at the line that has called the function `level` levels above the helper.
///
/// # Safety
/// Nothing of the caller may wait to be dropped.
#[allow(unsafe_code)]
unsafe fn raise(state: *mut lua_State, level: c_int, message: &'static CStr) -> ! {
    // SAFETY: the place and the message are put on the stack and made one.
    unsafe {
        ffi::luaL_where(state, level);
        ffi::lua_pushstring(state, message.as_ptr());
        ffi::lua_concat(state, 2);
        ffi::lua_error(state)
    }
}

/// `words(text)`: its words, between white space, as a list.
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn words(state: *mut lua_State) -> c_int {
    // SAFETY: the stack has room for twenty values, and two are put on it; the text stays where it is until the end.
    unsafe {
        match ffi::lua_type(state, 1) {
            ffi::LUA_TSTRING => {}
            ffi::LUA_TNIL => {
                ffi::lua_pushnil(state);
                return 1;
            }
            _ => raise(state, 1, c"parrow.words takes a text"),
        }
        let Some(text) = text(state, 1) else { raise(state, 1, c"parrow.words: the text is not UTF-8") };
        let n_words = Words::new(text).count();
        ffi::lua_createtable(state, c_int::try_from(n_words).unwrap_or(c_int::MAX), 0);
        for (index, word) in (1..).zip(Words::new(text)) {
            ffi::lua_pushlstring(state, word.as_ptr().cast::<c_char>(), word.len());
            ffi::lua_rawseti(state, -2, index);
        }
        1
    }
}

/// `few_common_items(left, right)`: the items of a list that another has, too, in order and without repeats, or of two texts
/// their words; nil where the arguments are of another kind, or where there are too many items for this.
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn few_common_items(state: *mut lua_State) -> c_int {
    // SAFETY: the helpers leave the stack as they say, and it has room for twenty values.
    unsafe {
        let found = match (ffi::lua_type(state, 1), ffi::lua_type(state, 2)) {
            (ffi::LUA_TSTRING, ffi::LUA_TSTRING) => common_words(state),
            (ffi::LUA_TTABLE, ffi::LUA_TTABLE) => common_of_lists(state),
            _ => None,
        };
        if found.is_none() {
            ffi::lua_pushnil(state);
        }
        1
    }
}

/// Of the texts at 1 and 2; what is found is on top of the stack.
///
/// # Safety
/// There must be texts.
#[allow(unsafe_code)]
unsafe fn common_words(state: *mut lua_State) -> Option<()> {
    // SAFETY: both texts stay on the stack until the end.
    unsafe {
        let (Some(left), Some(right)) = (text(state, 1), text(state, 2)) else {
            raise(state, 2, c"parrow.common_items: the text is not UTF-8")
        };
        let mut others = [""; FEW];
        let mut n_others = 0;
        for word in Words::new(right) {
            *others.get_mut(n_others)? = word;
            n_others += 1;
        }
        let mut taken = 0_u32;
        ffi::lua_createtable(state, n_others.min(left.len() / 2 + 1) as c_int, 0);
        let mut n_found = 0;
        for word in Words::new(left) {
            // The first of equal ones stands for all.
            let Some(at) = others[..n_others].iter().position(|other| *other == word) else { continue };
            if taken & 1 << at == 0 {
                taken |= 1 << at;
                n_found += 1;
                ffi::lua_pushlstring(state, word.as_ptr().cast::<c_char>(), word.len());
                ffi::lua_rawseti(state, -2, n_found);
            }
        }
        Some(())
    }
}

/// What an item is, so that equal ones are equal here: texts are one object each.
#[derive(Clone, Copy, PartialEq)]
enum Item {
    Number(f64),
    Text(*const c_void),
}

/// The item on top of the stack.
///
/// # Safety
/// There must be a value.
#[allow(unsafe_code)]
unsafe fn item(state: *mut lua_State) -> Option<Item> {
    // SAFETY: only looks at the value.
    unsafe {
        match ffi::lua_type(state, -1) {
            ffi::LUA_TNUMBER => Some(Item::Number(ffi::lua_tonumber(state, -1))),
            ffi::LUA_TSTRING => Some(Item::Text(ffi::lua_topointer(state, -1))),
            _ => None,
        }
    }
}

/// Of the lists at 1 and 2; what is found is on top of the stack, or nothing.
///
/// # Safety
/// There must be tables.
#[allow(unsafe_code)]
unsafe fn common_of_lists(state: *mut lua_State) -> Option<()> {
    // SAFETY: `lua_rawiter` puts a key and a value on the stack, which are taken off again.
    unsafe {
        for list in [1, 2] {
            // Such a table may be something else than what is in it.
            if ffi::lua_getmetatable(state, list) != 0 {
                ffi::lua_pop(state, 1);
                return None;
            }
        }
        let mut others = [Item::Text(null()); FEW];
        let mut n_others = 0;
        let mut place = 0;
        loop {
            place = ffi::lua_rawiter(state, 2, place);
            if place < 0 {
                break;
            }
            let item = item(state);
            ffi::lua_pop(state, 2);
            *others.get_mut(n_others)? = item?;
            n_others += 1;
        }
        ffi::lua_createtable(state, n_others as c_int, 0);
        let (mut taken, mut n_found, mut place) = (0_u32, 0, 0);
        loop {
            place = ffi::lua_rawiter(state, 1, place);
            if place < 0 {
                return Some(());
            }
            let Some(item) = item(state) else {
                ffi::lua_pop(state, 3);
                return None;
            };
            match others[..n_others].iter().position(|other| *other == item) {
                Some(at) if taken & 1 << at == 0 => {
                    taken |= 1 << at;
                    n_found += 1;
                    ffi::lua_rawseti(state, -3, n_found);
                    ffi::lua_pop(state, 1);
                }
                _ => ffi::lua_pop(state, 2),
            }
        }
    }
}

/// `seal(table, metatable)`: the table, which nobody can change from now on.
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn seal(state: *mut lua_State) -> c_int {
    // SAFETY: the driver calls it with two tables.
    unsafe {
        ffi::lua_setmetatable(state, 1);
        ffi::lua_setreadonly(state, 1, 1);
        ffi::lua_settop(state, 1);
        1
    }
}
