"""Reads [{name, dialect, sql}] from stdin; prints the names and errors of what does not parse in its dialect."""
import json
import logging
import sys

import sqlglot

logging.disable(logging.CRITICAL)
failures = []
for item in json.load(sys.stdin):
    try:
        parsed = sqlglot.parse(item["sql"], read=item["dialect"], error_level=sqlglot.ErrorLevel.RAISE)
        # What the parser does not know becomes a bare Command: allowed only where the dialect has no grammar for it.
        commands = [p.sql()[:60] for p in parsed if isinstance(p, sqlglot.exp.Command)]
        if commands:
            failures.append({"name": item["name"], "command": commands})
    except sqlglot.errors.SqlglotError as error:
        failures.append({"name": item["name"], "error": str(error)[:400], "sql": item["sql"][:200]})
print(json.dumps(failures))
