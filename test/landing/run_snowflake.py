"""Runs scenarios on fakesnow, each in an account of its own. stdin: [[{sql, ask}]]; prints, for each scenario, the rows of the statements with `ask`."""
import json
import logging
import sys
import warnings

import fakesnow
import snowflake.connector

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


def run(steps):
    answers = []
    with fakesnow.patch():
        cursor = snowflake.connector.connect().cursor()
        for step in steps:
            try:
                cursor.execute(step["sql"])
                if step["ask"]:
                    names = [column.name for column in cursor.description]
                    answers.append([dict(zip(names, row)) for row in cursor.fetchall()])
            except Exception as error:
                sys.exit(f"{type(error).__name__}: {error}\n{step['sql'][:1500]}")
    return answers


print(json.dumps([run(steps) for steps in json.load(sys.stdin)], default=str))
