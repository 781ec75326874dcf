"""Runs the INSERT of Synapse's copy.sql on DuckDB, its OPENJSON replaced by the same paths and types. stdin: {sql, lines}; prints {paths, columns, rows}.

What OPENJSON does is imitated after its page "OPENJSON (Transact-SQL)" (SQL Server 2016 and later, Azure Synapse Analytics), which no engine from a
registry runs: a path names one member, a member that is not there is NULL (lax, the default), a value is converted to the type of its column, and an
object or array where a scalar is asked for is NULL. So the paths and the members of the lines are proved here, and that T-SQL itself takes the
statement is not: it is parsed only (sqlglot's T-SQL)."""
import datetime
import json
import sys

import duckdb
import sqlglot
from sqlglot import exp

asked = json.load(sys.stdin)
insert = sqlglot.parse_one(asked["sql"], read="tsql")
columns = [column.name for column in insert.this.expressions]
opened = insert.find(exp.OpenJSON)
paths = {column.name: column.args["path"].name for column in opened.expressions}
IN_DUCKDB = {"BIGINT": "BIGINT", "INTEGER": "INT", "NVARCHAR": "VARCHAR", "FLOAT": "DOUBLE", "BIT": "BOOLEAN"}
parsed = ", ".join(
    f"CAST(line ->> '{column.args['path'].name}' AS {IN_DUCKDB[column.args['kind'].sql('tsql').split('(')[0]]}) AS {exp.to_identifier(column.name, quoted=True).sql('duckdb')}"
    for column in opened.expressions
)
values = ", ".join(value.sql("duckdb") for value in insert.expression.expressions)
database = duckdb.connect()
database.execute("SET TimeZone = 'UTC'")
database.execute("CREATE TABLE stage (line JSON)")
database.executemany("INSERT INTO stage VALUES (?)", [[line] for line in asked["lines"]])
rows = database.execute(f"SELECT {values} FROM (SELECT {parsed} FROM stage)").fetchall()


def plain(value):
    if isinstance(value, datetime.datetime):
        return (value.replace(tzinfo=datetime.timezone.utc) - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)
    return value.isoformat() if isinstance(value, datetime.date) else value


# DuckDB makes a timestamp of a date with days added, T-SQL a date.
dates = {column.name for column in opened.expressions if column.args["kind"].sql("tsql") == "INTEGER"}
rows = [[value.date() if name in dates and value is not None else value for name, value in zip(columns, row)] for row in rows]
print(json.dumps({"paths": paths, "columns": columns, "rows": [dict(zip(columns, map(plain, row))) for row in rows]}))
