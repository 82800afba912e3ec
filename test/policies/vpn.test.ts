import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import type { StackSpec } from "../support/rule-stack";
import { gone, ref, unknown } from "../support/rule-stack";

const provider = "arn:aws:iam::111122223333:saml-provider/people";
const handler = "arn:aws:lambda:eu-west-1:111122223333:function:AWSClientVPN-networks";

const base: StackSpec = {
  vpc: resource(token.vpc, { cidrBlock: "10.0.0.0/16" }),
  people: resource(token.securityGroup, { vpcId: ref("vpc") }),
  vpn: resource(token.clientVpnEndpoint, {
    vpcId: ref("vpc"),
    securityGroupIds: [ref("people")],
    clientCidrBlock: "192.168.0.0/22",
    authenticationOptions: [{ type: "federated-authentication", samlProviderArn: provider }],
    clientConnectOptions: { enabled: true, lambdaFunctionArn: handler },
    connectionLogOptions: { enabled: true, cloudwatchLogGroup: "/vpn" },
    splitTunnel: true,
    clientRouteEnforcementOptions: { enforced: true },
    sessionTimeoutHours: 8,
    disconnectOnSessionTimeout: true,
    clientLoginBannerOptions: { enabled: true, bannerText: "Private" },
  }),
  rule: resource(token.clientVpnAuthorization, {
    clientVpnEndpointId: ref("vpn"),
    targetNetworkCidr: "10.0.240.0/24",
    accessGroupId: "platform",
  }),
};

/** A function that VPNs may ask, with this in its environment. */
const told = (networks: unknown, name = "AWSClientVPN-networks") =>
  resource(token.lambdaFunction, { name, environment: { variables: { NETWORKS: networks } } });

const undecided = (name: string, field: string) => [
  `${name}: undecided: ${field} of ${name} is unknown until up`,
];

casesFor("vpn-federated [M7]", {
  base,
  passes: [["SAML", {}]],
  fails: [
    [
      "certificates that machines have",
      {
        "vpn.authenticationOptions": [
          { type: "certificate-authentication", rootCertificateChainArn: "arn" },
        ],
      },
      [
        'vpn: authenticationOptions[0].type must be federated-authentication, got "certificate-authentication"',
      ],
    ],
    [
      "a directory beside it",
      {
        "vpn.authenticationOptions[1]": {
          type: "directory-service-authentication",
          activeDirectoryId: "d-1",
        },
      },
      [
        'vpn: authenticationOptions[1].type must be federated-authentication, got "directory-service-authentication"',
      ],
    ],
    [
      "no provider",
      { "vpn.authenticationOptions[0].samlProviderArn": gone },
      ["vpn: authenticationOptions[0].samlProviderArn must be set, got nothing"],
    ],
    [
      "nothing at all",
      { "vpn.authenticationOptions": [] },
      ["vpn: authenticationOptions must name a provider, got []"],
    ],
  ],
  undecided: [
    [
      "a way of which nobody knows yet",
      { "vpn.authenticationOptions[0].type": unknown },
      undecided("vpn", "authenticationOptions[0].type"),
    ],
    [
      "a provider of which nobody knows yet",
      { "vpn.authenticationOptions[0].samlProviderArn": unknown },
      undecided("vpn", "authenticationOptions[0].samlProviderArn"),
    ],
  ],
});

casesFor("vpn-connection-log [S1] [M7]", {
  base,
  passes: [["a log", {}]],
  fails: [
    [
      "no log",
      { "vpn.connectionLogOptions": { enabled: false } },
      [
        "vpn: connectionLogOptions.enabled must be true, got false",
        "vpn: connectionLogOptions.cloudwatchLogGroup must be set, got nothing",
      ],
    ],
  ],
  undecided: [
    [
      "a group of which nobody knows yet",
      { "vpn.connectionLogOptions.cloudwatchLogGroup": unknown },
      undecided("vpn", "connectionLogOptions.cloudwatchLogGroup"),
    ],
  ],
});

