import {
  Account,
  accountId,
  attach,
  cluster,
  keyPolicy,
  network,
  nodeGroupInputs,
  refusalOf,
  trust,
  wholeStack,
} from "./account";
import { missingInputs, previewCreate, previewUpdate, rows, unknownValue } from "./aws/cloud";
import { emptyWorld, type Properties } from "./aws/world";

const withNetwork = (): Account => {
  const account = new Account();
  network(account);
  return account;
};

const withCluster = (): Account => {
  const account = withNetwork();
  cluster(account);
  return account;
};

/** What is done to an account, the code that AWS refuses it with, and what the message must name. */
interface Case {
  title: string;
  account: () => Account;
  action: (account: Account) => unknown;
  code: string;
  names?: (account: Account) => unknown[];
}

const vpc = (account: Account) => account.id("vpc");

function checkAll(cases: Case[]): void {
  it.each(cases)("$title", ({ account: make, action, code, names = () => [] }) => {
    const account = make();
    const refusal = refusalOf(() => action(account));
    expect(refusal.code).toBe(code);
    for (const name of names(account)) expect(refusal.message).toContain(name);
  });
}

describe("references", () => {
  const dangling: [string, Parameters<Account["make"]>[1], Properties, string][] = [
    ["vpc", "subnet", { vpcId: "x", cidrBlock: "10.0.0.0/24" }, "InvalidVpcID.NotFound"],
    ["subnet", "natGateway", { subnetId: "x" }, "InvalidSubnetID.NotFound"],
    ["address", "natGateway", { allocationId: "x" }, "InvalidAllocationID.NotFound"],
    ["route table", "route", { routeTableId: "x" }, "InvalidRouteTableID.NotFound"],
    ["internet gateway", "route", { gatewayId: "x" }, "InvalidInternetGatewayID.NotFound"],
    ["NAT gateway", "route", { natGatewayId: "x" }, "NatGatewayNotFound"],
    ["security group", "ingressRule", { securityGroupId: "x" }, "InvalidGroup.NotFound"],
    ["prefix list", "ingressRule", { prefixListId: "x" }, "InvalidPrefixListID.NotFound"],
    ["profile", "launchTemplate", { iamInstanceProfile: { arn: "x" } }, "NoSuchEntity"],
    [
      "launch template",
      "autoScalingGroup",
      { launchTemplate: { id: "x" } },
      "InvalidLaunchTemplateId.NotFound",
    ],
    ["role", "rolePolicy", { role: "x" }, "NoSuchEntity"],
    ["managed policy", "attachment", { policyArn: "arn:aws:iam::aws:policy/No" }, "NoSuchEntity"],
    ["key", "alias", { targetKeyId: "x" }, "NotFoundException"],
    ["log group", "flowLog", { logDestination: "x" }, "ResourceNotFoundException"],
    ["cluster", "addon", { clusterName: "x" }, "ResourceNotFoundException"],
  ];
  it.each(dangling)("refuses an unknown %s", (_noun, type, inputs, code) => {
    expect(refusalOf(() => new Account().make("it", type, inputs)).code).toBe(code);
  });

  it("takes what exists", () => {
    expect(wholeStack().read("nodes")).toMatchObject({ status: "ACTIVE" });
  });

  it("refuses a type without a row, by its name", () => {
    expect(() => missingInputs("aws:gamelift/fleet:Fleet", {})).toThrow(
      "UnknownType: the stand-in for AWS has no row for aws:gamelift/fleet:Fleet",
    );
  });

  it("names required inputs that are missing", () => {
    expect(missingInputs("aws:ec2/subnet:Subnet", { vpcId: "x" })).toEqual(["cidrBlock"]);
  });
});

