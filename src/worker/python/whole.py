"""What a function of whole batches returned, as columns."""


class WrongShape(ValueError):
    """What came back is not a column of a value for each row: so it would be for fewer rows, if not by chance."""


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
            raise WrongShape(f"the function returned a table with columns {there}, and {missing[0]!r} is wanted")
        columns = list(result.columns) if missing else [result.column(name) for name in names]
    elif isinstance(result, dict):
        columns = [result[name] for name in names]
    elif len(names) > 1 and isinstance(result, (tuple, list)):
        if len(result) != len(names):
            raise WrongShape(f"the function returned {len(result)} columns, and {len(names)} names were given")
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
        raise WrongShape(f"the function returned {type(column).__name__}; a function of whole batches returns a column")
    if len(column) != n_rows:
        raise WrongShape(f"the function returned {len(column)} values for {n_rows} rows; a function of whole batches returns one for each row")
    return column


def joined(pyarrow, columns):
    first, second = columns
    if isinstance(first, pyarrow.Array) and isinstance(second, pyarrow.Array) and first.type == second.type:
        return pyarrow.concat_arrays([first, second])
    return [value for column in columns for value in (column.to_pylist() if hasattr(column, "to_pylist") else column)]
