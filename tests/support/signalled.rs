//! The program as one that gets signals, for the tests of the program and for those of faults.

use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// The program, to be sent signals: in whatever surroundings the tests run (`nohup`, `&` in a script), none of them is ignored.
pub fn signalled() -> Command {
    let program = env!("CARGO_BIN_EXE_parrow");
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,HUP,TERM,QUIT,PIPE", program]);
    command
}

/// How a program ends that must end within a minute.
#[track_caller]
pub fn end_of(program: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = program.try_wait().expect("it can be waited for") {
            return status;
        }
        if start.elapsed() > Duration::from_secs(60) {
            let _ = program.kill();
            panic!("the program does not end");
        }
        thread::sleep(Duration::from_millis(5));
    }
}