describe("creation in the network", () => {
  const subnet = (account: Account, inputs: Properties) =>
    account.make("other", "subnet", { vpcId: vpc(account), ...inputs });
  const rule = (account: Account, inputs: Properties) =>
    account.make("rule", "ingressRule", {
      securityGroupId: account.id("group"),
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrIpv4: "10.0.0.0/16",
      ...inputs,
    });
  const endpoint = (account: Account, inputs: Properties, name = "endpoint") =>
    account.make(name, "endpoint", {
      vpcId: vpc(account),
      serviceName: "com.amazonaws.eu-west-1.sts",
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
      ...inputs,
    });
  checkAll([
    {
      title: "refuses a VPC larger than /16",
      account: () => new Account(),
      action: (account) => account.make("vpc", "vpc", { cidrBlock: "10.0.0.0/8" }),
      code: "InvalidVpc.Range",
    },
    {
      title: "refuses a subnet smaller than /28",
      account: withNetwork,
      action: (account) => subnet(account, { cidrBlock: "10.0.9.0/29" }),
      code: "InvalidSubnet.Range",
    },
    {
      title: "refuses a subnet outside of its VPC",
      account: withNetwork,
      action: (account) => subnet(account, { cidrBlock: "10.1.0.0/24" }),
      code: "InvalidSubnet.Range",
      names: (account) => [vpc(account)],
    },
    {
      title: "refuses a subnet that overlaps another",
      account: withNetwork,
      action: (account) => subnet(account, { cidrBlock: "10.0.1.128/25" }),
      code: "InvalidSubnet.Conflict",
      names: (account) => [account.id("subnet-b")],
    },
    {
      title: "refuses a zone of another region",
      account: withNetwork,
      action: (account) =>
        subnet(account, { cidrBlock: "10.0.9.0/24", availabilityZone: "eu-central-1a" }),
      code: "InvalidParameterValue",
    },
    {
      title: "refuses a second internet gateway",
      account: withNetwork,
      action: (account) => account.make("other", "internetGateway", { vpcId: vpc(account) }),
      code: "InvalidParameterValue",
      names: (account) => [vpc(account), account.id("igw")],
    },
    {
      title: "refuses a NAT gateway before the internet gateway is attached",
      account: () => {
        const account = new Account();
        account.make("vpc", "vpc", { cidrBlock: "10.0.0.0/16" });
        account.make("subnet", "subnet", { vpcId: account.id("vpc"), cidrBlock: "10.0.0.0/24" });
        account.make("eip", "eip", {});
        return account;
      },
      action: (account) =>
        account.make("nat", "natGateway", {
          subnetId: account.id("subnet"),
          allocationId: account.id("eip"),
        }),
      code: "Gateway.NotAttached",
      names: (account) => [vpc(account)],
    },
    {
      title: "refuses a NAT gateway with an address in use",
      account: withNetwork,
      action: (account) =>
        account.make("other", "natGateway", {
          subnetId: account.id("subnet-public"),
          allocationId: account.id("eip"),
        }),
      code: "Resource.AlreadyAssociated",
      names: (account) => [account.id("eip"), account.id("nat")],
    },
    {
      title: "refuses a regional NAT gateway in a subnet",
      account: withNetwork,
      action: (account) =>
        account.make("other", "natGateway", {
          availabilityMode: "regional",
          vpcId: vpc(account),
          subnetId: account.id("subnet-public"),
        }),
      code: "InvalidParameterCombination",
    },
    {
      title: "refuses a zonal NAT gateway without an address",
      account: withNetwork,
      action: (account) =>
        account.make("other", "natGateway", { subnetId: account.id("subnet-public") }),
      code: "MissingParameter",
    },
    {
      title: "refuses a second route to one destination",
      account: withNetwork,
      action: (account) =>
        account.make("other", "route", {
          routeTableId: account.id("table"),
          destinationCidrBlock: "0.0.0.0/0",
          gatewayId: account.id("igw"),
        }),
      code: "RouteAlreadyExists",
      names: (account) => [account.id("table"), "0.0.0.0/0"],
    },
    {
      title: "refuses a route with two targets",
      account: withNetwork,
      action: (account) =>
        account.make("other", "route", {
          routeTableId: account.id("table"),
          destinationCidrBlock: "192.0.2.0/24",
          gatewayId: account.id("igw"),
          natGatewayId: account.id("nat"),
        }),
      code: "InvalidParameterCombination",
    },
    {
      title: "refuses a route to a gateway of another VPC",
      account: () => {
        const account = withNetwork();
        account.make("vpc-2", "vpc", { cidrBlock: "10.9.0.0/16" });
        account.make("table-2", "routeTable", { vpcId: account.id("vpc-2") });
        return account;
      },
      action: (account) =>
        account.make("other", "route", {
          routeTableId: account.id("table-2"),
          destinationCidrBlock: "0.0.0.0/0",
          gatewayId: account.id("igw"),
        }),
      code: "InvalidParameterValue",
      names: (account) => [account.id("table-2"), account.id("igw")],
    },
    {
      title: "refuses a second route table for a subnet",
      account: withNetwork,
      action: (account) =>
        account.make("other", "routeTableAssociation", {
          routeTableId: account.id("table"),
          subnetId: account.id("subnet-public"),
        }),
      code: "Resource.AlreadyAssociated",
      names: (account) => [account.id("subnet-public"), account.id("association-public")],
    },
    {
      title: "refuses two network ACL rules of one number",
      account: withNetwork,
      action: (account) =>
        account.make("acl", "networkAcl", {
          vpcId: vpc(account),
          ingress: [{ ruleNo: 100 }, { ruleNo: 100 }],
        }),
      code: "NetworkAclEntryAlreadyExists",
    },
    {
      title: "refuses two security groups of one name in a VPC",
      account: withNetwork,
      action: (account) => {
        for (const name of ["one", "two"]) {
          account.make(name, "securityGroup", { vpcId: vpc(account), name: "same" });
        }
      },
      code: "InvalidGroup.Duplicate",
    },
    {
      title: "refuses an apostrophe in a rule's description",
      account: withNetwork,
      action: (account) => rule(account, { description: "people's API" }),
      code: "InvalidParameterValue",
    },
    {
      title: "refuses a rule that exists",
      account: () => {
        const account = withNetwork();
        rule(account, {});
        return account;
      },
      action: (account) =>
        account.make("again", "ingressRule", {
          securityGroupId: account.id("group"),
          ipProtocol: "tcp",
          fromPort: 443,
          toPort: 443,
          cidrIpv4: "10.0.0.0/16",
        }),
      code: "InvalidPermission.Duplicate",
      names: (account) => [account.id("group"), account.id("rule")],
    },
    {
      title: "refuses a rule with two peers",
      account: withNetwork,
      action: (account) => rule(account, { referencedSecurityGroupId: account.id("group") }),
      code: "InvalidParameterCombination",
    },
    {
      title: "refuses ports in the wrong order",
      account: withNetwork,
      action: (account) => rule(account, { fromPort: 444 }),
      code: "InvalidParameterValue",
    },
    {
      title: "refuses an endpoint for a service of another region",
      account: withNetwork,
      action: (account) => endpoint(account, { serviceName: "com.amazonaws.us-east-1.sts" }),
      code: "InvalidServiceName",
    },
    {
      title: "refuses a gateway endpoint for a service that has none",
      account: withNetwork,
      action: (account) => endpoint(account, { vpcEndpointType: "Gateway" }),
      code: "InvalidParameter",
    },
    {
      title: "refuses two subnets of one zone in an endpoint",
      account: withNetwork,
      action: (account) =>
        endpoint(account, { subnetIds: [account.id("subnet-a"), account.id("subnet-public")] }),
      code: "DuplicateSubnetsInSameZone",
      names: (account) => [account.id("subnet-a"), account.id("subnet-public")],
    },
    {
      title: "refuses a second private name for a service",
      account: () => {
        const account = withNetwork();
        endpoint(account, {});
        return account;
      },
      action: (account) => endpoint(account, {}, "again"),
      code: "InvalidParameter",
      names: (account) => [vpc(account), account.id("endpoint")],
    },
    {
      title: "refuses private DNS in a VPC without DNS hostnames",
      account: () => {
        const account = new Account();
        account.make("vpc", "vpc", { cidrBlock: "10.0.0.0/16" });
        return account;
      },
      action: (account) => endpoint(account, {}),
      code: "InvalidParameter",
      names: (account) => [vpc(account)],
    },
  ]);
});

