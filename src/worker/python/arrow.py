"""Whole batches, in Arrow: for functions that take and give them."""


def serve_batches(call, source, sink):
    pyarrow = call.pyarrow
    if not source.peek(1):
        return
    arrow_columns = ArrowColumns(pyarrow)
    writer = schema = None
    for batch in pyarrow.ipc.open_stream(source):
        columns, faults = call.whole_results(batch) if len(batch) else ([[] for _ in call.names], {})
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


class ArrowColumns:
    """Python's values as columns of Arrow, one for each type that there is among them."""

    def __init__(self, pyarrow):
        self.pyarrow = pyarrow

    def of(self, values, faults):
        if isinstance(values, self.pyarrow.Array):
            return [values]
        parts = [self.pyarrow.array(part, self.type_of(kind)) for kind, part in by_kind(values, faults)]
        return parts or [self.pyarrow.nulls(len(values))]

    def type_of(self, kind):
        pa = self.pyarrow
        if isinstance(kind, tuple):
            word, rest = kind
            return pa.decimal128(38, rest) if word == "decimal" else pa.large_list(self.type_of(rest))
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
