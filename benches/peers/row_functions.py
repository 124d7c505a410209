"""The row function that both sides of `python_workers.py` run: the classic range count, as a loop."""


def howmany_within_range(row, minimum, maximum):
    count = 0
    for value in row:
        if minimum <= value <= maximum:
            count += 1
    return count