describe("creation of roles, keys and logs", () => {
  const service = { Service: "logs.eu-west-1.amazonaws.com" };
  const grant = (condition: Properties = {}) => ({
    Effect: "Allow",
    Principal: service,
    Action: "kms:GenerateDataKey*",
    Resource: "*",
    Condition: condition,
  });
  const logGroup = (account: Account) =>
    account.make("logs", "logGroup", { name: "/app", kmsKeyId: account.output("key", "arn") });
  const withKey = (policy: string) => () => {
    const account = new Account();
    account.make("key", "key", { policy });
    return account;
  };
  const otherGroup = {
    ArnLike: {
      "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:eu-west-1:${accountId}:log-group:/other`,
    },
  };
  const named = (name: string, type: Parameters<Account["make"]>[1], inputs: Properties) => {
    const account = new Account();
    account.make(name, type, inputs);
    return account;
  };
  checkAll([
    {
      title: "refuses a second role of a name, whatever its case",
      account: () =>
        named("one", "role", { name: "Nodes", assumeRolePolicy: trust("ec2.amazonaws.com") }),
      action: (account) =>
        account.make("two", "role", {
          name: "nodes",
          assumeRolePolicy: trust("ec2.amazonaws.com"),
        }),
      code: "EntityAlreadyExists",
    },
    {
      title: "refuses a role name of 65 characters",
      account: () => new Account(),
      action: (account) =>
        account.make("role", "role", {
          name: "n".repeat(65),
          assumeRolePolicy: trust("ec2.amazonaws.com"),
        }),
      code: "ValidationError",
    },
    {
      title: "refuses a trust policy that is not JSON",
      account: () => new Account(),
      action: (account) => account.make("role", "role", { assumeRolePolicy: "{" }),
      code: "MalformedPolicyDocument",
    },
    {
      title: "refuses an eleventh policy on a role",
      account: () => {
        const account = named("role", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
        for (let i = 0; i < 10; i++) {
          account.make(`policy-${i}`, "policy", { policy: keyPolicy() });
          account.make(`attachment-${i}`, "attachment", {
            role: account.id("role"),
            policyArn: account.id(`policy-${i}`),
          });
        }
        return account;
      },
      action: (account) => attach(account, "role", "AmazonSSMManagedInstanceCore"),
      code: "LimitExceeded",
    },
    {
      title: "refuses a service-linked role that the account has",
      account: () =>
        new Account([
          `arn:aws:iam::${accountId}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
        ]),
      action: (account) =>
        account.make("role", "serviceLinkedRole", {
          awsServiceName: "autoscaling.amazonaws.com",
        }),
      code: "InvalidInput",
      names: () => ["AWSServiceRoleForAutoScaling"],
    },
    {
      title: "refuses a second provider of an issuer",
      account: () =>
        named("one", "oidcProvider", { url: "https://a.example", clientIdLists: ["sts"] }),
      action: (account) =>
        account.make("two", "oidcProvider", { url: "https://a.example", clientIdLists: ["sts"] }),
      code: "EntityAlreadyExists",
    },
    {
      title: "refuses a key policy that locks everybody out",
      account: () => new Account(),
      action: (account) =>
        account.make("key", "key", {
          policy: JSON.stringify({ Version: "2012-10-17", Statement: [grant()] }),
        }),
      code: "MalformedPolicyDocumentException",
    },
    {
      title: "refuses a key policy that names a role which does not exist",
      account: () => new Account(),
      action: (account) =>
        account.make("key", "key", {
          policy: keyPolicy({
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${accountId}:role/nobody` },
            Action: "kms:Decrypt",
            Resource: "*",
          }),
        }),
      code: "MalformedPolicyDocumentException",
      names: () => [`arn:aws:iam::${accountId}:role/nobody`],
    },
    {
      title: "refuses a second alias of a name",
      account: () => {
        const account = withKey(keyPolicy())();
        const targetKeyId = account.id("key");
        account.make("alias", "alias", { name: "alias/app", targetKeyId });
        return account;
      },
      action: (account) =>
        account.make("again", "alias", { name: "alias/app", targetKeyId: account.id("key") }),
      code: "AlreadyExistsException",
    },
    {
      title: "refuses a log group whose key does not let CloudWatch Logs in",
      account: withKey(keyPolicy()),
      action: logGroup,
      code: "AccessDeniedException",
      names: (account) => [account.output("key", "arn"), ":log-group:/app"],
    },
    {
      title: "refuses a log group whose key is for another log group",
      account: withKey(keyPolicy(grant(otherGroup))),
      action: logGroup,
      code: "AccessDeniedException",
    },
    {
      title: "refuses a second log group of a name",
      account: () => named("one", "logGroup", { name: "/app" }),
      action: (account) => account.make("two", "logGroup", { name: "/app" }),
      code: "ResourceAlreadyExistsException",
    },
    {
      title: "refuses a retention that is not offered",
      account: () => new Account(),
      action: (account) => account.make("logs", "logGroup", { retentionInDays: 100 }),
      code: "InvalidParameterException",
    },
    {
      title: "refuses flow logs by a role that the service cannot take",
      account: () => {
        const account = withNetwork();
        account.make("logs", "logGroup", { name: "/flows" });
        account.make("role", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
        return account;
      },
      action: (account) =>
        account.make("flows", "flowLog", {
          vpcId: vpc(account),
          logDestination: account.output("logs", "arn"),
          iamRoleArn: account.output("role", "arn"),
        }),
      code: "InvalidParameter",
    },
    {
      title: "refuses a session document that is not JSON",
      account: () => new Account(),
      action: (account) =>
        account.make("document", "document", { content: "schema: 1", documentType: "Session" }),
      code: "InvalidDocumentContent",
    },
    {
      title: "refuses a parameter in the names of AWS",
      account: () => new Account(),
      action: (account) =>
        account.make("parameter", "parameter", {
          name: "/aws/mine",
          type: "String",
          insecureValue: "a",
        }),
      code: "ValidationException",
    },
    {
      title: "refuses a parameter without a value",
      account: () => new Account(),
      action: (account) =>
        account.make("parameter", "parameter", { name: "/mine", type: "String" }),
      code: "ValidationException",
    },
    {
      title: "refuses a second parameter of a name",
      account: () => {
        const account = new Account();
        account.make("first", "parameter", { name: "/mine", type: "String", insecureValue: "a" });
        return account;
      },
      action: (account) =>
        account.make("second", "parameter", { name: "/mine", type: "String", insecureValue: "b" }),
      code: "ParameterAlreadyExists",
    },
    {
      title: "refuses a document in the names of AWS",
      account: () => new Account(),
      action: (account) =>
        account.make("document", "document", {
          name: "AWS-Mine",
          content: "{}",
          documentType: "Session",
        }),
      code: "ValidationException",
    },
  ]);

  it("takes a log group whose key is for it", () => {
    const own = {
      ArnLike: { "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:log-group:/*" },
    };
    const account = withKey(keyPolicy(grant(own)))();
    expect(logGroup(account)).toBe("/app");
  });
});

