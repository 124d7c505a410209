#!/usr/bin/env python3
"""Makes the files of this folder again, byte for byte: `pip install pyarrow==26.0.1 && python3 data/make.py`.

Random numbers come from Python's Mersenne Twister with the seeds below, which is the same on every machine.
"""

import csv
import datetime
import json
import random
from pathlib import Path

import pyarrow
from pyarrow import parquet

FOLDER = Path(__file__).parent


def write_csv(name, header, rows, delimiter=","):
    """Quotes what needs it; None is an empty cell."""
    with open(FOLDER / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_parquet(name, table, rows_in_group=65_536):
    parquet.write_table(table, FOLDER / name, compression="zstd", row_group_size=rows_in_group)


def matrix():
    """200,000 rows of five integers from 0 to 9. The first five rows are those of the problem as it is known."""
    header = ["a", "b", "c", "d", "e"]
    rows = [[7, 6, 9, 6, 3], [9, 9, 6, 3, 7], [7, 8, 0, 9, 8], [7, 3, 9, 9, 4], [7, 2, 4, 9, 5]]
    generator = random.Random(100)
    while len(rows) < 200_000:
        rows.append([generator.randrange(10) for _ in header])
    write_csv("matrix.csv", header, rows)
    columns = {name: pyarrow.array(values, pyarrow.int64()) for name, values in zip(header, zip(*rows))}
    write_parquet("matrix.parquet", pyarrow.table(columns))


def stations():
    """A year's summary of invented weather stations: every common dtype, nulls, quoted names, dates and times."""
    generator = random.Random(1)
    names = [
        "Harbour", "Airport, north", "Old Town", 'The "Rock"', "Lighthouse", "Côte d'Azur", "上海 East", "Mill Lane",
        "Summit", "Valley, upper\nand lower", "Pier 7", "Observatory",
    ]
    header = [
        "id", "name", "opened", "last_report", "elevation", "coldest", "warmest", "rain", "wind_x", "wind_y", "staffed",
    ]
    rows = []
    for index, name in enumerate(names):
        coldest = round(generator.uniform(-30, 5), 1)
        row = [
            100 + index,
            name,
            datetime.date(1890, 1, 1) + datetime.timedelta(days=generator.randrange(47_000)),
            datetime.datetime(2024, 12, 31) + datetime.timedelta(seconds=generator.randrange(86_400)),
            generator.randrange(-3, 2_900),
            coldest,
            round(coldest + generator.uniform(20, 45), 1),
            round(generator.uniform(200, 2_400), 1),
            round(generator.gauss(0, 5), 2),
            round(generator.gauss(0, 5), 2),
            generator.random() < 0.5,
        ]
        for place in (4, 6, 7, 8, 10):
            if generator.random() < 0.15:
                row[place] = None
        rows.append(row)

    def cell(value):
        if isinstance(value, bool):
            return str(value).lower()
        return value.isoformat() if isinstance(value, datetime.date) else value

    write_csv("stations.csv", header, [[cell(value) for value in row] for row in rows])
    types = [
        pyarrow.int64(), pyarrow.string(), pyarrow.date32(), pyarrow.timestamp("us"), pyarrow.int32(),
        pyarrow.float64(), pyarrow.float64(), pyarrow.float32(), pyarrow.float64(), pyarrow.float64(), pyarrow.bool_(),
    ]
    columns = {name: pyarrow.array(values, kind) for name, values, kind in zip(header, zip(*rows), types)}
    write_parquet("stations.parquet", pyarrow.table(columns))


def sales():
    """1,000 sales, tab-separated, `n/a` where a value is missing, and prices that have a fraction from row 700 on."""
    generator = random.Random(2)
    shops = ["Lisbon", "Oslo", "Kraków", "Accra", "Quito"]
    day = datetime.date(2024, 1, 1)
    rows = []
    for index in range(1_000):
        price = generator.randrange(1, 200) if index < 700 else round(generator.uniform(1, 200), 2)
        rows.append([
            day + datetime.timedelta(days=index // 3),
            generator.choice(shops),
            generator.randrange(1, 40),
            "n/a" if generator.random() < 0.02 else price,
            "" if generator.random() < 0.3 else generator.choice(["gift", "return", "says \"fine\"", "two\tparts"]),
        ])
    write_csv("sales.tsv", ["day", "shop", "quantity", "price", "note"], rows, delimiter="\t")


def lists():
    """200 rows of two columns of lists: text in CSV, lists in Parquet and NDJSON. A few are empty, a few are null."""
    generator = random.Random(3)

    def draw():
        if generator.random() < 0.04:
            return None
        return [generator.randrange(12) for _ in range(generator.randrange(7))]

    rows = [[[1, 2, 3], [3, 1]], [[4, 4, 5], [5, 4, 4]], [[], [1]], [[9, 8], None]]
    rows += [[draw(), draw()] for _ in range(196)]
    header = ["list_a", "list_b"]
    write_csv("lists.csv", header, [[None if it is None else json.dumps(it) for it in row] for row in rows])
    kind = pyarrow.list_(pyarrow.int64())
    write_parquet("lists.parquet", pyarrow.table({n: pyarrow.array(v, kind) for n, v in zip(header, zip(*rows))}))
    with open(FOLDER / "lists.ndjson", "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(header, row))) + "\n")


def points():
    """500 points in a plane, `x` and `y`; one is far away, one is missing its `y`."""
    generator = random.Random(4)
    rows = [[3.0, 4.0], [5.0, 12.0], [1e200, 1e200], [0.5, None]]
    rows += [[round(generator.gauss(0, 10), 3), round(generator.gauss(0, 10), 3)] for _ in range(496)]
    write_csv("points.csv", ["x", "y"], rows)


def mistakes():
    """What people's files are like: a cell that is no number, and a row with a cell too many."""
    generator = random.Random(5)
    rows = [[index, generator.randrange(100), generator.randrange(100)] for index in range(40)]
    bad_cell = [list(row) for row in rows]
    bad_cell[28][2] = "1O7"
    write_csv("bad_cell.csv", ["id", "before", "after"], bad_cell)
    ragged = [list(row) for row in rows]
    ragged[12].append(7)
    write_csv("ragged.csv", ["id", "before", "after"], ragged)


if __name__ == "__main__":
    for make in (matrix, stations, sales, lists, points, mistakes):
        make()
