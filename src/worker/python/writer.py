"""Results as they go: raw bytes, as rows come.

An answer is a line of JSON, [columns, faults], and behind it the bytes of the columns. A column of results is a list of parts, one
for each type that there is among them; a fault is a row and a message.
"""

class ColumnWriter:
    def __init__(self, sink):
        self.sink = sink

    def answer(self, columns, faults):
        self.pieces = []
        described = [[self.part(kind, values) for kind, values in self.parts(column, faults)] for column in columns]
        line = json.dumps([described, sorted(faults.items())], ensure_ascii=False).encode() + b"\n"
        self.sink.write(line)
        for piece in self.pieces:
            self.sink.write(piece)
        self.sink.flush()

    def parts(self, values, faults):
        kinds = set(map(type, values))
        if kinds == {int}:
            try:
                return [("int", array("q", values))]
            except OverflowError:
                pass
        elif kinds == {str}:
            try:
                "".join(values).encode()
                return [("str", values)]
            except UnicodeEncodeError:
                pass
        return by_kind(values, faults)

    def part(self, kind, values):
        """Writes the bytes of some values, and gives what is said of them before."""
        has_nulls = None in values if not isinstance(values, array) else False
        if has_nulls:
            self.pieces.append(bytes(value is None for value in values))
        word, rest = kind if isinstance(kind, tuple) else (kind, None)
        return [word, has_nulls, *getattr(self, "put_" + word)(values, rest)]

    def numbers(self, code, values):
        if not isinstance(values, array):
            values = array(code, [0 if value is None else value for value in values])
        self.pieces.append(values.tobytes())
        return []

    def put_int(self, values, _):
        return self.numbers("q", values)

    def put_uint(self, values, _):
        return self.numbers("Q", values)

    def put_float(self, values, _):
        return self.numbers("d", values)

    def put_bool(self, values, _):
        self.pieces.append(bytes(map(bool, values)))
        return []

    def put_str(self, values, _):
        return self.put_bytes([b"" if value is None else value.encode() for value in values], _)

    def put_bytes(self, values, _):
        values = [b"" if value is None else value for value in values]
        self.numbers("q", array("q", map(len, values)))
        whole = b"".join(values)
        self.pieces.append(whole)
        return [len(whole)]

    def put_decimal(self, values, scale):
        texts = ["0" if value is None else format(value, "f") for value in values]
        whole = "\n".join(texts).encode()
        self.pieces.append(whole)
        return [len(whole), scale]

    def put_date(self, values, _):
        from datetime import date
        epoch = date(1970, 1, 1).toordinal()
        return self.numbers("q", [0 if value is None else value.toordinal() - epoch for value in values])

    def put_time(self, values, _):
        def ticks(value):
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return seconds * 1_000_000 + value.microsecond
        return self.numbers("q", [0 if value is None else ticks(value) for value in values])

    def put_datetime(self, values, _):
        from datetime import datetime
        epoch = datetime(1970, 1, 1)
        return self.put_timedelta([None if value is None else value - epoch for value in values], _)

    def put_timedelta(self, values, _):
        def ticks(value):
            return (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
        return self.numbers("q", [0 if value is None else ticks(value) for value in values])

    def put_list(self, values, inner):
        self.numbers("q", [0 if value is None else len(value) for value in values])
        items = [item for value in values if value is not None for item in value]
        return [len(items), self.part(inner, items)]

    def put_null(self, values, _):
        return []
