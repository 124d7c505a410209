"""The Python side of a worker: calls a function of the user's on rows that come in batches on standard input, and
answers on standard output. parrow starts it with the protocol, the file and the name of the function as arguments.

First it writes a line of JSON: the function's parameters, or what keeps it from being called. It reads a line of JSON:
which columns and constants go where. Then batches come and go, as docs/worker-protocol.md has it, in Arrow or NDJSON; in
NDJSON a line with the number of its rows stands before each batch.

The standard library and, for Arrow, pyarrow are all that it needs.
"""

import json
import os
import sys
from itertools import repeat
from keyword import iskeyword

ERROR = "parrow_error"
OTHER = "parrow_other"
N_LARGEST_FRAMES = 12


def main(protocol, path, name):
    source, sink = take_pipes()
    pyarrow = None
    try:
        if protocol == "arrow":
            pyarrow = import_pyarrow()
        function = load(path, name)
        hello = {"parameters": parameters_of(function)}
    except MissingPackage as error:
        hello = {"missing": str(error)}
    except BaseException as error:
        hello = {"error": describe(error)}
    sink.write(json.dumps(hello).encode() + b"\n")
    sink.flush()
    line = source.readline() if "parameters" in hello else b""
    if line:
        call = Call(function, json.loads(line), pyarrow)
        if pyarrow:
            serve_arrow(pyarrow, call, source, sink)
        else:
            serve_ndjson(call, source, sink)


class MissingPackage(Exception):
    pass


def import_pyarrow():
    try:
        import pyarrow
        return pyarrow
    except ImportError as error:
        raise MissingPackage(str(error))


def take_pipes():
    """Takes standard input and output away from the user's code: it reads nothing, and what it prints goes to standard
    error, whichever library prints it."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    for pipe in (source, sink):
        widen(pipe)
    return open(source, "rb", 1 << 16), open(sink, "wb", 1 << 16)


def widen(pipe):
    try:
        import fcntl
        fcntl.fcntl(pipe, getattr(fcntl, "F_SETPIPE_SZ", 1031), 1 << 20)
    except (ImportError, OSError):
        pass


def load(path, name):
    """The function `name`, which may have dots, of the file at `path`."""
    folder = os.path.dirname(os.path.abspath(path))
    if sys.path and sys.path[0] == "":
        sys.path[0] = folder
    else:
        sys.path.insert(0, folder)
    sys.argv = [path]
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    stem = os.path.splitext(os.path.basename(path))[0]
    module = type(sys)(stem if stem not in sys.modules else "parrow_user_" + stem)
    module.__file__ = os.path.abspath(path)
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            there = ", ".join(functions) if functions else "none"
            raise NoFunction(f"there is no {name!r} in {path} (functions: {there})")
        found = getattr(found, part)
    if not callable(found):
        raise NoFunction(f"{name!r} in {path} is {type(found).__name__}, and no function")
    return found


class NoFunction(Exception):
    pass


def parameters_of(function):
    """The name, the kind and whether there is a default for each parameter; None where Python does not know."""
    import inspect
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[it.name, it.kind.name, it.default is not it.empty] for it in parameters]


def describe(error):
    """An exception as a text: what it is, and below it the frames of the user's code."""
    if isinstance(error, NoFunction):
        return str(error)
    try:
        text = str(error)
    except Exception:
        text = ""
    lines = [type(error).__name__ + (": " + text if text else "")]
    if isinstance(error, SyntaxError) and error.filename:
        lines = [f"{type(error).__name__}: {error.msg}", f'  File "{error.filename}", line {error.lineno}']
        if error.text:
            lines.append("    " + error.text.strip())
    frames, at = [], error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if code.co_filename != __file__ and not code.co_filename.startswith("<frozen"):
            frames.append((code.co_filename, at.tb_lineno, code.co_name))
        at = at.tb_next
    import linecache
    half = N_LARGEST_FRAMES // 2
    for index, (file, line, name) in enumerate(frames):
        if half <= index < len(frames) - half:
            if index == half:
                lines.append(f"  … {len(frames) - 2 * half} more")
            continue
        lines.append(f'  File "{file}", line {line}, in {name}')
        text = linecache.getline(file, line).strip()
        if text:
            lines.append("    " + text)
    if error.__cause__ is not None:
        lines.append("caused by " + describe(error.__cause__))
    return "\n".join(lines)


