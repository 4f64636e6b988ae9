"""One query in DuckDB and nothing else: prints the sum of every column of the result as JSON."""

import json
import sys

import duckdb

if __name__ == "__main__":
    with duckdb.connect() as connection:
        columns = connection.execute(sys.argv[1]).fetchnumpy()
    print(json.dumps({name: float(column.sum()) for name, column in columns.items()}))
