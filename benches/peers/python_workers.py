"""A Python row function, from file to file: `parrow apply --python` beside `multiprocessing.Pool.map`.

    cargo build --release
    python3 benches/peers/python_workers.py [PARROW]

Runs both on the matrix with 200,000 and with 2,000,000 rows of five columns, the pool with several chunk sizes of which
the best counts, checks that they write the same, and prints times, peak memory of the whole process tree, and the
ratios. Needs Linux, and pyarrow. Memory is the proportional set size: a page that several processes share counts once.
It is taken in a run of its own, since taking it costs time.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
N_RUNS = 5
CHUNK_SIZES = [0, 1_000, 5_000, 20_000, 100_000]


def descendants(root):
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry))
    found, open_ = [], [root]
    while open_:
        process = open_.pop()
        found.append(process)
        open_.extend(children.get(process, []))
    return found


def tree_kib(root):
    total = 0
    for process in descendants(root):
        try:
            text = pathlib.Path("/proc", str(process), "smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def peak_mib(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, tree_kib(process.pid))
        time.sleep(0.005)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed")
    return peak / 1024


def compare(parrow, source, n_rows, folder):
    n_workers = len(os.sched_getaffinity(0))
    ours, theirs = folder / "ours.csv", folder / "theirs.csv"
    apply = [
        parrow, "apply", source, "--python", f"{HERE / 'row_functions.py'}:howmany_within_range",
        "--arg", "minimum=4", "--arg", "maximum=8", "--only", "--output", str(ours), "--python-exe", sys.executable,
    ]
    pool = [sys.executable, str(HERE / "pool_map.py"), source, str(theirs), str(n_workers)]
    # In turns, so that whatever else the machine does strikes both alike.
    times = {"parrow": []} | {size: [] for size in CHUNK_SIZES}
    for _ in range(N_RUNS):
        times["parrow"].append(seconds(apply))
        for size in CHUNK_SIZES:
            times[size].append(seconds(pool + [str(size)]))
    best = min(CHUNK_SIZES, key=lambda size: min(times[size]))
    their_lines = theirs.read_text().replace('"', "")
    if ours.read_text() != their_lines:
        raise SystemExit("the results differ")
    our_seconds, their_seconds = min(times["parrow"]), min(times[best])
    our_mib, their_mib = peak_mib(apply), peak_mib(pool + [str(best)])
    size = "of its own choice" if best == 0 else f"of {best:,}"
    print(f"{n_rows:>9,} rows  parrow {our_seconds:6.3f} s {our_mib:6.0f} MiB   "
          f"Pool.map {their_seconds:6.3f} s {their_mib:6.0f} MiB, chunks {size}   "
          f"time {our_seconds / their_seconds:.2f}, memory {our_mib / their_mib:.2f}")
    return our_seconds <= their_seconds, our_mib < their_mib / 2


def main():
    parrow = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target" / "release" / "parrow")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        large = str(folder / "large.csv")
        subprocess.run([parrow, "generate", "--rows", "2000000", "--cols", "5", "--output", large, "--quiet"], check=True)
        small = compare(parrow, str(ROOT / "data" / "matrix.csv"), 200_000, folder)
        large = compare(parrow, large, 2_000_000, folder)
    if not (small[0] and large[0]):
        raise SystemExit("parrow is slower")
    if not (small[1] and large[1]):
        raise SystemExit("parrow takes more than half of the memory")


main()
