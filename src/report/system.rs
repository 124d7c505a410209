//! What the operating system counts of a process and its threads.

use std::time::Duration;

/// The most memory that this process has had at a time, in bytes; `None` where the system does not tell.
pub(crate) fn peak_memory() -> Option<u64> {
    from_proc().or_else(from_usage)
}

fn from_proc() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(unix)]
fn from_usage() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};

    let most = u64::try_from(getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss()).ok()?;
    // Kibibytes, save on Apple's systems.
    Some(if cfg!(target_vendor = "apple") { most } else { most * 1024 })
}

#[cfg(not(unix))]
fn from_usage() -> Option<u64> {
    None
}

/// Processor time that was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProcessorTime(Duration);

impl ProcessorTime {
    /// That of this process and its children so far.
    #[cfg(unix)]
    pub(crate) fn now() -> Option<Self> {
        use nix::sys::resource::UsageWho;

        Some(Self(used(UsageWho::RUSAGE_SELF)? + used(UsageWho::RUSAGE_CHILDREN)?))
    }

    #[cfg(not(unix))]
    pub(crate) fn now() -> Option<Self> {
        None
    }

    /// What was used since then.
    pub(crate) fn since(start: Option<Self>) -> Option<Duration> {
        Some(Self::now()?.0.saturating_sub(start?.0))
    }
}

#[cfg(unix)]
fn used(who: nix::sys::resource::UsageWho) -> Option<Duration> {
    let usage = nix::sys::resource::getrusage(who).ok()?;
    let of = |time: nix::sys::time::TimeVal| {
        let (seconds, microseconds) =
            (u64::try_from(time.tv_sec()).ok()?, u64::try_from(time.tv_usec()).ok()?);
        Some(Duration::from_secs(seconds) + Duration::from_micros(microseconds))
    };
    Some(of(usage.user_time())? + of(usage.system_time())?)
}

/// The processor time of the calling thread since it began, and how long it was ready to run and did not, since others did.
#[cfg(target_os = "linux")]
pub(super) fn of_thread() -> Option<(Duration, Duration)> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok()).map(Duration::from_nanos);
    Some((numbers.next()?, numbers.next()?))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of_thread() -> Option<(Duration, Duration)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells() {
        let start = ProcessorTime::now();
        let before = std::time::Instant::now();
        while before.elapsed() < Duration::from_millis(30) {
            std::hint::spin_loop();
        }
        let used = ProcessorTime::since(start).expect("the system counts processor time");
        assert!(used >= Duration::from_millis(1), "{used:?}");
        assert!(peak_memory().expect("the system counts memory") > 1 << 20);
        assert!(from_usage().expect("so does the other way") > 1 << 20);
    }
}
