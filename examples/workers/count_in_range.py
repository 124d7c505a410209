"""A worker in Python that reads and writes Arrow: how many values of each row lie from 4 to 8.

    parrow apply data/matrix.csv --exec 'python3 examples/workers/count_in_range.py' --name count

(A Python function needs no worker of its own: `parrow apply --python file.py:function`.)
"""

import sys

import pyarrow as pa

writer = None
for batch in pa.ipc.open_stream(sys.stdin.buffer):
    columns = [column.to_pylist() for column in batch.columns]
    counts = [sum(value is not None and 4 <= value <= 8 for value in row) for row in zip(*columns)]
    answer = pa.RecordBatch.from_arrays([pa.array(counts, pa.int64())], ["count"])
    if writer is None:
        writer = pa.ipc.new_stream(sys.stdout.buffer, answer.schema)
    writer.write_batch(answer)
    sys.stdout.buffer.flush()