casesFor("vpn-session-ends [M7]", {
  base,
  passes: [
    ["eight hours", {}],
    ["twelve, as a text", { "vpn.sessionTimeoutHours": "12" }],
  ],
  fails: [
    [
      "a day",
      { "vpn.sessionTimeoutHours": 24 },
      ["vpn: sessionTimeoutHours must be an integer from 8 to 12, got 24"],
    ],
    [
      "what AWS takes",
      { "vpn.sessionTimeoutHours": gone, "vpn.disconnectOnSessionTimeout": gone },
      [
        "vpn: sessionTimeoutHours must be an integer from 8 to 12, got nothing",
        "vpn: disconnectOnSessionTimeout must be true, got nothing",
      ],
    ],
  ],
  undecided: [
    [
      "a time that nobody knows yet",
      { "vpn.sessionTimeoutHours": unknown },
      undecided("vpn", "sessionTimeoutHours"),
    ],
  ],
});

casesFor("vpn-trusted-networks [J17]", {
  base,
  passes: [
    ["a function that is asked", {}],
    [
      "a function that is told of trusted networks",
      { networks: told("203.0.113.0/24, 2001:db8::/32") },
    ],
    ["a function that is told of something else", { networks: told("https://example.com/3, 0/0") }],
    ["another function", { networks: told("0.0.0.0/0", "networks") }],
  ],
  fails: [
    [
      "a function that is told of the world",
      { networks: told("203.0.113.0/24,0.0.0.0/0") },
      [
        'networks: environment.variables.NETWORKS must name trusted networks only, got "203.0.113.0/24,0.0.0.0/0"',
      ],
    ],
    [
      "a function that is told of the world by halves, as JSON",
      { networks: told('["0.0.0.0/1","128.0.0.0/1"]') },
      [
        'networks: environment.variables.NETWORKS must name trusted networks only, got "[\\"0.0.0.0/1\\",\\"128.0.0.0/1\\"]"',
      ],
    ],
    [
      "nobody is asked",
      { "vpn.clientConnectOptions": gone },
      [
        "vpn: clientConnectOptions.enabled must be true, got nothing",
        "vpn: clientConnectOptions.lambdaFunctionArn must be set, got nothing",
      ],
    ],
    [
      "the function is not asked",
      { "vpn.clientConnectOptions.enabled": false },
      ["vpn: clientConnectOptions.enabled must be true, got false"],
    ],
  ],
  undecided: [
    [
      "a function of which nobody knows yet",
      { "vpn.clientConnectOptions.lambdaFunctionArn": unknown },
      undecided("vpn", "clientConnectOptions.lambdaFunctionArn"),
    ],
    [
      "networks that nobody knows yet",
      { networks: told(unknown) },
      undecided("networks", "environment.variables.NETWORKS"),
    ],
  ],
});

casesFor("vpn-routes-enforced [M7]", {
  base,
  passes: [["they stay as they are", {}]],
  fails: [
    [
      "what AWS takes",
      { "vpn.clientRouteEnforcementOptions": gone },
      ["vpn: clientRouteEnforcementOptions.enforced must be true, got nothing"],
    ],
    [
      "others may take them over",
      { "vpn.clientRouteEnforcementOptions.enforced": false },
      ["vpn: clientRouteEnforcementOptions.enforced must be true, got false"],
    ],
  ],
  undecided: [
    [
      "nobody knows yet",
      { "vpn.clientRouteEnforcementOptions.enforced": unknown },
      undecided("vpn", "clientRouteEnforcementOptions.enforced"),
    ],
  ],
});

