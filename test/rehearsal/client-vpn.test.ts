import { Account, accountId, network, refusalOf, trust } from "./account";
import type { Properties } from "./aws/world";
import { missingDependencies } from "./order";

const provider = `arn:aws:iam::${accountId}:saml-provider/people`;
const handler = `arn:aws:lambda:eu-west-1:${accountId}:function:AWSClientVPN-networks`;
const certificate = (place: string) => `arn:aws:acm:${place}:certificate/1`;

const endpointInputs = (account: Account): Properties => ({
  vpcId: account.id("vpc"),
  securityGroupIds: [account.id("group")],
  clientCidrBlock: "192.168.0.0/22",
  serverCertificateArn: certificate(`eu-west-1:${accountId}`),
  authenticationOptions: [{ type: "federated-authentication", samlProviderArn: provider }],
  clientConnectOptions: { enabled: true, lambdaFunctionArn: handler },
  connectionLogOptions: {
    enabled: true,
    cloudwatchLogGroup: "/vpn",
    cloudwatchLogStream: "connections",
  },
  sessionTimeoutHours: 8,
  transportProtocol: "udp",
});

/** An account with all that an endpoint names. */
function prepared(): Account {
  const account = new Account([provider]);
  network(account);
  account.make("log-group", "logGroup", { name: "/vpn" });
  account.make("stream", "logStream", { name: "connections", logGroupName: "/vpn" });
  account.make("role", "role", { assumeRolePolicy: trust("lambda.amazonaws.com") });
  for (const name of ["AWSClientVPN-networks", "networks"]) {
    account.make(name, "function", { name, role: account.output("role", "arn") });
  }
  return account;
}

const endpoint = (account: Account, changes: Properties = {}) =>
  account.make("vpn", "vpnEndpoint", { ...endpointInputs(account), ...changes });
const associate = (account: Account, subnet = "subnet-a") =>
  account.make(`in ${subnet}`, "vpnAssociation", {
    clientVpnEndpointId: account.id("vpn"),
    subnetId: account.id(subnet),
  });
const authorize = (account: Account, changes: Properties = {}, name = "rule") =>
  account.make(name, "vpnRule", {
    clientVpnEndpointId: account.id("vpn"),
    targetNetworkCidr: "10.0.0.0/24",
    accessGroupId: "platform",
    ...changes,
  });

function withVpn(): Account {
  const account = prepared();
  endpoint(account);
  associate(account);
  authorize(account);
  return account;
}

