"""Batches in and answers out."""


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
                values = {ERROR: faults[row]} if row in faults else values
                line = json.dumps(values, default=as_json, ensure_ascii=False).encode()
            except (TypeError, ValueError) as error:
                line = json.dumps({ERROR: str(error)}).encode()
            lines.append(line)
        sink.write(b"".join(line + b"\n" for line in lines))
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
        main(*sys.argv[1:5])
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