casesFor("vpn-own-traffic-only [J16]", {
  base,
  passes: [
    ["a subnet", {}],
    [
      "a route to a peered VPC",
      {
        route: resource(token.clientVpnRoute, {
          clientVpnEndpointId: ref("vpn"),
          destinationCidrBlock: "10.1.0.0/16",
        }),
      },
    ],
  ],
  fails: [
    [
      "everything through the tunnel",
      { "vpn.splitTunnel": gone },
      ["vpn: splitTunnel must be true, got nothing"],
    ],
    [
      "the internet for a group",
      { "rule.targetNetworkCidr": "0.0.0.0/0" },
      ['rule: targetNetworkCidr must be a private network, got "0.0.0.0/0"'],
    ],
    [
      "a route to the internet",
      {
        route: resource(token.clientVpnRoute, {
          clientVpnEndpointId: ref("vpn"),
          destinationCidrBlock: "0.0.0.0/0",
        }),
      },
      ['route: destinationCidrBlock must be a private network, got "0.0.0.0/0"'],
    ],
  ],
  undecided: [
    [
      "a network that nobody knows yet",
      { "rule.targetNetworkCidr": unknown },
      undecided("rule", "targetNetworkCidr"),
    ],
  ],
});

casesFor("vpn-named-groups [M7] [J17]", {
  base,
  passes: [["a group", {}]],
  fails: [
    [
      "everybody who can sign in",
      { "rule.accessGroupId": gone, "rule.authorizeAllGroups": true },
      [
        "rule: authorizeAllGroups must not be true, got true",
        "rule: accessGroupId must be set, got nothing",
      ],
    ],
  ],
  undecided: [
    [
      "a group of which nobody knows yet",
      { "rule.accessGroupId": unknown },
      undecided("rule", "accessGroupId"),
    ],
  ],
});

casesFor("vpn-own-security-group [J16]", {
  base,
  passes: [
    ["its own", {}],
    ["one that the stack does not manage", { "vpn.securityGroupIds": ["sg-1"] }],
  ],
  fails: [
    [
      "none",
      { "vpn.securityGroupIds": gone },
      ["vpn: securityGroupIds must name a security group, got nothing"],
    ],
    [
      "the default one",
      {
        "default-group": resource(token.defaultSecurityGroup, { vpcId: ref("vpc") }),
        "vpn.securityGroupIds": [ref("default-group")],
      },
      ['vpn: securityGroupIds[0] must not be the VPC\'s default group, got "(unknown)"'],
      "preview",
    ],
    [
      "the default one, by its id",
      {
        "default-group": resource(token.defaultSecurityGroup, { vpcId: ref("vpc") }),
        "vpn.securityGroupIds": [ref("default-group")],
      },
      ['vpn: securityGroupIds[0] must not be the VPC\'s default group, got "default-group-id"'],
      "finished",
    ],
  ],
  undecided: [
    [
      "a group of which nobody knows yet",
      { "vpn.securityGroupIds": [unknown] },
      undecided("vpn", "securityGroupIds[0]"),
    ],
  ],
});

casesFor("vpn-no-self-service-portal [J16]", {
  base,
  passes: [
    ["nothing is said", {}],
    ["it is off", { "vpn.selfServicePortal": "disabled" }],
  ],
  fails: [
    [
      "it is on",
      {
        "vpn.selfServicePortal": "enabled",
        "vpn.authenticationOptions[0].selfServiceSamlProviderArn": provider,
      },
      [
        'vpn: selfServicePortal must not be enabled, got "enabled"',
        `vpn: authenticationOptions[0].selfServiceSamlProviderArn must be left out, got "${provider}"`,
      ],
    ],
  ],
  undecided: [
    [
      "nobody knows yet",
      { "vpn.selfServicePortal": unknown },
      undecided("vpn", "selfServicePortal"),
    ],
  ],
});

casesFor("vpn-login-banner [M7]", {
  base,
  passes: [["a banner", {}]],
  fails: [
    [
      "none",
      { "vpn.clientLoginBannerOptions": gone },
      [
        "vpn: clientLoginBannerOptions.enabled must be true, got nothing",
        "vpn: clientLoginBannerOptions.bannerText must be set, got nothing",
      ],
    ],
  ],
  undecided: [
    [
      "a text that nobody knows yet",
      { "vpn.clientLoginBannerOptions.bannerText": unknown },
      undecided("vpn", "clientLoginBannerOptions.bannerText"),
    ],
  ],
});
