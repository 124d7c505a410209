"""One of parrow's peers in Python, run by `compare.py`: does its work each time it is told to, and says what that took.

    peer.py NAME WORK SOURCE OUTPUT     says "ready", then for each line of its input does the work once
    peer.py data ROWS CSV PARQUET       makes the table of floats
    peer.py answer WORK SOURCE OUTPUT   what an output says, as a text that is the same for equal answers
"""

import functools
import hashlib
import json
import multiprocessing
import os
import sys
import time

from row_functions import howmany_within_range

LOW, HIGH = 4, 8
NAMES = [f"column_{index}" for index in range(1, 6)]
count = functools.partial(howmany_within_range, minimum=LOW, maximum=HIGH)


def count_of_values(*values):
    return howmany_within_range(values, LOW, HIGH)


def count_of_series(row):
    return howmany_within_range(row, LOW, HIGH)


def digest(values):
    """The same for the same numbers, whoever has computed them."""
    import numpy
    values = numpy.asarray(values)
    if values.dtype.kind == "f":
        return f"{len(values)} {hashlib.sha256(values.astype('float64').tobytes()).hexdigest()[:16]}"
    values = values.astype("int64")
    return f"{len(values)} {values.sum()} {values @ numpy.arange(1, len(values) + 1)}"


def data(n_rows, csv, parquet):
    import numpy
    import polars
    random = numpy.random.default_rng(1)
    columns = {f"x{index}": random.normal(size=n_rows) * 1000 for index in range(8)}
    words = numpy.array(["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple"])
    frame = polars.DataFrame({**columns, "name": words[random.integers(0, len(words), n_rows)]})
    frame.write_csv(csv)
    frame.write_parquet(parquet)


def answer(work, source, output):
    """The new column; where rows were appended to, the old ones must be the source's as well."""
    import numpy
    import pyarrow.csv
    import pyarrow.parquet
    new_only = not work.endswith(("-csv", "-parquet"))
    if output.endswith(".parquet"):
        import polars
        table, before = polars.read_parquet(output), polars.read_parquet(source.removesuffix("csv") + "parquet")
        if not new_only and not table.select(before.columns).equals(before):
            return "the old columns have changed"
        return digest(table[table.columns[-1]].to_numpy())
    # Some write a header and some do not.
    with open(output, "rb") as file:
        first = file.readline().strip().strip(b'"').split(b",")[-1].strip(b'"')
    has_header = not first.replace(b".", b"").replace(b"-", b"").replace(b"e", b"").replace(b"+", b"").isdigit()
    options = pyarrow.csv.ReadOptions(autogenerate_column_names=True, skip_rows=int(has_header))
    table = pyarrow.csv.read_csv(output, options)
    if not new_only:
        before = pyarrow.csv.read_csv(source, pyarrow.csv.ReadOptions(autogenerate_column_names=True, skip_rows=1))
        # GNU parallel gives the header to awk as if it were a row.
        for old, new in zip(before.columns, table.columns):
            if not old.equals(new) and digest_of(old) != digest_of(new):
                return "the old columns have changed"
    values = table.columns[-1].to_numpy()
    if work.startswith("float"):
        values = values.astype(numpy.float64)
    return digest(values)


def digest_of(column):
    return digest(column.to_numpy()) if column.type != "string" else hash(tuple(column.to_pylist()))


def in_polars(work, source, output):
    import polars as pl
    counted = pl.sum_horizontal(pl.col(name).is_between(LOW, HIGH).cast(pl.UInt32) for name in NAMES).alias("n")
    root = (pl.col("x0") * pl.col("x0") + pl.col("x1") * pl.col("x1")).sqrt().alias("r")
    if work == "memory":
        frame = pl.read_parquet(source).rechunk()
        return lambda: frame.select(counted)["n"], lambda result: digest(result.to_numpy())
    scan = pl.scan_csv if source.endswith("csv") else pl.scan_parquet
    new = root if work.startswith("float") else counted
    def run():
        lazy = scan(source)
        lazy = lazy.with_columns(new) if work.endswith(("-csv", "-parquet")) else lazy.select(new)
        if output.endswith(".csv"):
            lazy.sink_csv(output)
        elif output:
            lazy.sink_parquet(output)
        else:
            return lazy.collect()["n"]
    return run, lambda result: None if result is None else digest(result.to_numpy())


