//! Written bytes on their way to the disk while others are written, so that there is little left to wait for at the end.

use std::fs::File;

/// After so many bytes the system is asked to begin with them.
pub(super) const STEP: usize = 8 << 20;

/// Asks the system to begin bringing to the disk what has been written to a file, and waits for nothing. Whether all of it got
/// there is found out at the end, by who brings the file to the disk.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(super) fn begin(file: &File) {
    use std::os::fd::AsRawFd;

    // SAFETY: the descriptor is that of a file which is open for as long as it is borrowed, and no memory is handed over.
    unsafe {
        libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE);
    }
}

/// The other systems begin by themselves.
#[cfg(not(target_os = "linux"))]
pub(super) fn begin(_file: &File) {}
