"""Makes the roles of the deployer and of Vault's servers in a stand-in for AWS, and prints credentials of each.

Arguments: URL of the stand-in, region, ARN of the deployer's role, ARNs of the servers' roles.
"""
import json
import sys

import boto3

endpoint, region, deployer, *servers = sys.argv[1:]
session = boto3.Session(aws_access_key_id="rehearsal", aws_secret_access_key="rehearsal", region_name=region)
iam, sts = (session.client(name, endpoint_url=endpoint) for name in ("iam", "sts"))
trust = json.dumps({"Version": "2012-10-17", "Statement": []})


def assumed(arn):
    *path, name = arn.split(":role/", 1)[1].split("/")
    iam.create_role(RoleName=name, Path="/".join(["", *path, ""]), AssumeRolePolicyDocument=trust)
    given = sts.assume_role(RoleArn=arn, RoleSessionName="rehearsal")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


print(json.dumps({"deployer": assumed(deployer), "vault": [assumed(server) for server in servers][0]}))
