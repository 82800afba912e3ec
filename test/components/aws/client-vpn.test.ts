import { ClientVpn } from "../../../components/aws/client-vpn";
import { created, ofType } from "../../support/created";

const certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/1";
const provider = "arn:aws:iam::111122223333:saml-provider/people";

const build = () =>
  created(
    () =>
      new ClientVpn("vpn", {
        prefix: "p",
        accountId: "111122223333",
        region: "eu-west-1",
        vpcId: "vpc",
        subnetIds: { "eu-west-1a": "subnet-a", "eu-west-1b": "subnet-b" },
        securityGroupId: "sg-vpn",
        destinations: ["10.0.240.0/24", "10.0.241.0/24"],
        dnsServer: "10.0.0.2",
        clientCidr: "192.168.0.0/22",
        serverCertificateArn: certificate,
        samlProviderArn: provider,
        groups: ["platform", "on-call"],
        trustedCidrs: ["203.0.113.0/24", "198.51.100.7/32"],
        sessionHours: 8,
        functionKeyArn: "arn:functions",
        logKeyArn: "arn:logs",
        logRetentionDays: 365,
      }),
  );
const functionArn = "arn:aws:lambda:eu-west-1:111122223333:function:AWSClientVPN-p-networks";
const endpoint = "aws:ec2clientvpn/endpoint:Endpoint";
const statements = (text: unknown) =>
  (JSON.parse(text as string) as { Statement: unknown[] }).Statement;

describe("ClientVpn", () => {
  it("asks an identity provider who is there, and for how long at most [M7]", async () => {
    expect(ofType(await build(), endpoint)).toEqual({
      vpn: {
        description: "People's way into p",
        vpcId: "vpc",
        securityGroupIds: ["sg-vpn"],
        clientCidrBlock: "192.168.0.0/22",
        serverCertificateArn: certificate,
        authenticationOptions: [{ type: "federated-authentication", samlProviderArn: provider }],
        clientConnectOptions: { enabled: true, lambdaFunctionArn: functionArn },
        connectionLogOptions: {
          enabled: true,
          cloudwatchLogGroup: "/drawbridge/p/vpn-connections",
          cloudwatchLogStream: "connections",
        },
        transportProtocol: "udp",
        vpnPort: 443,
        splitTunnel: true,
        clientRouteEnforcementOptions: { enforced: true },
        dnsServers: ["10.0.0.2"],
        sessionTimeoutHours: 8,
        disconnectOnSessionTimeout: true,
        clientLoginBannerOptions: {
          enabled: true,
          bannerText: "p: for authorised people only. Connections are recorded.",
        },
        selfServicePortal: "disabled",
        tags: { Name: "p" },
      },
    });
  });

  it("comes into each zone once", async () => {
    expect(ofType(await build(), "aws:ec2clientvpn/networkAssociation:NetworkAssociation")).toEqual(
      {
        "vpn-eu-west-1a": { clientVpnEndpointId: "vpn-id", subnetId: "subnet-a" },
        "vpn-eu-west-1b": { clientVpnEndpointId: "vpn-id", subnetId: "subnet-b" },
      },
    );
  });

  it("opens the named networks and their DNS to each group, and no route beyond [J16]", async () => {
    const resources = await build();
    const rules = ofType(resources, "aws:ec2clientvpn/authorizationRule:AuthorizationRule");
    const rule = (accessGroupId: string, targetNetworkCidr: string, description: string) => [
      `vpn-${accessGroupId}-${targetNetworkCidr}`,
      { clientVpnEndpointId: "vpn-id", targetNetworkCidr, accessGroupId, description },
    ];
    expect(rules).toEqual(
      Object.fromEntries(
        ["platform", "on-call"].flatMap((group) => [
          rule(group, "10.0.240.0/24", "Kubernetes API and log store"),
          rule(group, "10.0.241.0/24", "Kubernetes API and log store"),
          rule(group, "10.0.0.2/32", "DNS of the VPC"),
        ]),
      ),
    );
    expect(ofType(resources, "aws:ec2clientvpn/route:Route")).toEqual({});
  });

  it("lets a function decide from where people come, which may do nothing but log [J17]", async () => {
    const resources = await build();
    expect(ofType(resources, "aws:lambda/function:Function")["vpn-networks"]).toMatchObject({
      name: "AWSClientVPN-p-networks",
      kmsKeyArn: "arn:functions",
      sourceKmsKeyArn: "arn:functions",
      timeout: 10,
      environment: { variables: { TRUSTED_CIDRS: "203.0.113.0/24,198.51.100.7/32" } },
      loggingConfig: { logFormat: "JSON", logGroup: "/drawbridge/p/vpn-networks" },
    });
    const { policy } = ofType(resources, "aws:iam/rolePolicy:RolePolicy")["vpn-networks"] ?? {};
    const group = "arn:aws:logs:eu-west-1:111122223333:log-group:/drawbridge/p/vpn-networks";
    expect(statements(policy)).toEqual([
      {
        Effect: "Allow",
        Sid: "WriteOwnLogs",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: [group, `${group}:*`],
      },
    ]);
  });

  it("keeps encrypted logs of connections and of refusals [S1]", async () => {
    const resources = await build();
    const kept = { kmsKeyId: "arn:logs", retentionInDays: 365 };
    expect(ofType(resources, "aws:cloudwatch/logGroup:LogGroup")).toEqual({
      "vpn-connections": { name: "/drawbridge/p/vpn-connections", ...kept },
      "vpn-networks": { name: "/drawbridge/p/vpn-networks", ...kept },
    });
    expect(ofType(resources, "aws:cloudwatch/logStream:LogStream")).toEqual({
      "vpn-connections": { name: "connections", logGroupName: "/drawbridge/p/vpn-connections" },
    });
  });
});
