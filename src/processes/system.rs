//! What is particular to the system: its shell, and how a command is ended with all that it has started. Nothing else in
//! the library knows of either.

use std::process::{Child, Command, ExitStatus};

use super::finished::Ending;

#[cfg(unix)]
pub(crate) use unix::{Group, in_own_group, shell};
#[cfg(not(unix))]
pub(crate) use windows::{Group, in_own_group, shell};

/// How a process that ended by itself did so.
pub(crate) fn ending(status: ExitStatus) -> Ending {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Ending::Signalled(signal);
    }
    Ending::Exited(status.code().unwrap_or(-1))
}

#[cfg(unix)]
mod unix {
    use std::os::unix::process::CommandExt;

    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    use super::{Child, Command, any_runs};

    /// The command, for the shell, in a process group of its own.
    pub(crate) fn shell(command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command);
        in_own_group(shell)
    }

    /// The command, in a process group of its own.
    pub(crate) fn in_own_group(mut command: Command) -> Command {
        command.process_group(0);
        command
    }

    /// A command's process and what it has started, unless that has left the group.
    ///
    /// The system gives the group's number to nobody else while one of its processes is there.
    pub(crate) struct Group(Pid);

    impl Group {
        pub(crate) fn of(child: &Child) -> Self {
            Self(Pid::from_raw(child.id() as i32))
        }

        /// Whether any of its processes runs.
        pub(crate) fn exists(&self) -> bool {
            killpg(self.0, None).is_ok() && any_runs(self.0.as_raw()).unwrap_or(true)
        }

        /// Asks its processes to end. One that is gone by now is no failure.
        pub(crate) fn terminate(&self, _child: &mut Child) {
            let _ = killpg(self.0, Signal::SIGTERM);
            // A process that is stopped hears of it only when it goes on.
            let _ = killpg(self.0, Signal::SIGCONT);
        }

        /// Ends its processes.
        pub(crate) fn kill(&self, _child: &mut Child) {
            let _ = killpg(self.0, Signal::SIGKILL);
        }
    }
}

/// Whether a process of the group runs, and has not ended without anybody who asks how: in containers the first process
/// often doesn't, and signals still find those that have ended. `None` where the system doesn't say.
#[cfg(unix)]
fn any_runs(group: i32) -> Option<bool> {
    // “number (name) state parent group …”; the name may hold anything.
    let runs = |stat: String| -> Option<bool> {
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        Some(fields.nth(1)?.parse() == Ok(group) && !matches!(state, "Z" | "X"))
    };
    let mut is_told = false;
    for process in std::fs::read_dir("/proc").ok()? {
        let stat = std::fs::read_to_string(process.ok()?.path().join("stat"));
        match stat.ok().and_then(runs) {
            Some(true) => return Some(true),
            Some(false) => is_told = true,
            None => {}
        }
    }
    is_told.then_some(false)
}

#[cfg(not(unix))]
mod windows {
    use std::os::windows::process::CommandExt;
    use std::process::Stdio;

    use super::{Child, Command};

    /// Keeps the Ctrl-C that is meant for the caller from the command.
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

    /// The command, for `cmd`, which takes what stands between the outer quotes as it is.
    pub(crate) fn shell(command: &str) -> Command {
        let mut shell = Command::new("cmd");
        shell.args(["/D", "/S", "/C"]).raw_arg(format!("\"{command}\""));
        in_own_group(shell)
    }

    /// The command, out of reach of the caller's Ctrl-C.
    pub(crate) fn in_own_group(mut command: Command) -> Command {
        command.creation_flags(CREATE_NEW_PROCESS_GROUP);
        command
    }

    /// A command's process and its descendants, which can be found only while the process is there.
    pub(crate) struct Group(u32);

    impl Group {
        pub(crate) fn of(child: &Child) -> Self {
            Self(child.id())
        }

        /// Nothing is known of a process that has ended.
        pub(crate) fn exists(&self) -> bool {
            false
        }

        /// There is no polite request that every program hears.
        pub(crate) fn terminate(&self, child: &mut Child) {
            self.kill(child);
        }

        /// Ends the process and its descendants.
        pub(crate) fn kill(&self, child: &mut Child) {
            let tree = ["/T", "/F", "/PID", &self.0.to_string()];
            let quiet = || Stdio::null();
            let _ =
                Command::new("taskkill").args(tree).stdin(quiet()).stdout(quiet()).stderr(quiet()).status();
            let _ = child.kill();
        }
    }
}
