"""What other readers make of a file, value by value: pyarrow of binary formats, Python's csv, json, int and float of text."""

import csv
import datetime
import decimal
import io
import json
import re
import subprocess

def kind_of(path):
    """The format that a file has by its name."""
    name = path.name.lower()
    for ending in (".gz", ".zst"):
        name = name.removesuffix(ending)
    ending = name.rsplit(".", 1)[-1]
    return {"parq": "parquet", "feather": "arrow", "jsonl": "ndjson"}.get(ending, ending)


class Expected:
    """The columns of a file, by name, and how one of their values and one of the program's are compared."""

    def __init__(self, names, columns, n_rows, same):
        self.names, self.columns, self.n_rows, self.same = names, columns, n_rows, same
        self.shape = (n_rows, len(names))

    def difference(self, written):
        """The first difference from a table that the program wrote; None where there is none."""
        if self.shape != (written.num_rows, written.num_columns):
            return f"{(written.num_rows, written.num_columns)} instead of {self.shape}"
        for index, name in enumerate(self.names):
            if name is not None and written.column_names[index] != name:
                return f"column {index} is {written.column_names[index]!r} instead of {name!r}"
            of_type = written.schema.field(index).type
            for row, (expected, found) in enumerate(zip(self.columns[index], plain(written.column(index)))):
                if not self.same(expected, found):
                    return f"row {row}, column {name!r} ({of_type}): {found!r:.100} instead of {expected!r:.100}"
        return None


def plain(column):
    """The values of a column as Python's own, those of times as whole numbers of their unit."""
    return [simple(value) for value in column.to_pylist()] if not is_time(column.type) else times(column)


def is_time(of_type):
    import pyarrow

    return pyarrow.types.is_timestamp(of_type) or pyarrow.types.is_duration(of_type)


def times(column):
    """Instants and durations in nanoseconds: Python's own end at microseconds and the year 9999."""
    import pyarrow

    units = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
    factor = units[column.type.unit]
    whole = pyarrow.chunked_array([chunk.view("int64") for chunk in column.chunks], "int64")
    return [None if value is None else value * factor for value in whole.to_pylist()]


def simple(value):
    if isinstance(value, dict):
        return {name: simple(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [simple(inner) for inner in value]
    if isinstance(value, float) and value != value:
        return "NaN"
    if isinstance(value, (datetime.datetime, datetime.timedelta)) and hasattr(value, "value"):
        return value.value
    return value


def same_binary(expected, found):
    """Whether a value of pyarrow's and one of the program's are the same. A map is a list of entries for the one, and of objects
    for the other, which is the only difference that is let pass."""
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same_binary, expected, found))
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(same_binary(value, found[name]) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(found, dict):
        return len(expected) == len(found) == 2 and all(map(same_binary, expected, found.values()))
    return expected == found


def of_binary(path):
    """What pyarrow makes of a binary file; None where it cannot read it."""
    import pyarrow
    import pyarrow.feather
    import pyarrow.parquet

    try:
        match kind_of(path):
            case "parquet":
                table = pyarrow.parquet.ParquetFile(path).read()
            case "arrow":
                table = pyarrow.feather.read_table(path)
            case "arrows":
                table = pyarrow.ipc.open_stream(path).read_all()
            case _:
                return None
        columns = [plain(column) for column in table.columns]
    except Exception:
        return None
    return Expected(table.column_names, columns, table.num_rows, same_binary)


def told(path, program, nulls):
    """What the program says of a text file; None where it cannot be read."""
    flags = [flag for null in nulls for flag in ("--null-value", null)]
    run = subprocess.run([program, "info", str(path), "--json", *flags], capture_output=True)
    return json.loads(run.stdout)["files"][0] if run.returncode == 0 else None


def nulls_of(path, program):
    """The texts that stand for missing values in a CSV file, as far as the program proposes them: it takes nothing for one by itself."""
    nulls = []
    while kind_of(path) in ("csv", "tsv") and len(nulls) < 8:
        flags = [flag for null in nulls for flag in ("--null-value", null)]
        run = subprocess.run([program, "info", str(path), *flags], capture_output=True, text=True)
        proposed = re.search(r"stands for a missing value give --null-value ('[^']*'|\S+),", run.stderr)
        if run.returncode == 0 or not proposed:
            break
        nulls.append(proposed[1].strip("'"))
    return nulls


def records_of(path, program, nulls):
    """The records of a CSV file by Python's csv module, with the delimiter that the program tells; None where they cannot be had."""
    if kind_of(path) not in ("csv", "tsv") or path.suffix in (".gz", ".zst"):
        return None
    content = path.read_bytes()
    # A carriage return alone is a character of a cell here, and ends a line there.
    if re.search(rb"\r(?!\n)", content) or (file := told(path, program, nulls)) is None:
        return None
    csv.field_size_limit(1 << 30)
    try:
        text = content.decode("utf-8-sig")
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=file["delimiter"]))
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError):
        return None
    n_columns = max((len(record) for record in records), default=0)
    # Blank lines before the header are none, and behind it rows of a file of one column only.
    while records and not records[0]:
        records.pop(0)
    return [record for record in records if record or n_columns <= 1] or None


