"""Writes files to an S3 server, lists and reads them back. stdin: {bucket, files: [{key, text}], prefixes}; prints per prefix [{key, text}].

The server is moto's S3 and the listing boto3's. Names and contents are given by the caller: files.it.test.ts composes the names as the sink does, and
says there by which lines of it.
"""
import gzip
import json
import logging
import sys

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

logging.disable(logging.CRITICAL)
asked = json.load(sys.stdin)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
s3 = boto3.client(
    "s3",
    endpoint_url=f"http://{host}:{port}",
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(proxies={}),
)
s3.create_bucket(Bucket=asked["bucket"])
for file in asked["files"]:
    s3.put_object(Bucket=asked["bucket"], Key=file["key"], Body=gzip.compress(file["text"].encode()))


def read(prefix):
    # Pages of two, as a bucket with many files would come in pages.
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=asked["bucket"], Prefix=prefix, PaginationConfig={"PageSize": 2})
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return [{"key": key, "text": gzip.decompress(s3.get_object(Bucket=asked["bucket"], Key=key)["Body"].read()).decode()} for key in keys]


print(json.dumps([read(prefix) for prefix in asked["prefixes"]]))
server.stop()
