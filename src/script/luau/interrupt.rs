//! Stops a running script from another thread.
//!
//! A worker that calls back at every turn of a loop runs a cheap row function at a quarter of its speed (`benches/luau.rs`
//! says what without: `sqrt(a*a + b*b)` took 57 ns a row instead of 15). So the callback is hung in only when somebody
//! wants to have a look, and takes itself out again.

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mlua::{Lua, VmState, ffi};

/// A bell in a worker: once rung, the worker calls back at the next turn of a loop or call of a function.
#[derive(Debug)]
pub(super) struct Bell(Mutex<Option<Wire>>);

/// Where the worker looks for a callback, and the callback.
#[derive(Debug)]
struct Wire {
    place: *mut *mut (),
    callback: *mut (),
}

#[allow(unsafe_code)]
// SAFETY: Luau lets any thread set the interrupt of a worker (lua.h: "interrupt is safe to set from an arbitrary
// thread"), and `place` is used under the mutex alone, which forgets it before the worker is closed.
unsafe impl Send for Wire {}

impl Bell {
    /// Hangs a bell into a worker. `answer` is called in the worker's thread; an error that it gives is raised in the
    /// script.
    pub(super) fn new(
        lua: &Lua,
        answer: impl Fn(&Lua) -> mlua::Result<VmState> + Send + 'static,
    ) -> mlua::Result<Self> {
        lua.set_interrupt(answer);
        let mut wire = None;
        #[allow(unsafe_code)]
        // SAFETY: the closure only reads where the callbacks of the state stand, and leaves its stack as it is.
        unsafe {
            lua.exec_raw::<()>((), |state| {
                let place = &raw mut (*ffi::lua_callbacks(state)).interrupt;
                let callback = (*place).map_or(std::ptr::null_mut(), |callback| callback as *mut ());
                wire = Some(Wire { place: place.cast(), callback });
            })?;
        }
        let bell = Self(Mutex::new(wire));
        bell.silence();
        Ok(bell)
    }

    /// Has the worker call back as soon as it can.
    pub(super) fn ring(&self) {
        if let Some(wire) = &*self.wire() {
            wire.set(wire.callback);
        }
    }

    /// Lets the worker run on without calling back.
    pub(super) fn silence(&self) {
        if let Some(wire) = &*self.wire() {
            wire.set(std::ptr::null_mut());
        }
    }

    /// Takes the bell out. Must be called before the worker is closed.
    pub(super) fn take_out(&self) {
        *self.wire() = None;
    }

    fn wire(&self) -> MutexGuard<'_, Option<Wire>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire {
    fn set(&self, callback: *mut ()) {
        #[allow(unsafe_code)]
        // SAFETY: the place belongs to a worker that is open, is as large and as aligned as a pointer (an `Option` of a
        // function pointer is one, with null for none), and is written in one piece.
        unsafe { AtomicPtr::from_ptr(self.place) }.store(callback, Ordering::Relaxed);
    }
}