def of_text(path, program, nulls):
    """What Python makes of a text file; None where it is none, or cannot be read."""
    if kind_of(path) == "ndjson":
        return of_json(path)
    records = records_of(path, program, nulls)
    if records is None:
        return None
    header, *rows = records
    # Rows of different lengths are refused, which is no fault.
    if any(len(row) not in (len(header), 0) for row in rows):
        return None
    rows = [row or [""] for row in rows]
    # The program names columns that have no name.
    names = [name if name and header.count(name) == 1 else None for name in header]
    return Expected(names, list(zip(*rows)) or [()] * len(names), len(rows), lambda text, found: same_text(text, found, nulls))


def of_json(path):
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8-sig").split("\n") if line.strip()]
    except (UnicodeDecodeError, ValueError):
        return None
    if not lines or not all(isinstance(line, dict) for line in lines):
        return None
    names = list(dict.fromkeys(name for line in lines for name in line))
    columns = [[line.get(name) for line in lines] for name in names]
    return Expected(names, columns, len(lines), same_json)


def same_text(text, found, nulls):
    """Whether a value is what the text of a cell says."""
    if found is None:
        return text == "" or text in nulls
    if isinstance(found, str):
        return found == text or (found == "NaN" and text.strip().lower() in ("nan", "-nan", "+nan"))
    stripped = text.strip()
    try:
        if isinstance(found, bool):
            return stripped.lower() == str(found).lower()
        if isinstance(found, int) and re.fullmatch(r"[+-]?\d+", stripped):
            return int(stripped) == found
        if isinstance(found, float):
            return float(stripped) == found
        if isinstance(found, decimal.Decimal):
            return decimal.Decimal(stripped) == found
        if isinstance(found, datetime.date):
            return instant(stripped).date() == found
        if isinstance(found, datetime.time):
            return datetime.time.fromisoformat(stripped) == found
        # An instant, in nanoseconds.
        moment = instant(stripped)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
        since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return (since // datetime.timedelta(microseconds=1)) == found // 1000
    except ValueError:
        return False


def instant(text):
    for form in ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S", "%Y%m%d", "%d-%m-%Y"):
        try:
            return datetime.datetime.strptime(text, form)
        except ValueError:
            pass
    return datetime.datetime.fromisoformat(text)


def same_json(expected, found):
    """Whether a value is what JSON says: text is taken of what is no text where a column has both, and keys that a line does not have
    are null."""
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same_json, expected, found))
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(same_json(expected.get(name), value) for name, value in found.items())
    if isinstance(found, str) and not isinstance(expected, str):
        return expected is not None
    return expected == found


def appended(path, out, program, nulls):
    """What is wrong with a CSV file that got a column of ones."""
    # Only CSV becomes CSV as it stands.
    records = records_of(path, program, nulls) if kind_of(path) == "csv" else None
    if records is None:
        return None
    delimiter = told(path, program, nulls)["delimiter"]
    with open(out, encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file, delimiter=delimiter))
    expected = [record + ["1" if index else "one__"] for index, record in enumerate(record or [""] for record in records)]
    for index, (expected, found) in enumerate(zip(expected, written)):
        if expected != found:
            return f"record {index} is {found!r:.150} instead of {expected!r:.150}"
    return None if len(written) == len(records) else f"{len(written)} records instead of {len(records)}"
