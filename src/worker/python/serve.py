"""Rows in and answers out."""


def serve_columns(call, source, sink):
    writer = ColumnWriter(sink)
    for n_rows, columns in ColumnReader(source).chunks():
        results, faults = call.results(columns, n_rows)
        writer.answer(columns_of(results, call.names, faults), faults)


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
