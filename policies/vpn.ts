import { coversWorld, isNetwork, isPrivate } from "./addresses";
import { ownGroup } from "./compute-security-groups";
import { is, isAbsent, isBetween, isNot, isSet, known } from "./conditions";
import type { Field, Finding, Resource } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";

const guide = "https://docs.aws.amazon.com/vpn/latest/clientvpn-admin";

export const vpnFederated = resourceRule({
  id: "vpn-federated",
  title: "People sign in to a VPN at an identity provider, which can ask for a second factor",
  severity: "critical",
  level: "mandatory",
  requirements: ["M7"],
  controls: [],
  fix: "Set authenticationOptions to one entry of type federated-authentication with a samlProviderArn.",
  url: `${guide}/federated-authentication.html`,
  types: [token.clientVpnEndpoint],
  *check(endpoint) {
    const options = endpoint.each("authenticationOptions");
    if (options.length === 0) yield endpoint.at("authenticationOptions").fail("name a provider");
    for (const option of options) {
      yield* option.at("type").must(is("federated-authentication"));
      if (option.at("type").text === "federated-authentication") {
        yield* option.at("samlProviderArn").must(isSet);
      }
    }
  },
});

export const vpnConnectionLog = resourceRule({
  id: "vpn-connection-log",
  title: "A VPN logs who comes, from where and for how long",
  severity: "high",
  level: "mandatory",
  requirements: ["S1", "M7"],
  controls: [],
  fix: "Set connectionLogOptions with enabled true and a cloudwatchLogGroup.",
  url: `${guide}/connection-logging.html`,
  types: [token.clientVpnEndpoint],
  *check(endpoint) {
    yield* endpoint.must("connectionLogOptions.enabled", is(true));
    yield* endpoint.must("connectionLogOptions.cloudwatchLogGroup", isSet);
  },
});

export const vpnSessionEnds = resourceRule({
  id: "vpn-session-ends",
  title: "A session of a VPN ends within a working day, and people sign in for the next one",
  severity: "medium",
  level: "mandatory",
  requirements: ["M7"],
  controls: [],
  fix: "Set sessionTimeoutHours to 8, 10 or 12, and disconnectOnSessionTimeout to true.",
  url: `${guide}/cvpn-working-max-duration.html`,
  types: [token.clientVpnEndpoint],
  *check(endpoint) {
    // AWS takes a day when nothing is said, and connects again by itself.
    yield* endpoint.must("sessionTimeoutHours", isBetween(8, 12));
    yield* endpoint.must("disconnectOnSessionTimeout", is(true));
  },
});

export const vpnTrustedNetworks = resourceRule({
  id: "vpn-trusted-networks",
  title:
    "A VPN asks a function about each connection: nothing else can say from where people may come",
  severity: "high",
  level: "mandatory",
  requirements: ["J17"],
  controls: [],
  fix: "Set clientConnectOptions with enabled true and a function that is told of the trusted networks, never of the world.",
  url: `${guide}/connection-authorization.html`,
  types: [token.clientVpnEndpoint, token.lambdaFunction],
  *check(resource) {
    if (resource.type === token.lambdaFunction) {
      yield* knowsTrustedNetworks(resource);
      return;
    }
    yield* resource.must("clientConnectOptions.enabled", is(true));
    yield* resource.must("clientConnectOptions.lambdaFunctionArn", isSet);
  },
});

/** A VPN asks functions of this prefix only, by the guide above, and nothing else has a reason to be named so. */
function knowsTrustedNetworks(lambda: Resource): Finding[] {
  if (!lambda.at("name").text.startsWith("AWSClientVPN-")) return [];
  const variables = lambda.at("environment.variables").values();
  return variables.flatMap((variable) => variable.must(isNotTheWorld));
}

const isNotTheWorld = known(
  "name trusted networks only",
  (value) => typeof value !== "string" || !coversWorld(networksIn(value)),
);

/** The networks of a list, however its items are kept apart. */
function networksIn(list: string): string[] {
  return list.split(/[^\da-f:./]+/i).filter(isNetwork);
}

