"""Fills a stand-in for AWS with instances and gives out the credentials that each has.

Arguments: URL of the stand-in, account, region, ARN of the deployer's role. What is printed is a JSON object: the VPC,
and who can log in, by name, with the id of the instance, the name that it has in the network, and its credentials.
"""
import json
import sys

import boto3

endpoint, account, region, deployer = sys.argv[1:]
session = boto3.Session(
    aws_access_key_id=account, aws_secret_access_key="test", region_name=region
)
ec2, iam, sts = (
    session.client(name, endpoint_url=endpoint) for name in ("ec2", "iam", "sts")
)
trust = json.dumps({"Version": "2012-10-17", "Statement": []})
image = ec2.describe_images()["Images"][0]["ImageId"]


def subnet(cidr):
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    block = cidr.replace("/16", "/24")
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]


def role(name, path="/"):
    arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.create_instance_profile(InstanceProfileName=name, Path=path)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return arn


def instance(profile, subnet_id):
    made = ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet_id,
        IamInstanceProfile={"Name": profile},
    )["Instances"][0]
    return {"instance": made["InstanceId"], "hostname": made["PrivateDnsName"]}


def assumed(arn, session_name):
    given = sts.assume_role(RoleArn=arn, RoleSessionName=session_name)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def whole(arn, made):
    return {**made, "credentials": assumed(arn, made["instance"])}


vpc, inside = subnet("10.0.0.0/16")
_, outside = subnet("10.1.0.0/16")
arns = {kind: role(f"dev-{kind}", "/nodes/") for kind in ("etcd", "control-plane", "worker")}
stranger = role("dev-stranger")
role(deployer.split("/")[-1])
vault = role("dev-vault")

people = {kind: whole(arn, instance(f"dev-{kind}", inside)) for kind, arn in arns.items()}
people["other-worker"] = whole(arns["worker"], instance("dev-worker", inside))
people["stranger"] = whole(stranger, instance("dev-stranger", inside))
people["elsewhere"] = whole(arns["worker"], instance("dev-worker", outside))
people["no-instance"] = {"credentials": assumed(arns["worker"], "i-00000000000000000")}
people["false-session"] = {
    "credentials": assumed(arns["worker"], people["etcd"]["instance"])
}
people["leaving"] = whole(arns["worker"], instance("dev-worker", inside))
people["gone"] = whole(arns["worker"], instance("dev-worker", inside))
ec2.terminate_instances(InstanceIds=[people["gone"]["instance"]])
people["vault"] = whole(vault, instance("dev-vault", inside))
people["deployer"] = {"credentials": assumed(deployer, "ci")}
print(json.dumps({"vpc": vpc, "people": people}))
