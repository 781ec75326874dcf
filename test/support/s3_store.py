"""An S3 server (moto) in memory, and the current rows of the change files in it.

Each line of stdin is {"bucket", "create": true}, or {"bucket", "prefix", "columns", "key", "out"}: the newest version of every key in the
files below the prefix, unless it is a delete, is written to `out`, a JSON object a line, every value as the text in the file. Answers are a
line each, the first one {"endpoint"}.
"""
import json
import logging
import os
import sys
import tempfile

import boto3
import duckdb
from botocore.config import Config
from moto.server import ThreadedMotoServer

logging.disable(logging.CRITICAL)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"
s3 = boto3.client(
    "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any", config=Config(proxies={})
)


def answer(what):
    print(json.dumps(what), flush=True)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def rows(bucket, prefix, columns, key, out):
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                names.append(os.path.join(folder, f"{len(names)}.jsonl.gz"))
                s3.download_file(bucket, found["Key"], names[-1])
        if not names:
            open(out, "w").close()
            return {"files": 0, "versions": 0}
        database = duckdb.connect()
        # As text each, so that no type of DuckDB's stands between the file and the comparison.
        read = "read_json(?, format = 'newline_delimited', compression = 'gzip', maximum_object_size = 33554432, columns = ?)"
        given = [names, {name: "VARCHAR" for name in [*columns, "_deleted", "_kafka_partition", "_kafka_offset"]}]
        newest = f"""SELECT {', '.join(map(quoted, columns))} FROM (
            SELECT *, row_number() OVER (PARTITION BY {', '.join(map(quoted, key))} ORDER BY CAST(_kafka_offset AS BIGINT) DESC) AS nth FROM {read}
        ) WHERE nth = 1 AND _deleted = 'false'"""
        database.execute(f"COPY ({newest}) TO '{out}' (FORMAT json)", given)
        (versions,) = database.execute(f"SELECT count(*) FROM (SELECT DISTINCT _kafka_partition, _kafka_offset FROM {read})", given).fetchone()
        return {"files": len(names), "versions": versions}


answer({"endpoint": endpoint})
for line in sys.stdin:
    asked = json.loads(line)
    if asked.pop("create", False):
        s3.create_bucket(Bucket=asked["bucket"])
        answer({})
    else:
        answer(rows(**asked))
server.stop()
