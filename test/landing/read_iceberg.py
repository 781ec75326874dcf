"""Reads an Iceberg table and the current rows over it, by the rendered SELECT on DuckDB. stdin: {metadata, log, sql}; prints {columns, versions, rows}."""
import json
import sys

import duckdb
import sqlglot
from pyiceberg.table import StaticTable
from sqlglot import exp

asked = json.load(sys.stdin)
table = StaticTable.from_metadata(asked["metadata"])
log = table.scan().to_arrow()
database = duckdb.connect()
database.execute("SET TimeZone = 'UTC'")
database.register("log_versions", log)
select = sqlglot.parse_one(asked["sql"], read="trino").expression
for name in select.find_all(exp.Table):
    if name.name == asked["log"]:
        name.replace(exp.to_table("log_versions", alias=name.alias))
result = database.execute(select.sql("duckdb", identify=True))
names = [column[0] for column in result.description]
rows = [dict(zip(names, row)) for row in result.fetchall()]
columns = {field.name: str(field.field_type) for field in table.schema().fields}
print(json.dumps({"columns": columns, "versions": log.num_rows, "rows": rows}, default=str))
