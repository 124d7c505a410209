//! Ends the workers when this process is killed and cannot do it itself.
//!
//! A worker that is computing does not notice that nobody waits for its answer. The guard is a shell that reads which process
//! groups there are; when its standard input ends before they have, they are killed.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::processes::in_own_group;

/// Reads `+ group` and `- group`, and kills what is left at the end.
const SCRIPT: &str = r#"
groups=" "
while read -r sign group; do
    case $sign in
        +) groups="$groups$group " ;;
        -) groups="${groups%% $group *} ${groups#* $group }" ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
"#;

/// A shell that outlives this process by a moment.
pub(super) struct Guard {
    shell: Child,
    groups: Option<ChildStdin>,
}

impl Guard {
    /// Starts the guard; `None` where the system has none to offer. Nothing but the safety of a killed run depends on it.
    pub(super) fn start() -> Option<Self> {
        if !cfg!(unix) {
            return None;
        }
        let mut command = in_own_group(Command::new("sh"));
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = command.spawn().ok()?;
        let groups = shell.stdin.take();
        Some(Self { shell, groups })
    }

    /// A process group is there.
    pub(super) fn add(&mut self, group: u32) {
        self.tell('+', group);
    }

    /// A process group has ended.
    pub(super) fn remove(&mut self, group: u32) {
        self.tell('-', group);
    }

    fn tell(&mut self, sign: char, group: u32) {
        if let Some(groups) = &mut self.groups {
            // A guard that is gone guards nothing; the run goes on.
            let _ = writeln!(groups, "{sign} {group}");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.groups.take());
        let _ = self.shell.wait();
    }
}
