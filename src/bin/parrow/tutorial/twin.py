"""The Python side of `parrow tutorial`: every section with multiprocessing, and with pandas where it is there.

Usage: python3 twin.py ROWS.bin WORKERS

ROWS.bin holds rows of five 64-bit integers. The answer is a line of JSON on standard output.
"""

import array
import json
import math
import multiprocessing
import platform
import subprocess
import sys
import time

try:
    import pandas
except ImportError:
    pandas = None

# A call for each row takes so long that fewer rows tell as much.
ROWS_FOR_APPLY = 2_000
ROWS_FOR_APPLY_ASYNC = 20_000
ROWS_FOR_PANDAS = 20_000


# [function]
def count_in_range(row, minimum, maximum):
    """How many numbers of a row lie between two bounds, both included."""
    count = 0
    for number in row:
        if minimum <= number <= maximum:
            count = count + 1
    return count
# [end]


# [loop]
def plain_loop(rows):
    return [count_in_range(row, 4, 8) for row in rows]
# [end]


# [processors]
def once_for_each_processor(rows):
    return [plain_loop(rows) for _ in range(multiprocessing.cpu_count())]


def once_on_each_processor(pool, rows):
    return pool.map(plain_loop, [rows] * multiprocessing.cpu_count(), chunksize=1)
# [end]


# [apply]
def apply(pool, rows):
    return [pool.apply(count_in_range, args=(row, 4, 8)) for row in rows]
# [end]


# [map]
def count_from_4_to_8(row):
    return count_in_range(row, 4, 8)


def map_rows(pool, rows):
    return pool.map(count_from_4_to_8, rows)
# [end]


# [starmap]
def starmap(pool, rows):
    return pool.starmap(count_in_range, [(row, 4, 8) for row in rows])
# [end]


# [imap]
def imap(pool, rows):
    return list(pool.imap(count_from_4_to_8, rows, chunksize=1000))
# [end]


# [apply_async_callback]
def count_with_index(index, row, minimum, maximum):
    return index, count_in_range(row, minimum, maximum)


def apply_async_with_callback(pool, rows):
    counts = []
    calls = [
        pool.apply_async(count_with_index, (index, row, 4, 8), callback=counts.append)
        for index, row in enumerate(rows)
    ]
    for call in calls:
        call.get()
    counts.sort()
    return [count for _, count in counts]
# [end]


# [apply_async]
def apply_async(pool, rows):
    calls = [pool.apply_async(count_in_range, (row, 4, 8)) for row in rows]
    return [call.get() for call in calls]
# [end]


# [starmap_async]
def starmap_async(pool, rows):
    return pool.starmap_async(count_in_range, [(row, 4, 8) for row in rows]).get()
# [end]


# [map_async]
def map_async(pool, rows):
    return pool.map_async(count_from_4_to_8, rows).get()
# [end]


def pieces(frame, pool):
    """The frame in as many pieces as there are workers."""
    n_rows = math.ceil(len(frame) / pool._processes)
    return [frame.iloc[first : first + n_rows] for first in range(0, len(frame), n_rows)]


# [frame_count]
def counts_of_frame(frame):
    return frame.apply(lambda row: count_in_range(row, 4, 8), axis=1)


def counts_by_row(pool, frame):
    return pandas.concat(pool.map(counts_of_frame, pieces(frame, pool)))
# [end]


# [frame_hypotenuse]
def hypotenuses_of_frame(frame):
    return frame.apply(lambda row: math.hypot(row["column_1"], row["column_2"]), axis=1)


def hypotenuses_by_row(pool, frame):
    return pandas.concat(pool.map(hypotenuses_of_frame, pieces(frame, pool)))
# [end]


# [frame_columns]
def sum_of_squares(column):
    return sum(number * number for number in column)


def sums_by_loop(frame):
    return [sum_of_squares(frame[name]) for name in frame]


def sums_by_column(pool, frame):
    return pool.map(sum_of_squares, [frame[name] for name in frame])
# [end]


# [frame_chunks]
def lengths(chunk):
    """The length of each row as a vector."""
    return ((chunk**2).sum(axis=1) ** 0.5).to_frame("length")


