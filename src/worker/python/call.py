"""How the function is called on the rows of a batch."""


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
        """The columns of results for a whole batch; it is halved until the rows are known on which the function fails.

        A result of the wrong shape is no failure of single rows: the batch's rows all have it, since in halves the number of
        values may fit by chance.
        """
        try:
            constants = {name: value for name, (_, value) in self.keywords}
            return whole_columns(self.pyarrow, self.function(self.given(batch), **constants), self.names, len(batch)), {}
        except WrongShape as error:
            message = str(error)
            return [[None] * len(batch) for _ in self.names], {row: message for row in range(len(batch))}
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