export const vpnRoutesEnforced = resourceRule({
  id: "vpn-routes-enforced",
  title: "No other network takes the VPN's routes over on a machine that is connected",
  severity: "medium",
  level: "mandatory",
  requirements: ["M7"],
  controls: [],
  fix: "Set clientRouteEnforcementOptions.enforced to true.",
  url: `${guide}/cvpn-working-cre.html`,
  types: [token.clientVpnEndpoint],
  *check(endpoint) {
    // Off when nothing is said; AWS' own client from 5.2.0 on does it.
    yield* endpoint.must("clientRouteEnforcementOptions.enforced", is(true));
  },
});

export const vpnOwnTraffic = stackRule({
  id: "vpn-own-traffic-only",
  title: "A VPN carries what is meant for private networks, and leads nobody to the internet",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: [],
  fix: "Set splitTunnel to true, and name private networks in routes and authorization rules.",
  url: `${guide}/split-tunnel-vpn.html`,
  types: [token.clientVpnEndpoint, token.clientVpnRoute, token.clientVpnAuthorization],
  *checkStack(stack) {
    for (const endpoint of stack.all(token.clientVpnEndpoint)) {
      yield* endpoint.must("splitTunnel", is(true));
    }
    for (const route of stack.all(token.clientVpnRoute)) {
      yield* route.must("destinationCidrBlock", isPrivateNetwork);
    }
    for (const rule of stack.all(token.clientVpnAuthorization)) {
      yield* rule.must("targetNetworkCidr", isPrivateNetwork);
    }
  },
});

const isPrivateNetwork = known(
  "be a private network",
  (value) => typeof value === "string" && isPrivate(value),
);

export const vpnNamedGroups = resourceRule({
  id: "vpn-named-groups",
  title: "A VPN opens networks to named groups, not to all who can sign in",
  severity: "high",
  level: "mandatory",
  requirements: ["M7", "J17"],
  controls: [],
  fix: "Set accessGroupId, and leave authorizeAllGroups out.",
  url: `${guide}/cvpn-working-rules.html`,
  types: [token.clientVpnAuthorization],
  *check(rule) {
    yield* rule.must("authorizeAllGroups", isNot(true));
    yield* rule.must("accessGroupId", isSet);
  },
});

export const vpnOwnSecurityGroup = stackRule({
  id: "vpn-own-security-group",
  title: "A VPN names a security group of its own, not the VPC's default",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: [],
  fix: "Set vpcId and securityGroupIds to a group that says what people may reach.",
  url: `${guide}/client-authorization.html`,
  types: [token.clientVpnEndpoint],
  *checkStack(stack) {
    for (const endpoint of stack.all(token.clientVpnEndpoint)) {
      const fields = endpoint.each("securityGroupIds");
      // AWS takes the VPC's default group when none is named.
      if (fields.length === 0) yield endpoint.at("securityGroupIds").fail("name a security group");
      yield* fields.flatMap((field) => ownGroup(field, stack));
    }
  },
});

export const vpnNoPortal = resourceRule({
  id: "vpn-no-self-service-portal",
  title: "The configuration of a VPN's clients is on no page of the internet",
  severity: "medium",
  level: "mandatory",
  requirements: ["J16"],
  controls: [],
  fix: "Leave selfServicePortal out, or set it to disabled.",
  url: `${guide}/cvpn-self-service-portal.html`,
  types: [token.clientVpnEndpoint],
  *check(endpoint) {
    yield* endpoint.must("selfServicePortal", isNot("enabled"));
    yield* endpoint.each("authenticationOptions").flatMap((option) => portalProvider(option));
  },
});

function portalProvider(option: Field): Finding[] {
  return option.at("selfServiceSamlProviderArn").must(isAbsent);
}

export const vpnBanner = resourceRule({
  id: "vpn-login-banner",
  title: "A VPN tells people at sign-in what they enter, and that it is recorded",
  severity: "low",
  level: "advisory",
  requirements: ["M7"],
  controls: [],
  fix: "Set clientLoginBannerOptions with enabled true and a bannerText.",
  url: `${guide}/cvpn-working-login-banner.html`,
  types: [token.clientVpnEndpoint],
  *check(endpoint) {
    yield* endpoint.must("clientLoginBannerOptions.enabled", is(true));
    yield* endpoint.must("clientLoginBannerOptions.bannerText", isSet);
  },
});