describe("a Client VPN endpoint", () => {
  const refused: [what: string, changes: Properties, code: string][] = [
    ["too small a network", { clientCidrBlock: "192.168.0.0/23" }, "InvalidParameterValue"],
    ["too large a network", { clientCidrBlock: "10.0.0.0/11" }, "InvalidParameterValue"],
    [
      "a certificate of another region",
      { serverCertificateArn: certificate(`us-east-1:${accountId}`) },
      "InvalidParameterValue",
    ],
    [
      "a certificate of another account",
      { serverCertificateArn: certificate("eu-west-1:444455556666") },
      "InvalidParameterValue",
    ],
    ["nine hours", { sessionTimeoutHours: 9 }, "InvalidParameterValue"],
    [
      "a provider that is not there",
      { authenticationOptions: [{ samlProviderArn: `${provider}-2` }] },
      "NoSuchEntity",
    ],
    [
      "a function that is not there",
      { clientConnectOptions: { enabled: true, lambdaFunctionArn: `${handler}-2` } },
      "InvalidParameterValue",
    ],
    [
      "a function that AWS may not call",
      {
        clientConnectOptions: {
          enabled: true,
          lambdaFunctionArn: handler.replace("AWSClientVPN-", ""),
        },
      },
      "InvalidParameterValue",
    ],
    [
      "a log group that is not there",
      { connectionLogOptions: { enabled: true, cloudwatchLogGroup: "/none" } },
      "ResourceNotFoundException",
    ],
    [
      "a log stream that is not there",
      {
        connectionLogOptions: {
          enabled: true,
          cloudwatchLogGroup: "/vpn",
          cloudwatchLogStream: "none",
        },
      },
      "InvalidParameterValue",
    ],
  ];
  it.each(refused)("is refused with %s", (_what, changes, code) => {
    const account = prepared();
    expect(refusalOf(() => endpoint(account, changes)).code).toBe(code);
  });

  it("is refused a group of another VPC", () => {
    const account = prepared();
    const vpcId = account.make("other", "vpc", { cidrBlock: "10.1.0.0/16" });
    account.make("strange", "securityGroup", { vpcId, description: "Strange" });
    const changes = { securityGroupIds: [account.id("strange")] };
    expect(refusalOf(() => endpoint(account, changes)).code).toBe("InvalidParameter");
  });

  it("goes after its last target network, and takes its rules along", () => {
    const account = withVpn();
    expect(refusalOf(() => account.delete("vpn")).code).toBe("DependencyViolation");
    account.delete("in subnet-a");
    account.delete("vpn");
    expect([account.read("vpn"), account.read("rule")]).toEqual([undefined, undefined]);
  });

  it("holds its subnets and its group", () => {
    const account = withVpn();
    expect(refusalOf(() => account.delete("subnet-a")).code).toBe("DependencyViolation");
    expect(refusalOf(() => account.delete("group")).code).toBe("DependencyViolation");
  });

  it("is replaced by what cannot change, and changes the rest in place", () => {
    const account = withVpn();
    const replaces = (changes: Properties) => account.diff("vpn", changes).replaces;
    expect(replaces({ clientCidrBlock: "192.168.4.0/22" })).toEqual(["clientCidrBlock"]);
    expect(replaces({ transportProtocol: "tcp" })).toEqual(["transportProtocol"]);
    expect(replaces({ authenticationOptions: [] })).toEqual(["authenticationOptions"]);
    expect(replaces({ sessionTimeoutHours: 10, splitTunnel: true, vpnPort: 1194 })).toEqual([]);
    expect(account.diff("rule", { accessGroupId: "on-call" }).replaces).toEqual(["accessGroupId"]);
  });

  it("needs its log stream and its function", () => {
    const account = withVpn();
    const state = account.names.map((name) => ({
      urn: account.urn(name),
      type: "",
      dependencies: [],
    }));
    const missing = missingDependencies(account.world, state)
      .filter(({ urn }) => urn === account.urn("vpn"))
      .map(({ needs }) => needs.split("::").at(-1));
    expect(missing).toEqual(["AWSClientVPN-networks", "stream"]);
  });
});

describe("a target network", () => {
  it.each([
    ["a second one of a zone", "subnet-public", "InvalidClientVpnSubnetId.DuplicateAz"],
    ["one of another VPC", "strange", "InvalidClientVpnSubnetId.NotFound"],
    ["one that is too small", "small", "InvalidParameterValue"],
  ])("is refused as %s", (_what, subnet, code) => {
    const account = withVpn();
    const vpcId = account.make("other", "vpc", { cidrBlock: "10.1.0.0/16" });
    const availabilityZone = "eu-west-1b";
    account.make("strange", "subnet", { vpcId, cidrBlock: "10.1.0.0/24", availabilityZone });
    account.make("small", "subnet", {
      vpcId: account.id("vpc"),
      cidrBlock: "10.0.9.0/28",
      availabilityZone,
    });
    expect(refusalOf(() => associate(account, subnet)).code).toBe(code);
  });

  it("is refused when clients get its addresses", () => {
    const account = prepared();
    endpoint(account, { clientCidrBlock: "10.0.0.0/16" });
    expect(refusalOf(() => associate(account)).code).toBe(
      "InvalidClientVpnSubnetId.OverlappingCidr",
    );
  });
});

describe("an authorization rule", () => {
  it.each<[string, Properties, string]>([
    [
      "for a group and for all",
      { authorizeAllGroups: true, accessGroupId: "all" },
      "InvalidParameterCombination",
    ],
    ["for nobody", { accessGroupId: undefined }, "InvalidParameterCombination"],
    ["that is there", {}, "InvalidClientVpnDuplicateAuthorizationRule"],
    ["of no endpoint", { clientVpnEndpointId: "x" }, "InvalidClientVpnEndpointId.NotFound"],
  ])("is refused %s", (_what, changes, code) => {
    const account = withVpn();
    expect(refusalOf(() => authorize(account, changes, "another")).code).toBe(code);
  });

  it("is refused beyond the quota", () => {
    const account = withVpn();
    for (let i = 1; i < 200; i++) authorize(account, { accessGroupId: `g${i}` }, `rule ${i}`);
    expect(refusalOf(() => authorize(account, { accessGroupId: "g200" }, "last")).code).toBe(
      "ClientVpnAuthorizationRuleLimitExceeded",
    );
  });
});