class Call:
    """How the function is called on the rows of a batch."""

    def __init__(self, function, setup, pyarrow):
        self.function = function
        self.pyarrow = pyarrow
        self.names = setup["names"]
        self.inputs = setup["inputs"]
        self.positional = setup["positional"]
        self.keywords = setup["keywords"]
        self.whole = setup["whole"]
        if self.keywords:
            self.generate = self.generator()

    def generator(self):
        """`(function(p0, p1, minimum=k0) for p0, p1, k0 in rows)`, for this call's arguments."""
        first = [f"p{index}" for index in range(len(self.positional))]
        rest = [f"k{index}" for index in range(len(self.keywords))]
        arguments = first + [f"**{{{name!r}: {it}}}" for (name, _), it in zip(self.keywords, rest)]
        if all(name.isidentifier() and not iskeyword(name) for name, _ in self.keywords):
            arguments = first + [f"{name}={it}" for (name, _), it in zip(self.keywords, rest)]
        text = f"lambda rows: (function({', '.join(arguments)}) for {', '.join(first + rest)}, in rows)"
        return eval(compile(text, __file__, "eval"), {"function": self.function})

    def results(self, columns, n_rows):
        """The function's result for each row, None where it failed, and what it failed with."""
        sources = [source for source in self.positional] + [source for _, source in self.keywords]
        values = [self.values(source, columns, n_rows) for source in sources]
        if self.keywords:
            rows = zip(*values)
            calls = self.generate(rows)
        else:
            calls = map(self.function, *values) if values else (self.function() for _ in range(n_rows))
        results, faults = [], {}
        while len(results) < n_rows:
            try:
                # Where a call raises, the results before it stay, and the arguments go on behind it.
                results.extend(calls)
                if len(results) < n_rows:
                    raise RuntimeError("the function raised StopIteration")
            except (Exception, SystemExit) as error:
                faults[len(results)] = describe(error)
                results.append(None)
                if self.keywords:
                    calls = self.generate(rows)
                elif not values:
                    calls = (self.function() for _ in range(n_rows - len(results)))
        return results, faults

    def values(self, source, columns, n_rows):
        kind, value = source
        if kind == "column":
            return columns[value]
        if kind == "constant":
            return repeat(value, n_rows)
        chosen = [columns[index] for index in value]
        rows = zip(*chosen) if chosen else repeat((), n_rows)
        if kind == "tuple":
            return rows
        if kind == "list":
            return map(list, rows)
        names = [self.inputs[index] for index in value]
        return (dict(zip(names, row)) for row in rows)

    def whole_results(self, batch):
        """The columns of results for a whole batch; it is halved until the rows are known on which the function fails."""
        try:
            constants = {name: value for name, (_, value) in self.keywords}
            return whole_columns(self.pyarrow, self.function(self.given(batch), **constants), self.names, len(batch)), {}
        except (Exception, SystemExit) as error:
            if len(batch) == 1:
                return [[None] for _ in self.names], {0: describe(error)}
        middle = len(batch) // 2
        first, faults = self.whole_results(batch.slice(0, middle))
        second, others = self.whole_results(batch.slice(middle))
        faults.update((row + middle, message) for row, message in others.items())
        return [joined(self.pyarrow, pair) for pair in zip(first, second)], faults

    def given(self, batch):
        table = self.pyarrow.Table.from_batches([batch])
        if self.whole == "pandas":
            return table.to_pandas()
        if self.whole == "polars":
            import polars
            return polars.from_arrow(table)
        return table


def whole_columns(pyarrow, result, names, n_rows):
    """What a function of whole batches returned, as a column for each name."""
    if hasattr(result, "to_arrow"):
        result = result.to_arrow()
    elif type(result).__module__.startswith("pandas"):
        result = result if hasattr(result, "columns") else pyarrow.Array.from_pandas(result)
    if hasattr(result, "columns") and not isinstance(result, (pyarrow.Table, pyarrow.RecordBatch)):
        result = pyarrow.Table.from_pandas(result, preserve_index=False)
    if isinstance(result, (pyarrow.Table, pyarrow.RecordBatch)):
        there = result.schema.names
        missing = [name for name in names if name not in there]
        if missing and len(there) != len(names):
            raise ValueError(f"the function returned a table with columns {there}, and {missing[0]!r} is wanted")
        columns = list(result.columns) if missing else [result.column(name) for name in names]
    elif isinstance(result, dict):
        columns = [result[name] for name in names]
    elif len(names) > 1 and isinstance(result, (tuple, list)):
        if len(result) != len(names):
            raise ValueError(f"the function returned {len(result)} columns, and {len(names)} names were given")
        columns = list(result)
    else:
        columns = [result]
    return [whole_column(pyarrow, column, n_rows) for column in columns]


