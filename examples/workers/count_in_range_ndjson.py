"""A worker in Python that reads and writes NDJSON, with nothing but the standard library: how many values of each row lie
from 4 to 8.

    parrow apply data/matrix.csv --exec 'python3 examples/workers/count_in_range_ndjson.py' --protocol ndjson --name count
"""

import json
import sys

for line in sys.stdin:
    row = json.loads(line)
    count = sum(value is not None and 4 <= value <= 8 for value in row.values())
    print(json.dumps({"count": count}), flush=True)
