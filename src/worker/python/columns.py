"""Results as columns."""


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
            faults.setdefault(row, f"the function returned a dict without {name!r} (keys: {keys}); name the results as its keys")
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
