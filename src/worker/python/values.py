"""What a function returned, sorted by the type of the column that holds it."""


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


SIMPLE = {bool: "bool", int: "int", float: "float", str: "str"}


def by_kind(values, faults):
    """The values as columns of one type each, of which one at most has a value in a row: pairs of the type and its values.
    What no column holds makes its row a fault."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return []
    if len(kinds) == 1:
        kind = SIMPLE.get(next(iter(kinds)))
        if kind in ("bool", "float"):
            return [(kind, values)]
    parts = {}
    for row, value in enumerate(values):
        if value is None:
            continue
        try:
            value, kind = with_kind(plain(value))
        except (TypeError, ValueError) as error:
            faults.setdefault(row, str(error))
            continue
        if kind is not None:
            parts.setdefault(kind, [None] * len(values))[row] = value
    return list(parts.items())


def with_kind(value):
    """The value as it is stored, and a word, or several, for the type of its column."""
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
    if isinstance(value, (list, tuple)):
        return list_with_kind(value)
    import datetime
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
    import decimal
    if isinstance(value, decimal.Decimal):
        return decimal_with_kind(value)
    if isinstance(value, dict):
        raise TypeError(
            "the function returned a dict where one value is wanted; name its keys with --name a,b to make them columns, or "
            "return a text, as json.dumps(value) gives"
        )
    if isinstance(value, (set, frozenset)):
        raise TypeError("the function returned a set, which has no order; return a list, as sorted(value) gives")
    raise TypeError(
        f"the function returned a value of type {kind.__name__}; return None, bool, int, float, str, bytes, Decimal, "
        "date, time, datetime, timedelta, or a list of one of them"
    )


def list_with_kind(value):
    items = [with_kind(plain(item)) for item in value]
    kinds = {kind for _, kind in items if kind is not None}
    if kinds == {"int", "float"}:
        return [None if item is None else float(item) for item, _ in items], ("list", "float")
    if len(kinds) > 1 and all(isinstance(kind, tuple) and kind[0] == "decimal" for kind in kinds):
        kinds = {max(kinds)}
    if len(kinds) > 1:
        words = sorted({kind if isinstance(kind, str) else kind[0] for kind in kinds})
        raise ValueError(f"the function returned a list that holds {' and '.join(words)}; a list holds one type")
    return [item for item, _ in items], ("list", kinds.pop() if kinds else "null")


def decimal_with_kind(value):
    """A decimal with the digits that it has behind the point."""
    digits, exponent = value.as_tuple()[1:]
    if not value.is_finite():
        raise ValueError(f"the function returned Decimal('{value}'), which no column of decimals holds; return None or a float")
    scale = max(0, -exponent)
    if len(digits) + max(0, exponent) > 38 or scale > 38:
        raise ValueError(
            "the function returned a Decimal of more than 38 digits; round it, as value.quantize(Decimal('0.01')) does"
        )
    return value, ("decimal", scale)