def lengths_in_chunks(pool, frame):
    return pandas.concat(pool.map(lengths, pieces(frame, pool)))
# [end]


# [common_items]
def common_items(a, b):
    return [item for item in a if item in b]


def common_items_by_loop(pairs):
    return [common_items(a, b) for a, b in pairs]


def common_items_in_pool(pool, pairs):
    return [pool.apply(common_items, args=(a, b)) for a, b in pairs]
# [end]


SCRIPT = """
import random
random.seed({})
for _ in range({}):
    print(*(random.randrange(10) for _ in range(5)), sep=",")
"""


# [scripts]
def run_script(script):
    return subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.PIPE).stdout


def run_one_by_one(scripts):
    return [run_script(script) for script in scripts]


def run_at_once(pool, scripts):
    return pool.map(run_script, scripts, chunksize=1)
# [end]


# [normalize]
def normalize(row):
    minimum, maximum = min(row), max(row)
    # A row of equal numbers has no range, and lies at its bottom.
    extent = (maximum - minimum) or 1
    return [(number - minimum) / extent for number in row]


def normalize_by_loop(rows):
    return [normalize(row) for row in rows]


def normalize_in_pool(pool, rows):
    return pool.map(normalize, rows)
# [end]


def sections(pool, rows):
    """Key, serial form, parallel form and data of each section."""
    some, more = rows[:ROWS_FOR_APPLY], rows[:ROWS_FOR_APPLY_ASYNC]
    pairs = [(row[:3], other[2:]) for row, other in zip(some, reversed(rows))]
    yield "processors", once_for_each_processor, once_on_each_processor, rows
    yield "loop", plain_loop, None, rows
    yield "apply", plain_loop, apply, some
    yield "map", plain_loop, map_rows, rows
    yield "starmap", plain_loop, starmap, rows
    yield "imap", plain_loop, imap, rows
    yield "apply_async_callback", plain_loop, apply_async_with_callback, more
    yield "apply_async", plain_loop, apply_async, more
    yield "starmap_async", plain_loop, starmap_async, rows
    yield "map_async", plain_loop, map_async, rows
    if pandas is not None:
        names = [f"column_{number}" for number in range(1, 6)]
        frame = pandas.DataFrame(rows, columns=names)
        part = frame.iloc[:ROWS_FOR_PANDAS]
        yield "frame_count", counts_of_frame, counts_by_row, part
        yield "frame_hypotenuse", hypotenuses_of_frame, hypotenuses_by_row, part
        yield "frame_columns", sums_by_loop, sums_by_column, frame
        yield "frame_chunks", lengths, lengths_in_chunks, frame
    yield "common_items", common_items_by_loop, common_items_in_pool, pairs
    scripts = [SCRIPT.format(seed, len(rows)) for seed in (1, 2, 3)]
    yield "scripts", run_one_by_one, run_at_once, scripts
    yield "normalize", normalize_by_loop, normalize_in_pool, rows


def timed(function, *arguments):
    """The result, and the shorter of two runs."""
    shortest = math.inf
    for _ in range(2):
        start = time.perf_counter()
        result = function(*arguments)
        shortest = min(shortest, time.perf_counter() - start)
    return result, shortest


def same(one, other):
    return one.equals(other) if hasattr(one, "equals") else one == other


def main(path, n_workers):
    numbers = array.array("q")
    with open(path, "rb") as file:
        numbers.frombytes(file.read())
    rows = [list(numbers[first : first + 5]) for first in range(0, len(numbers), 5)]
    answers = []
    with multiprocessing.Pool(n_workers) as pool:
        pool.map(abs, range(100))
        for key, serial, parallel, data in sections(pool, rows):
            expected, serial_seconds = timed(serial, data)
            found, seconds = (expected, serial_seconds) if parallel is None else timed(parallel, pool, data)
            answer = {"key": key, "seconds": seconds, "serial_seconds": serial_seconds}
            n_rows = len(rows) if key == "scripts" else len(data)
            answers.append(answer | {"rows": n_rows, "agree": bool(same(expected, found))})
    about = {"python": platform.python_version(), "pandas": pandas and pandas.__version__}
    print(json.dumps(about | {"sections": answers}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
