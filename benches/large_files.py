"""Whether files that do not fit into memory go through within the limit, and as fast as one that fits.

    cargo build --release
    python3 benches/large_files.py target/release/parrow FOLDER [--gigabytes 20] [--limit 512MB] [--part csv|parquet|pipe]

FOLDER needs that much room for one part; every file is removed as soon as it is measured. `csv` and `parquet` count the numbers of
a generated file of that size and of one of 1 GB, both read from the disk and not from the system's cache, in turns, and compare
their rates. `pipe` is `parrow generate | parrow count-range -` with the dtypes given. Of each process the most resident memory is
told; it ends with 1 where that is a quarter above the limit or more, where a row is missing, and where the large file's rate is
less than nine tenths of the small one's although the disk gives more: the rate at which it gives the file alone is told, too.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

COLUMNS = 5
RANGE = {"csv": (0, 1_000_000), "pipe": (0, 1_000_000), "parquet": (-(2**62), 2**62)}
UNITS = {"": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
LEAST_RATE = 0.9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--limit", default="512MB")
    parser.add_argument("--part", action="append", choices=["csv", "parquet", "pipe"])
    parser.add_argument("--step", choices=["all", "make", "measure"], default="all", help="to make the files beforehand")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wrong = []
    for part in options.part or ["csv", "parquet", "pipe"]:
        wrong += pipe(options) if part == "pipe" else file(options, part)
    for what in wrong:
        print(f"WRONG: {what}")
    sys.exit(1 if wrong else 0)


def file(options, part):
    program, folder = options.program.resolve(), options.folder
    paths = {size: folder / f"{size}.{part}" for size in ("small", "large")}
    sizes = {"small": min(1e9, options.gigabytes * 1e8), "large": options.gigabytes * 1e9}
    if options.step != "measure":
        for size, path in paths.items():
            n_rows = round(sizes[size] / bytes_a_row(part))
            low, high = RANGE[part]
            command = [program, "generate", "--rows", str(n_rows), "--cols", str(COLUMNS), f"--low={low}", f"--high={high}"]
            run([*command, "-q", "-o", path])
    if options.step == "make":
        return []
    wrong, rates, disk = [], {"small": [], "large": []}, {}
    try:
        for size in ("small", "large", "small"):
            path, counts = paths[size], folder / "counts.csv"
            disk[size] = read_rate(path)
            forget(path)
            n_bytes = path.stat().st_size
            n_rows = round(sizes[size] / bytes_a_row(part))
            command = [program, "count-range", path, "--min=400000", "--max=800000", "--only", "-o", counts]
            seconds, peak, summary = run([*command, "--memory-limit", options.limit, "--json"])
            counts.unlink()
            rates[size].append(n_bytes / seconds)
            print(
                f"{part} {n_bytes / 1e9:.2f} GB, {n_rows} rows: {seconds:.1f} s, {n_bytes / seconds / 1e6:.0f} MB/s, "
                f"peak {peak / 1e6:.0f} MB; the disk gives it at {disk[size] / 1e6:.0f} MB/s",
                flush=True,
            )
            wrong += check(f"{part}, {size}", options.limit, peak, n_rows, summary)
    finally:
        for path in paths.values():
            path.unlink(missing_ok=True)
    ratio = rates["large"][0] / (sum(rates["small"]) / len(rates["small"]))
    print(f"{part}: the large file at {ratio:.2f} of the small one's rate")
    is_slower = ratio < LEAST_RATE and rates["large"][0] < LEAST_RATE * disk["large"]
    return wrong + ([f"{part}: the large file is slower"] if is_slower else [])


def read_rate(path):
    """The bytes a second at which the disk gives the first gigabytes of a file, and nothing is done with them."""
    forget(path)
    start, n_bytes = time.monotonic(), 0
    with open(path, "rb", buffering=0) as file:
        while n_bytes < 4e9 and (block := file.read(1 << 20)):
            n_bytes += len(block)
    return n_bytes / (time.monotonic() - start)


def pipe(options):
    if options.step == "make":
        return []
    program, counts = options.program.resolve(), options.folder / "counts.csv"
    n_rows = round(options.gigabytes * 1e9 / bytes_a_row("pipe"))
    low, high = RANGE["pipe"]
    make = [program, "generate", "--rows", str(n_rows), "--cols", str(COLUMNS), f"--low={low}", f"--high={high}"]
    take = [program, "count-range", "-", "--min=400000", "--max=800000", "--only", "-o", counts, "--json"]
    take += [f"--dtype=column_{index + 1}=i64" for index in range(COLUMNS)]
    limit = ["--memory-limit", options.limit]
    start = time.monotonic()
    maker = subprocess.Popen([*map(str, make), "-q", *limit], stdout=subprocess.PIPE)
    taker = subprocess.Popen([*map(str, take), *limit], stdin=maker.stdout, stderr=subprocess.PIPE, text=True)
    maker.stdout.close()
    said = taker.stderr.read()
    peaks = [wait(process, said) for process in (taker, maker)]
    seconds = time.monotonic() - start
    counts.unlink()
    summary = json.loads(said.strip().splitlines()[-1])
    n_bytes = summary["bytes_read"]
    print(
        f"pipe {n_bytes / 1e9:.2f} GB, {n_rows} rows: {seconds:.1f} s, {n_bytes / seconds / 1e6:.0f} MB/s, "
        f"peaks {peaks[1] / 1e6:.0f} MB (generate) and {peaks[0] / 1e6:.0f} MB (count-range)",
        flush=True,
    )
    wrong = check("pipe, count-range", options.limit, peaks[0], n_rows, summary)
    return wrong + check("pipe, generate", options.limit, peaks[1], n_rows, summary)


def bytes_a_row(part):
    # Numbers below a million have 5.89 digits on average.
    return COLUMNS * 8 if part == "parquet" else COLUMNS * 6.889


def check(what, limit, peak, n_rows, summary):
    wrong = []
    number, unit = re.fullmatch(r"([0-9.]+)\s*(\w*)", limit).groups()
    if peak >= 1.25 * float(number) * UNITS[unit]:
        wrong.append(f"{what}: {peak / 1e6:.0f} MB under a limit of {limit}")
    if summary["rows_written"] != n_rows:
        wrong.append(f"{what}: {summary['rows_written']} rows of {n_rows}")
    return wrong


def run(command):
    """Runs a command; gives its seconds, its most resident bytes, and its summary."""
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    peak = wait(process, said)
    seconds = time.monotonic() - start
    lines = said.strip().splitlines()
    return seconds, peak, json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None


def wait(process, said):
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{process.args}: exit code {process.returncode}\n{said}")
    return used.ru_maxrss * 1024


def forget(path):
    """Lets the system forget what it has cached of a file."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