describe("creation of clusters and nodes", () => {
  const makeCluster = (account: Account, changes: Properties) => {
    account.make("cluster-role", "role", { assumeRolePolicy: trust("eks.amazonaws.com") });
    account.make("cluster", "cluster", {
      name: "main",
      roleArn: account.output("cluster-role", "arn"),
      vpcConfig: { subnetIds: [account.id("subnet-a"), account.id("subnet-b")] },
      ...changes,
    });
  };
  const nodes = (account: Account, changes: Properties = {}) =>
    account.make("nodes", "nodeGroup", { ...nodeGroupInputs(account), ...changes });
  /** A node group for which something that nodes need has gone before. */
  const nodesWithout = (name: string) => (account: Account) => {
    const inputs = nodeGroupInputs(account);
    account.delete(name);
    account.make("nodes", "nodeGroup", inputs);
  };
  const withEntry = (): Account => {
    const account = withCluster();
    const principalArn = account.output("cluster-role", "arn");
    account.make("entry", "accessEntry", { clusterName: "main", principalArn });
    return account;
  };
  const associate = (account: Account, changes: Properties) =>
    account.make("association", "accessPolicyAssociation", {
      clusterName: "main",
      principalArn: account.output("cluster-role", "arn"),
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
      accessScope: { type: "cluster" },
      ...changes,
    });
  checkAll([
    {
      title: "refuses a second cluster of a name",
      account: withCluster,
      action: (account) => {
        const vpcConfig = { subnetIds: [account.id("subnet-a"), account.id("subnet-b")] };
        const roleArn = account.output("cluster-role", "arn");
        account.make("other", "cluster", { name: "main", roleArn, vpcConfig });
      },
      code: "ResourceInUseException",
      names: () => ["main"],
    },
    {
      title: "refuses a cluster in one zone",
      account: withNetwork,
      action: (account) =>
        makeCluster(account, {
          vpcConfig: { subnetIds: [account.id("subnet-a"), account.id("subnet-public")] },
        }),
      code: "InvalidParameterException",
      names: () => ["eu-west-1a, eu-west-1a"],
    },
    {
      title: "refuses a cluster with a role for something else",
      account: () => {
        const account = withNetwork();
        account.make("role", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
        return account;
      },
      action: (account) => makeCluster(account, { roleArn: account.output("role", "arn") }),
      code: "InvalidParameterException",
      names: (account) => [account.output("role", "arn"), "eks.amazonaws.com"],
    },
    {
      title: "refuses a log group that the cluster has made already",
      account: () => {
        const account = withNetwork();
        makeCluster(account, { enabledClusterLogTypes: ["api"] });
        return account;
      },
      action: (account) => account.make("logs", "logGroup", { name: "/aws/eks/main/cluster" }),
      code: "ResourceAlreadyExistsException",
      names: () => ["/aws/eks/main/cluster"],
    },
    {
      title: "refuses an add-on twice",
      account: withCluster,
      action: (account) =>
        account.make("again", "addon", { clusterName: "main", addonName: "vpc-cni" }),
      code: "ResourceInUseException",
      names: () => ["vpc-cni", "main"],
    },
    {
      title: "refuses CoreDNS before there are nodes",
      account: withCluster,
      action: (account) =>
        account.make("dns", "addon", { clusterName: "main", addonName: "coredns" }),
      code: "InsufficientNumberOfReplicas",
      names: () => ["coredns"],
    },
    {
      title: "refuses an add-on with a role that pods cannot take",
      account: withCluster,
      action: (account) =>
        account.make("agent", "addon", {
          clusterName: "main",
          addonName: "eks-pod-identity-agent",
          podIdentityAssociations: [
            { serviceAccount: "agent", roleArn: account.output("cluster-role", "arn") },
          ],
        }),
      code: "InvalidParameterException",
      names: (account) => [account.output("cluster-role", "arn"), "pods.eks.amazonaws.com"],
    },
    {
      title: "refuses a second access entry of a principal",
      account: withEntry,
      action: (account) =>
        account.make("again", "accessEntry", {
          clusterName: "main",
          principalArn: account.output("cluster-role", "arn"),
        }),
      code: "ResourceInUseException",
      names: (account) => [account.output("cluster-role", "arn")],
    },
    {
      title: "refuses an access entry for the role of nodes, which EKS has made",
      account: wholeStack,
      action: (account) =>
        account.make("entry", "accessEntry", {
          clusterName: "main",
          principalArn: account.output("node-role", "arn"),
        }),
      code: "ResourceInUseException",
      names: (account) => [account.output("node-role", "arn")],
    },
    {
      title: "refuses an access entry for a principal that does not exist",
      account: withCluster,
      action: (account) =>
        account.make("entry", "accessEntry", { clusterName: "main", principalArn: "arn:none" }),
      code: "InvalidParameterException",
      names: () => ["arn:none"],
    },
    {
      title: "refuses an access entry in a system group",
      account: withCluster,
      action: (account) =>
        account.make("entry", "accessEntry", {
          clusterName: "main",
          principalArn: account.output("cluster-role", "arn"),
          kubernetesGroups: ["system:masters"],
        }),
      code: "InvalidParameterException",
      names: () => ["system:masters"],
    },
    {
      title: "refuses access entries in a cluster that has a config map for them",
      account: () => {
        const account = withNetwork();
        makeCluster(account, {});
        return account;
      },
      action: (account) =>
        account.make("entry", "accessEntry", {
          clusterName: "main",
          principalArn: account.output("cluster-role", "arn"),
        }),
      code: "InvalidRequestException",
    },
    {
      title: "refuses a policy for a principal without an access entry",
      account: withCluster,
      action: (account) => associate(account, {}),
      code: "ResourceNotFoundException",
      names: (account) => [account.output("cluster-role", "arn")],
    },
    {
      title: "refuses an access policy that does not exist",
      account: withEntry,
      action: (account) => associate(account, { policyArn: "arn:none" }),
      code: "InvalidParameterException",
      names: () => ["arn:none"],
    },
    {
      title: "refuses the scope of a namespace without namespaces",
      account: withEntry,
      action: (account) => associate(account, { accessScope: { type: "namespace" } }),
      code: "InvalidParameterException",
    },
    {
      title: "refuses a second node group of a name",
      account: () => {
        const account = withCluster();
        nodes(account, { nodeGroupName: "general" });
        return account;
      },
      action: (account) => {
        const inputs = account.read("nodes") ?? {};
        account.make("other", "nodeGroup", { ...inputs, nodeGroupName: "general" });
      },
      code: "ResourceInUseException",
      names: () => ["general", "main"],
    },
    {
      title: "refuses more nodes than the most",
      account: withCluster,
      action: (account) =>
        nodes(account, { scalingConfig: { minSize: 1, desiredSize: 3, maxSize: 2 } }),
      code: "InvalidParameterException",
    },
    {
      title: "refuses nodes that are newer than the cluster",
      account: withCluster,
      action: (account) => nodes(account, { version: "1.35" }),
      code: "InvalidParameterException",
      names: () => ["1.35", "1.34"],
    },
    {
      title: "refuses a disk size beside a launch template",
      account: withCluster,
      action: (account) => nodes(account, { diskSize: 50 }),
      code: "InvalidParameterException",
      names: (account) => [account.id("template")],
    },
    {
      title: "refuses a template version that was never made",
      account: withCluster,
      action: (account) => {
        const inputs = nodeGroupInputs(account);
        const launchTemplate = { id: account.id("template"), version: "2" };
        account.make("nodes", "nodeGroup", { ...inputs, launchTemplate });
      },
      code: "InvalidLaunchTemplateId.VersionNotFound",
      names: (account) => [account.id("template")],
    },
    ...[
      "vpc-cni",
      "kube-proxy",
      "route",
      "node-role AmazonEKSWorkerNodePolicy",
      "node-role AmazonEKS_CNI_Policy",
      "node-role AmazonEC2ContainerRegistryPullOnly",
    ].map((name) => ({
      title: `refuses nodes without ${name}, which never become ready`,
      account: withCluster,
      action: nodesWithout(name),
      code: "NodeCreationFailure",
    })),
    {
      title: "refuses instances in another VPC than their security groups",
      account: () => {
        const account = withNetwork();
        account.make("vpc-2", "vpc", { cidrBlock: "10.9.0.0/16" });
        const vpcId = account.id("vpc-2");
        account.make("subnet-2", "subnet", { vpcId, cidrBlock: "10.9.0.0/24" });
        const groups = [account.id("group")];
        account.make("template", "launchTemplate", { vpcSecurityGroupIds: groups });
        return account;
      },
      action: (account) =>
        account.make("bastion", "autoScalingGroup", {
          minSize: 1,
          maxSize: 1,
          vpcZoneIdentifiers: [account.id("subnet-2")],
          launchTemplate: { id: account.id("template") },
        }),
      code: "InvalidParameter",
      names: (account) => [account.id("group"), account.id("vpc-2")],
    },
    {
      title: "refuses an image that is neither an id nor a parameter",
      account: () => new Account(),
      action: (account) => account.make("template", "launchTemplate", { imageId: "al2023" }),
      code: "InvalidAMIID.Malformed",
    },
    {
      title: "refuses user data that is not in base64",
      account: () => new Account(),
      action: (account) => account.make("template", "launchTemplate", { userData: "#!/bin/sh" }),
      code: "InvalidUserData.Malformed",
    },
  ]);

  it("takes the network plugin's role by pod identity only with the agent", () => {
    const account = withNetwork();
    cluster(account);
    account.delete("vpc-cni");
    account.make("cni-role", "role", { assumeRolePolicy: trust("pods.eks.amazonaws.com") });
    account.make("cni", "addon", {
      clusterName: "main",
      addonName: "vpc-cni",
      podIdentityAssociations: [
        { serviceAccount: "aws-node", roleArn: account.output("cni-role", "arn") },
      ],
    });
    const inputs = nodeGroupInputs(account);
    account.delete("node-role AmazonEKS_CNI_Policy");
    expect(refusalOf(() => account.make("nodes", "nodeGroup", inputs)).message).toContain(
      "eks-pod-identity-agent",
    );
    account.make("agent", "addon", { clusterName: "main", addonName: "eks-pod-identity-agent" });
    expect(account.make("nodes", "nodeGroup", inputs)).toContain("main:nodes-");
  });
});

describe("deletion", () => {
  const refused: [gone: string, code: string, user: string][] = [
    ["vpc", "DependencyViolation", "subnet-a"],
    ["subnet-public", "DependencyViolation", "nat"],
    ["subnet-a", "DependencyViolation", "cluster"],
    ["igw", "DependencyViolation", "nat"],
    ["eip", "InvalidIPAddress.InUse", "nat"],
    ["table", "DependencyViolation", "association-a"],
    ["group", "DependencyViolation", "cluster"],
    ["cluster", "ResourceInUseException", "nodes"],
    ["node-role", "DeleteConflict", "node-role AmazonEKSWorkerNodePolicy"],
  ];
  it.each(refused)("refuses %s with %s because of %s", (gone, code, user) => {
    const account = wholeStack();
    const refusal = refusalOf(() => account.delete(gone));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(account.id(gone));
    expect(refusal.message).toContain(account.id(user));
    expect(account.read(gone)).toBeDefined();
  });

  it("refuses a role with an inline policy, and one in an instance profile", () => {
    for (const [name, inputs] of [
      ["rolePolicy", { policy: keyPolicy() }],
      ["instanceProfile", {}],
    ] as const) {
      const account = new Account();
      account.make("role", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
      account.make("user", name, { ...inputs, role: account.id("role") });
      const refusal = refusalOf(() => account.delete("role"));
      expect([refusal.code, refusal.message.includes(account.id("user"))]).toEqual([
        "DeleteConflict",
        true,
      ]);
    }
  });

  it("refuses a managed policy that is attached", () => {
    const account = new Account();
    account.make("role", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
    account.make("policy", "policy", { policy: keyPolicy() });
    const [role, policyArn] = [account.id("role"), account.id("policy")];
    account.make("attachment", "attachment", { role, policyArn });
    expect(refusalOf(() => account.delete("policy")).code).toBe("DeleteConflict");
  });

  it("refuses a security group that a rule of another names", () => {
    const account = withNetwork();
    account.make("other", "securityGroup", { vpcId: vpc(account) });
    account.make("rule", "ingressRule", {
      securityGroupId: account.id("other"),
      referencedSecurityGroupId: account.id("group"),
      ipProtocol: "-1",
    });
    const refusal = refusalOf(() => account.delete("group"));
    expect(refusal.code).toBe("DependencyViolation");
    expect(refusal.message).toContain(account.id("rule"));
  });

  it("refuses the security group of running instances, through their template", () => {
    const account = withNetwork();
    const group = account.make("instances", "securityGroup", { vpcId: vpc(account) });
    account.make("template", "launchTemplate", { vpcSecurityGroupIds: [group] });
    account.make("bastion", "autoScalingGroup", {
      minSize: 1,
      maxSize: 1,
      vpcZoneIdentifiers: [account.id("subnet-a")],
      launchTemplate: { id: account.id("template") },
    });
    expect(refusalOf(() => account.delete("instances")).message).toContain(account.id("bastion"));
  });

  it("refuses a protected cluster until its protection is off", () => {
    const account = withCluster();
    account.change("cluster", { deletionProtection: true });
    const refusal = refusalOf(() => account.delete("cluster"));
    expect(refusal.message).toBe(
      "InvalidRequestException: Cluster main cannot be deleted because deletion protection is enabled: set deletionProtection to false first",
    );
    account.change("cluster", { deletionProtection: false });
    account.delete("cluster");
    expect(account.read("cluster")).toBeUndefined();
  });

  it("takes add-ons, access entries and their policies away with the cluster", () => {
    const account = withCluster();
    const principalArn = account.output("cluster-role", "arn");
    account.make("entry", "accessEntry", { clusterName: "main", principalArn });
    account.make("association", "accessPolicyAssociation", {
      clusterName: "main",
      principalArn,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
      accessScope: { type: "cluster" },
    });
    account.delete("cluster");
    expect(["vpc-cni", "entry", "association"].map((name) => account.read(name))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("takes an access entry's policies away with it", () => {
    const account = withCluster();
    const principalArn = account.output("cluster-role", "arn");
    account.make("entry", "accessEntry", { clusterName: "main", principalArn });
    account.make("association", "accessPolicyAssociation", {
      clusterName: "main",
      principalArn,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
      accessScope: { type: "cluster" },
    });
    account.delete("entry");
    expect(account.read("association")).toBeUndefined();
  });

  it("leaves the cluster's security group behind when its role has lost its rights", () => {
    const account = withCluster();
    account.delete("cluster-role AmazonEKSClusterPolicy");
    account.delete("cluster");
    const left = account.world.resources.filter(({ urn }) => urn === "");
    expect(left.map(({ type }) => type)).toEqual(["aws:ec2/securityGroup:SecurityGroup"]);
  });

  it("leaves network interfaces behind when the nodes' role has lost its rights", () => {
    const account = wholeStack();
    account.delete("node-role AmazonEKSWorkerNodePolicy");
    account.delete("nodes");
    const left = account.world.resources.filter(({ type }) => type.includes("networkInterface"));
    expect(left.map(({ inputs }) => inputs["subnetId"])).toEqual([account.id("subnet-a")]);
  });

  it("leaves default groups to their VPC, and takes what is gone for deleted", () => {
    const account = new Account();
    account.make("vpc", "vpc", { cidrBlock: "10.0.0.0/16" });
    const id = account.make("default", "defaultSecurityGroup", { vpcId: account.id("vpc") });
    expect(id).toBe(account.output("vpc", "defaultSecurityGroupId"));
    account.delete("default");
    account.delete("default");
    account.delete("vpc");
    expect(account.world.resources).toEqual([]);
  });

  it("leaves nothing when all goes in order", () => {
    const account = wholeStack();
    const order = ["nodes", "vpc-cni", "kube-proxy", "cluster"];
    const names = account.names.filter((name) => !order.includes(name)).toReversed();
    for (const name of [...order, ...names]) account.delete(name);
    expect(account.world.resources).toEqual([]);
  });
});

describe("change", () => {
  const replaced: [name: string, changes: Properties, replaces: string[]][] = [
    ["vpc", { cidrBlock: "10.1.0.0/16" }, ["cidrBlock"]],
    ["vpc", { enableDnsSupport: true }, []],
    ["vpc", { instanceTenancy: "dedicated" }, ["instanceTenancy"]],
    ["subnet-a", { availabilityZone: "eu-west-1c" }, ["availabilityZone"]],
    ["subnet-a", { mapPublicIpOnLaunch: true }, []],
    ["nat", { allocationId: "eipalloc-1" }, ["allocationId"]],
    ["group", { description: "Others" }, ["description"]],
    ["route", { natGatewayId: "nat-1" }, []],
    ["route", { destinationCidrBlock: "192.0.2.0/24" }, ["destinationCidrBlock"]],
    ["cluster", { version: "1.35" }, []],
    ["cluster", { roleArn: "arn:other" }, ["roleArn"]],
    ["cluster", { kubernetesNetworkConfig: { ipFamily: "ipv6" } }, ["kubernetesNetworkConfig"]],
    ["nodes", { instanceTypes: ["m7g.xlarge"] }, ["instanceTypes"]],
    ["nodes", { labels: { tier: "web" } }, []],
    ["nodes", { launchTemplate: { id: "lt-1", version: "1" } }, ["launchTemplate"]],
    ["template", { userData: "" }, []],
    ["log-group", { retentionInDays: 365 }, []],
    ["log-group", { name: "/other" }, ["name"]],
  ];
  it.each(replaced)("of %s %j replaces by %j", (name, changes, replaces) => {
    const difference = wholeStack().diff(name, changes);
    expect(difference.replaces).toEqual(replaces);
    expect(difference.changed).toEqual(Object.keys(changes));
  });

  it("is nothing when nothing differs", () => {
    expect(wholeStack().diff("vpc", {})).toEqual({
      changed: [],
      replaces: [],
      deleteBeforeReplace: false,
    });
  });

  it("deletes first what a fixed name does not let exist twice", () => {
    const account = wholeStack();
    expect(account.diff("cluster", { roleArn: "arn:other" }).deleteBeforeReplace).toBe(true);
    expect(account.diff("nodes", { diskSize: 50 }).deleteBeforeReplace).toBe(false);
  });

  it("replaces a rule whose peer becomes another kind, and updates one whose value changes", () => {
    const account = withNetwork();
    const securityGroupId = account.id("group");
    account.make("rule", "ingressRule", {
      securityGroupId,
      ipProtocol: "-1",
      cidrIpv4: "10.0.0.0/8",
    });
    expect(account.diff("rule", { cidrIpv4: "10.0.0.0/16" }).replaces).toEqual([]);
    const other = { cidrIpv4: undefined, referencedSecurityGroupId: securityGroupId };
    expect(account.diff("rule", other).replaces).toEqual(["cidrIpv4", "referencedSecurityGroupId"]);
  });

  const impossible: [title: string, changes: Properties][] = [
    ["two minor versions up", { version: "1.36" }],
    ["a version down", { version: "1.33" }],
    ["back to the config map", { accessConfig: { authenticationMode: "CONFIG_MAP" } }],
  ];
  it.each(impossible)("of a cluster is refused: %s", (_title, changes) => {
    const account = wholeStack();
    expect(refusalOf(() => account.change("cluster", changes)).code).toBe(
      "InvalidParameterException",
    );
  });

  it("of the key of an encrypted cluster is refused", () => {
    const account = withCluster();
    for (const name of ["one", "two"]) account.make(name, "key", { policy: keyPolicy() });
    const encryption = (key: string) => ({
      encryptionConfig: { provider: { keyArn: account.output(key, "arn") } },
    });
    account.change("cluster", encryption("one"));
    account.remember("cluster", encryption("one"));
    expect(refusalOf(() => account.change("cluster", encryption("two"))).message).toContain(
      account.output("two", "arn"),
    );
  });

  it("of a launch template makes a version, and keeps its id and ARN", () => {
    const account = wholeStack();
    const before = account.read("template");
    const after = account.change("template", { updateDefaultVersion: true });
    expect([after["latestVersion"], after["defaultVersion"], after["arn"]]).toEqual([
      2,
      2,
      before?.["arn"],
    ]);
  });

  it("is refused like a creation when it names what does not exist", () => {
    const account = wholeStack();
    expect(refusalOf(() => account.change("route", { natGatewayId: "nat-1" })).code).toBe(
      "NatGatewayNotFound",
    );
  });
});

describe("preview", () => {
  const scope = { region: "eu-west-1", defaultTags: { Owner: "platform" } };
  const world = emptyWorld(accountId);
  const type = "aws:eks/cluster:Cluster";

  it("knows the inputs of a creation and nothing else, however deep", () => {
    const inputs = { name: "main", vpcConfig: { subnetIds: [unknownValue] } };
    expect(previewCreate(world, scope, { type, urn: "urn", inputs })).toEqual({
      id: unknownValue,
      name: "main",
      arn: unknownValue,
      endpoint: unknownValue,
      certificateAuthority: unknownValue,
      identities: unknownValue,
      platformVersion: unknownValue,
      status: unknownValue,
      tagsAll: { Owner: "platform" },
      vpcConfig: {
        subnetIds: [unknownValue],
        clusterSecurityGroupId: unknownValue,
        vpcId: unknownValue,
      },
    });
  });

  it.each(Object.keys(rows))("takes inputs of %s of which nothing is known", (token) => {
    const inputs = Object.fromEntries(
      (rows[token]?.required ?? []).map((property) => [property, unknownValue]),
    );
    const outputs = previewCreate(world, scope, { type: token, urn: "urn", inputs });
    expect(outputs).toMatchObject(inputs);
  });

  it("keeps what an update leaves, and does not know what it moves", () => {
    const account = wholeStack();
    const template = account.read("template");
    const outputs = previewUpdate(account.world, scope, {
      type: "aws:ec2/launchTemplate:LaunchTemplate",
      urn: "urn",
      id: account.id("template"),
      inputs: { description: "new" },
    });
    expect(outputs["arn"]).toBe(template?.["arn"]);
    expect(outputs["latestVersion"]).toBe(unknownValue);
  });
});

describe("names and ids", () => {
  it("are the same for the same URN, and others for its next birth", () => {
    const role = { assumeRolePolicy: trust("ec2.amazonaws.com") };
    const [one, two] = [new Account(), new Account()];
    expect(one.make("nodes", "role", role)).toBe(two.make("nodes", "role", role));
    expect(one.make("nodes", "role", role)).not.toBe(two.id("nodes"));
  });

  it("are the given ones where the program gives them", () => {
    const account = new Account();
    const id = account.make("logs", "logGroup", { name: "/app" });
    expect([id, account.output("logs", "id"), account.output("logs", "arn")]).toEqual([
      "/app",
      "/app",
      `arn:aws:logs:eu-west-1:${accountId}:log-group:/app`,
    ]);
  });

  it("tags everything that has tags with the provider's own", () => {
    const account = new Account();
    account.make("vpc", "vpc", { cidrBlock: "10.0.0.0/16", tags: { Name: "main" } });
    expect(account.output("vpc", "tagsAll")).toEqual({ Owner: "platform", Name: "main" });
  });
});
