"""Columns of rows as they come: raw bytes, which need no package to be read.

A chunk is a line of JSON, [number of rows, columns], and behind it the bytes of the columns one after another. A column is a list: its
kind, whether it has nulls, and what its kind needs. Where it has nulls, a byte for each value stands first, 1 for null.
Numbers are little-endian, as nearly every machine has them.
"""


class ColumnReader:
    def __init__(self, source):
        self.source = source

    def chunks(self):
        """The number of rows of each chunk, and its columns as lists."""
        for line in iter(self.source.readline, b""):
            n_rows, columns = json.loads(line)
            yield n_rows, [self.values(column, n_rows) for column in columns]

    def values(self, column, n_values):
        kind, has_nulls, *rest = column
        nulls = self.source.read(n_values) if has_nulls else None
        values = getattr(self, kind)(n_values, *rest)
        if nulls is None:
            return values
        return [None if null else value for value, null in zip(values, nulls)]

    def numbers(self, n_values, code):
        size = struct.calcsize(code)
        return memoryview(self.source.read(n_values * size)).cast(code).tolist()

    def bools(self, n_values):
        return list(map(bool, self.source.read(n_values)))

    def texts(self, n_values, n_bytes, separator):
        """Texts with a character between them that none of them has, or behind the count of characters of each."""
        if separator is not None:
            return self.source.read(n_bytes).decode().split(separator) if n_values else []
        ends = accumulate(self.numbers(n_values, "q"))
        text = self.source.read(n_bytes).decode()
        return self.pieces(text, ends)

    def binaries(self, n_values, n_bytes):
        ends = accumulate(self.numbers(n_values, "q"))
        return self.pieces(self.source.read(n_bytes), ends)

    def pieces(self, whole, ends):
        start, pieces = 0, []
        for end in ends:
            pieces.append(whole[start:end])
            start = end
        return pieces

    def decimals(self, n_values, n_bytes):
        from decimal import Decimal
        return list(map(Decimal, self.source.read(n_bytes).decode().split()))

    def dates(self, n_values):
        from datetime import date
        epoch = date(1970, 1, 1).toordinal()
        return [date.fromordinal(epoch + days) for days in self.numbers(n_values, "i")]

    def times(self, n_values):
        from datetime import datetime, timedelta
        midnight = datetime(1970, 1, 1)
        return [(midnight + timedelta(0, 0, ticks)).time() for ticks in self.numbers(n_values, "q")]

    def datetimes(self, n_values, unit, zone):
        from datetime import datetime, timezone
        since = self.durations(n_values, unit)
        if zone is None:
            epoch = datetime(1970, 1, 1)
            return [epoch + it for it in since]
        from zoneinfo import ZoneInfo
        epoch, zone = datetime(1970, 1, 1, tzinfo=timezone.utc), ZoneInfo(zone)
        return [(epoch + it).astimezone(zone) for it in since]

    def durations(self, n_values, unit):
        from datetime import timedelta
        micros, millis = unit
        return [timedelta(0, 0, ticks * micros, ticks * millis) for ticks in self.numbers(n_values, "q")]

    def lists(self, n_values, n_items, items):
        ends = accumulate(self.numbers(n_values, "q"))
        return self.pieces(self.values(items, n_items), ends)

    def records(self, n_values, names, fields):
        columns = [self.values(field, n_values) for field in fields]
        return [dict(zip(names, row)) for row in zip(*columns)] if columns else [{} for _ in range(n_values)]

    def nothing(self, n_values):
        return [None] * n_values
