"""The range count over a CSV file with `multiprocessing.Pool.map`, from file to file: the peer of `parrow apply --python`.

    python3 pool_map.py INPUT OUTPUT WORKERS CHUNK_SIZE

A chunk size of 0 leaves it to the pool. The file is read and written with pyarrow, which is the fastest that Python has
for it.
"""

import functools
import multiprocessing
import sys

import pyarrow
import pyarrow.csv

from row_functions import howmany_within_range


def main():
    source, target, n_workers, chunk_size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    table = pyarrow.csv.read_csv(source)
    rows = list(zip(*(column.to_pylist() for column in table.columns)))
    del table
    count = functools.partial(howmany_within_range, minimum=4, maximum=8)
    with multiprocessing.Pool(n_workers) as pool:
        counts = pool.map(count, rows, chunksize=chunk_size or None)
    result = pyarrow.table({"howmany_within_range": pyarrow.array(counts)})
    pyarrow.csv.write_csv(result, target, pyarrow.csv.WriteOptions(quoting_style="none"))


if __name__ == "__main__":
    main()
