"""Drives the local cloud with boto3, of whatever version: 1.26 speaks the query protocol with SQS and CloudWatch, newer
ones JSON and CBOR. Takes the endpoint, and needs a file "big" and a function "echo"."""
import datetime
import io
import json
import sys
import time

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT)


def refused(code, call, **arguments):
    """Checks that a call fails with a code, and returns the message."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError("%s succeeds" % arguments)


def objects():
    s3, key = client("s3"), "a folder/ö+% 100%25 &'x'.txt"
    s3.create_bucket(Bucket="pictures")
    s3.put_object(Bucket="pictures", Key=key, Body=b"hello", Metadata={"a": "b"})
    got = s3.get_object(Bucket="pictures", Key=key)
    assert got["Body"].read() == b"hello" and got["Metadata"] == {"a": "b"}, got
    listed = s3.list_objects_v2(Bucket="pictures", Prefix="a folder/")
    assert [o["Key"] for o in listed["Contents"]] == [key], listed

    s3.upload_file("big", "pictures", "big", Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
    back = io.BytesIO()
    s3.download_fileobj("pictures", "big", back)
    assert back.getvalue() == open("big", "rb").read(), "a multipart upload comes back changed"
    s3.copy_object(Bucket="pictures", Key="copy", CopySource={"Bucket": "pictures", "Key": key})
    assert s3.head_object(Bucket="pictures", Key="copy")["ContentLength"] == 5

    s3.put_bucket_versioning(Bucket="pictures", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="pictures", Key="v", Body=b"1")["VersionId"]
    s3.put_object(Bucket="pictures", Key="v", Body=b"2")
    s3.delete_object(Bucket="pictures", Key="v")
    refused("NoSuchKey", s3.get_object, Bucket="pictures", Key="v")
    assert s3.get_object(Bucket="pictures", Key="v", VersionId=first)["Body"].read() == b"1"
    versions = s3.list_object_versions(Bucket="pictures", Prefix="v")
    assert len(versions["Versions"]) == 2 and len(versions["DeleteMarkers"]) == 1, versions

    keys = ["many/%04d" % i for i in range(25)]
    for k in keys:
        s3.put_object(Bucket="pictures", Key=k, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="pictures", Prefix="many/", PaginationConfig={"PageSize": 10})
    assert [o["Key"] for page in pages for o in page["Contents"]] == keys
    done = s3.delete_objects(Bucket="pictures", Delete={"Objects": [{"Key": k} for k in keys]})
    assert len(done["Deleted"]) == 25 and "Errors" not in done, done
    refused("NotImplemented", s3.get_bucket_acl, Bucket="pictures")


def messages():
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="queue", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="<hällo> & co", MessageAttributes={"reason": {"DataType": "String", "StringValue": "corrupt"}})
    got = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"][0]
    assert got["Body"] == "<hällo> & co" and got["Attributes"]["ApproximateReceiveCount"] == "1", got
    assert got["MessageAttributes"]["reason"]["StringValue"] == "corrupt", got
    assert "Messages" not in sqs.receive_message(QueueUrl=url), "a received message is not hidden"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
    assert "Attributes" not in got, got
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    batch = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "\x01"}])
    assert batch["Successful"][0]["Id"] == "good" and batch["Failed"][0]["Code"] == "InvalidMessageContents", batch
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"] == {"ApproximateNumberOfMessages": "1"}
    refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="missing")
    try:
        sqs.list_queue_tags(QueueUrl=url)
    except ClientError as error:
        assert "ListQueueTags" in str(error), error
    return url


def function():
    answer = client("lambda").invoke(FunctionName="echo", Payload=json.dumps({"a": 1}))
    assert json.load(answer["Payload"]) == {"a": 1}, answer
    events = client("logs").filter_log_events(logGroupName="/aws/lambda/echo", filterPattern='"platform.report"')["events"]
    assert len(events) == 1, events


def metrics():
    cloudwatch, sns = client("cloudwatch"), client("sns")
    now = datetime.datetime.now(datetime.timezone.utc)
    query = {"Id": "m", "MetricStat": {"Period": 3600, "Stat": "Sum", "Metric": {
        "Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": [{"Name": "FunctionName", "Value": "echo"}]}}}
    between = {"StartTime": now - datetime.timedelta(hours=1), "EndTime": now + datetime.timedelta(hours=1)}
    data = cloudwatch.get_metric_data(MetricDataQueries=[query], **between)["MetricDataResults"][0]
    assert sum(data["Values"]) == 1 and isinstance(data["Timestamps"][0], datetime.datetime), data

    topic = sns.create_topic(Name="topic")["TopicArn"]
    assert sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")["SubscriptionArn"] == "pending confirmation"
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    cloudwatch.put_metric_alarm(
        AlarmName="alarm", Namespace="Own", MetricName="m", Statistic="Maximum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic])
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "m", "Value": 2}])
    for _ in range(100):
        alarm = cloudwatch.describe_alarms(AlarmNames=["alarm"])["MetricAlarms"][0]
        if alarm["StateValue"] == "ALARM":
            break
        time.sleep(0.1)
    assert "1 out of the last 1 datapoints [2.0 " in alarm["StateReason"], alarm
    refused("ResourceNotFound", cloudwatch.get_dashboard, DashboardName="missing")


def account():
    role = client("iam").get_role(RoleName="function")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}, role
    assert client("iam").list_role_policies(RoleName="function")["PolicyNames"] == ["function"]
    refused("NoSuchEntity", client("iam").get_role, RoleName="missing")
    assert "ListUsers" in refused("InvalidAction", client("iam").list_users)
    assert "DescribeInstances" in refused("InvalidAction", client("ec2").describe_instances)


objects()
messages()
function()
metrics()
account()
print("all right")
