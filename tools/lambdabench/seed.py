"""The seed's function: boto3 downloads to a file, Pillow shrinks, boto3 uploads.

Below it what Lambda's Python runtime does: it asks the Runtime API for events.
"""

import http.client
import json
import os
import tempfile

import boto3
from PIL import Image

s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"])


def handle(event):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
        name = os.path.basename(key)
        with tempfile.TemporaryDirectory() as folder:
            source, target = os.path.join(folder, name), os.path.join(folder, "thumb-" + name)
            s3.download_file(bucket, key, source)
            with Image.open(source) as image:
                image.thumbnail((256, 256))
                image.save(target)
            s3.upload_file(target, os.environ["DESTINATION_BUCKET"], "thumb-" + key)


def main():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    path = "/2018-06-01/runtime/invocation/"
    while True:
        api.request("GET", path + "next")
        response = api.getresponse()
        event = json.loads(response.read())
        outcome, answer = "/response", None
        try:
            handle(event)
        except Exception as e:  # as Lambda's runtime does
            outcome, answer = "/error", {"errorType": type(e).__name__, "errorMessage": str(e)}
        api.request("POST", path + response.headers["Lambda-Runtime-Aws-Request-Id"] + outcome, json.dumps(answer))
        api.getresponse().read()


main()