def whole_column(pyarrow, column, n_rows):
    if hasattr(column, "to_arrow"):
        column = column.to_arrow()
    elif type(column).__module__.startswith("pandas"):
        column = pyarrow.Array.from_pandas(column)
    elif type(column).__module__.startswith("numpy") and hasattr(column, "shape"):
        column = pyarrow.array(column)
    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        column = column.chunk(0) if isinstance(column, pyarrow.ChunkedArray) else column
    if not isinstance(column, (list, tuple, pyarrow.Array)):
        raise TypeError(f"the function returned {type(column).__name__}; a function of whole batches returns a column")
    if len(column) != n_rows:
        raise ValueError(f"the function returned {len(column)} values for {n_rows} rows")
    return column


def joined(pyarrow, columns):
    first, second = columns
    if isinstance(first, pyarrow.Array) and isinstance(second, pyarrow.Array) and first.type == second.type:
        return pyarrow.concat_arrays([first, second])
    return [value for column in columns for value in (column.to_pylist() if hasattr(column, "to_pylist") else column)]


def columns_of(results, names, faults):
    """The results as a list of values for each name."""
    kinds = set(map(type, results))
    if len(names) == 1:
        if dict in kinds:
            for row, result in enumerate(results):
                if type(result) is dict:
                    results[row] = by_name(result, names, row, faults)[0]
        return [results]
    if kinds == {tuple} and set(map(len, results)) == {len(names)}:
        return [list(column) for column in zip(*results)]
    rows = []
    for row, result in enumerate(results):
        if isinstance(result, dict):
            rows.append(by_name(result, names, row, faults))
        elif result is None:
            rows.append([None] * len(names))
        elif hasattr(result, "__len__") and not isinstance(result, (str, bytes)) and len(result) == len(names):
            rows.append(list(result))
        else:
            found = f"{len(result)} values" if isinstance(result, (tuple, list)) else type(result).__name__
            wanted = f"{len(names)} values are wanted, for {', '.join(names)}"
            faults.setdefault(row, f"the function returned {found}, and {wanted}")
            rows.append([None] * len(names))
    return [list(column) for column in zip(*rows)] if rows else [[] for _ in names]


def by_name(result, names, row, faults):
    for name in names:
        if name not in result:
            keys = ", ".join(map(str, result)) or "none"
            faults.setdefault(row, f"the function returned a dict without {name!r} (keys: {keys})")
            return [None] * len(names)
    return [result[name] for name in names]


def plain(value):
    """A value as one of Python's own types, where it is one of numpy's, of pandas' or of a subclass."""
    kind = type(value)
    if kind.__module__.startswith("numpy") and hasattr(value, "tolist"):
        return value.tolist()
    if kind.__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    if hasattr(value, "to_pytimedelta"):
        return value.to_pytimedelta()
    for base in (bool, int, float, str, bytes):
        if isinstance(value, base):
            return base(value)
    return value


class ArrowColumns:
    """Python's values as columns of Arrow, one for each type that there is among them."""

    def __init__(self, pyarrow):
        self.pyarrow = pyarrow
        self.types = {
            bool: pyarrow.bool_(),
            int: pyarrow.int64(),
            float: pyarrow.float64(),
            str: pyarrow.large_string(),
        }

    def of(self, values, faults):
        if isinstance(values, self.pyarrow.Array):
            return [values]
        kinds = set(map(type, values))
        kinds.discard(type(None))
        if not kinds:
            return [self.pyarrow.nulls(len(values))]
        if len(kinds) == 1:
            wanted = self.types.get(next(iter(kinds)))
            if wanted is not None:
                try:
                    return [self.pyarrow.array(values, wanted)]
                except (OverflowError, ValueError, self.pyarrow.ArrowException):
                    pass
        return self.by_kind(values, faults)

    def by_kind(self, values, faults):
        parts = {}
        for row, value in enumerate(values):
            if value is None:
                continue
            try:
                value, kind = self.with_kind(plain(value))
            except (TypeError, ValueError) as error:
                faults.setdefault(row, str(error))
                continue
            if kind is not None:
                parts.setdefault(kind, [None] * len(values))[row] = value
        columns = [self.pyarrow.array(part, self.type_of(kind)) for kind, part in parts.items()]
        return columns or [self.pyarrow.nulls(len(values))]

    def with_kind(self, value):
        """The value as it is stored, and a word, or several, for the type of its column."""
        import datetime
        kind = type(value)
        if value is None:
            return None, None
        if kind is int:
            if -(1 << 63) <= value < 1 << 63:
                return value, "int"
            if 0 <= value < 1 << 64:
                return value, "uint"
            raise ValueError("the function returned an integer that 64 bits do not hold; return a float or a str")
        if kind in (bool, float):
            return value, kind.__name__
        if kind is str:
            value.encode()
            return value, "str"
        if kind is bytes:
            return value, "bytes"
        if isinstance(value, datetime.datetime):
            if value.tzinfo is not None:
                raise ValueError(
                    "the function returned a datetime with a time zone; return it without, "
                    "as in value.astimezone(timezone.utc).replace(tzinfo=None)"
                )
            return value, "datetime"
        for base in (datetime.date, datetime.time, datetime.timedelta):
            if isinstance(value, base):
                return value, base.__name__
        if isinstance(value, (list, tuple)):
            return self.list_with_kind(value)
        raise TypeError(
            f"the function returned a value of type {kind.__name__}; return None, bool, int, float, str, bytes, "
            "date, time, datetime, timedelta, or a list of one of them"
        )

    def list_with_kind(self, value):
        items = [self.with_kind(plain(item)) for item in value]
        kinds = {kind for _, kind in items if kind is not None}
        if kinds == {"int", "float"}:
            return [None if item is None else float(item) for item, _ in items], ("list", "float")
        if len(kinds) > 1:
            words = sorted(kind if isinstance(kind, str) else "list" for kind in kinds)
            raise ValueError(f"the function returned a list that holds {' and '.join(words)}; a list holds one type")
        return [item for item, _ in items], ("list", kinds.pop() if kinds else "null")

    def type_of(self, kind):
        pa = self.pyarrow
        if isinstance(kind, tuple):
            return pa.large_list(self.type_of(kind[1]))
        return {
            "bool": pa.bool_(),
            "int": pa.int64(),
            "uint": pa.uint64(),
            "float": pa.float64(),
            "str": pa.large_string(),
            "bytes": pa.large_binary(),
            "date": pa.date32(),
            "time": pa.time64("us"),
            "datetime": pa.timestamp("us"),
            "timedelta": pa.duration("us"),
            "null": pa.null(),
        }[kind]


