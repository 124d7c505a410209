"""Row functions for `parrow apply --python examples/functions.py:NAME`."""

import math


def hypot(x, y):
    """Its parameters are columns."""
    return math.sqrt(x * x + y * y)


def howmany_within_range(row, minimum, maximum):
    """`row` is the whole row; minimum and maximum are given with --arg."""
    return sum(minimum <= value <= maximum for value in row)


def extremes(row):
    """Several results: --name low,high"""
    return min(row), max(row)