def in_duckdb(work, source, output):
    import duckdb
    counted = " + ".join(f"({name} BETWEEN {LOW} AND {HIGH})::INT" for name in NAMES)
    new = "sqrt(x0*x0 + x1*x1) AS r" if work.startswith("float") else f"{counted} AS n"
    if work == "memory":
        duckdb.sql(f"CREATE TABLE t AS SELECT * FROM '{source}'")
        return lambda: duckdb.sql(f"SELECT {new} FROM t").fetchnumpy()["n"], digest
    columns = f"*, {new}" if work.endswith(("-csv", "-parquet")) else new
    def run():
        query = f"SELECT {columns} FROM '{source}'"
        if output:
            how = "(HEADER)" if output.endswith(".csv") else "(FORMAT parquet)"
            duckdb.sql(f"COPY ({query}) TO '{output}' {how}")
            return None
        return duckdb.sql(query).fetchnumpy()["n"]
    return run, lambda result: None if result is None else digest(result)


def in_numpy(work, source, output):
    import polars
    frame = polars.read_parquet(source)
    columns = [frame[name].to_numpy() for name in NAMES]
    def run():
        counts = (columns[0] >= LOW) & (columns[0] <= HIGH)
        counts = counts.astype("uint8")
        for column in columns[1:]:
            counts += (column >= LOW) & (column <= HIGH)
        return counts
    return run, digest


def in_pandas(work, source, output):
    import pandas
    def run():
        frame = pandas.read_csv(source) if source.endswith("csv") else pandas.read_parquet(source)
        counts = ((frame >= LOW) & (frame <= HIGH)).sum(axis=1)
        if output:
            counts.rename("n").to_csv(output, index=False)
            return None
        return counts
    return run, lambda result: None if result is None else digest(result)


def rows_of(source):
    import pyarrow.csv
    table = pyarrow.csv.read_csv(source)
    return list(zip(*(column.to_pylist() for column in table.columns)))


def in_python(name, source):
    """The function over rows that are in memory as Python has them: what is timed is the loop, or the pool with its processes."""
    n_workers = len(os.sched_getaffinity(0))
    if name in ("pandas.apply", "pandarallel", "swifter"):
        import pandas
        frame = pandas.read_csv(source)
        if name == "pandas.apply":
            return lambda: frame.apply(count_of_series, axis=1, raw=True)
        if name == "pandarallel":
            import pandarallel
            pandarallel.pandarallel.initialize(nb_workers=n_workers, verbose=0)
            return lambda: frame.parallel_apply(count_of_series, axis=1)
        import swifter  # noqa: F401
        return lambda: frame.swifter.progress_bar(False).apply(count_of_series, axis=1)
    rows = rows_of(source)
    if name == "Python's loop":
        return lambda: [howmany_within_range(row, LOW, HIGH) for row in rows]
    def pool():
        with multiprocessing.Pool(n_workers) as workers:
            if name == "Pool.map":
                return workers.map(count, rows, chunksize=max(len(rows) // (n_workers * 4), 1))
            return workers.starmap(count_of_values, rows)
    return pool


def serve(name, work, source, output):
    makers = {"polars": in_polars, "duckdb": in_duckdb, "numpy": in_numpy, "pandas": in_pandas}
    try:
        if name in makers:
            run, answer_of = makers[name](work, source, output)
        else:
            run, answer_of = in_python(name, source), digest
    except ImportError as error:
        print(error, flush=True)
        return
    # What libraries print must not stand among the answers.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print("ready", file=told, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        result = run()
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "answer": answer_of(result)}), file=told, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "data":
        data(int(sys.argv[2]), sys.argv[3], sys.argv[4])
    elif sys.argv[1] == "answer":
        print(answer(*sys.argv[2:5]))
    else:
        serve(*sys.argv[1:5])