def serve_arrow(pyarrow, call, source, sink):
    if not source.peek(1):
        return
    arrow_columns = ArrowColumns(pyarrow)
    writer = schema = None
    for batch in pyarrow.ipc.open_stream(source):
        if call.whole:
            columns, faults = call.whole_results(batch) if len(batch) else ([[] for _ in call.names], {})
        else:
            given = [values_of(pyarrow, column) for column in batch.columns]
            results, faults = call.results(given, len(batch))
            columns = columns_of(results, call.names, faults)
        names, parts = [], []
        for name, column in zip(call.names, columns):
            for index, part in enumerate(arrow_columns.of(column, faults)):
                names.append(f"{OTHER}_{index}:{name}" if index else name)
                parts.append(part)
        if faults:
            names.append(ERROR)
            parts.append(pyarrow.array([faults.get(row) for row in range(len(batch))], pyarrow.large_string()))
        answer = pyarrow.RecordBatch.from_arrays(parts, names)
        if answer.schema != schema:
            if writer:
                writer.close()
            schema = answer.schema
            writer = pyarrow.ipc.new_stream(sink, schema)
        writer.write_batch(answer)
        sink.flush()


NUMBERS = {"int64": "q", "double": "d", "int32": "i", "uint32": "I", "uint64": "Q", "float": "f"}


def values_of(pyarrow, column):
    """The values of a column as Python's."""
    number = NUMBERS.get(str(column.type))
    if number and column.null_count == 0 and len(column):
        values = memoryview(column.buffers()[1]).cast("B").cast(number)
        return values[column.offset:column.offset + len(column)].tolist()
    if str(column.type) == "time64[ns]":
        column = column.cast(pyarrow.time64("us"), safe=False)
    return column.to_pylist()


def serve_ndjson(call, source, sink):
    for head in iter(source.readline, b""):
        n_rows = int(head)
        rows = [json.loads(source.readline()) for _ in range(n_rows)]
        columns = [[row[name] for row in rows] for name in call.inputs]
        results, faults = call.results(columns, n_rows)
        columns = columns_of(results, call.names, faults)
        lines = []
        for row in range(n_rows):
            try:
                values = {name: column[row] for name, column in zip(call.names, columns)}
                line = json.dumps({ERROR: faults[row]} if row in faults else values, default=as_json)
            except (TypeError, ValueError) as error:
                line = json.dumps({ERROR: str(error)})
            lines.append(line)
        sink.write("".join(line + "\n" for line in lines).encode())
        sink.flush()


def as_json(value):
    """A value that JSON has no type for."""
    found = plain(value)
    if found is not value:
        return found
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"the function returned a value of type {type(value).__name__}, which NDJSON cannot hold")


def run():
    """Runs and ends: what the user's code registered for the end is called, and threads it left are not waited for."""
    code = 1
    try:
        main(*sys.argv[1:4])
        code = 0
    except BrokenPipeError:
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
    import atexit
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass
    os._exit(code)


run()
