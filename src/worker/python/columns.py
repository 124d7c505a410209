"""Results as a list of values for each column."""


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
            advice = "name the results as its keys, or return a text, as json.dumps(value) gives"
            faults.setdefault(row, f"the function returned a dict without {name!r} (keys: {keys}); {advice}")
            return [None] * len(names)
    return [result[name] for name in names]
