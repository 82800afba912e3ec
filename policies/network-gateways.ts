import { overlap } from "./addresses";
import { instances, templatesOf } from "./launch-templates";
import type { Finding, Resource, Stack } from "./model";
import { publicBastion } from "./public-bastion";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { isBastion } from "./topology";

export const internetGatewaySingle = stackRule({
  id: "net-igw-single",
  title: "A VPC has one internet gateway, no way around NAT, and no peer with the same addresses",
  severity: "low",
  level: "advisory",
  requirements: ["J16", "J18"],
  controls: ["ckv:CKV2_AWS_44"],
  fix: "Keep one internet gateway for each VPC, leave out egress-only gateways, and peer networks that do not overlap.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html",
  types: [token.internetGateway, token.egressOnlyInternetGateway, token.vpcPeeringConnection],
  *checkStack(stack) {
    for (const vpc of stack.all(token.vpc)) {
      const gateways = [
        ...stack.users(vpc, [token.internetGateway], "vpcId"),
        ...stack.users(vpc, [token.internetGatewayAttachment], "vpcId"),
      ];
      if (gateways.length > 1) {
        yield vpc.fail(
          `${vpc.name} must have one internet gateway, got ${gateways.map(({ name }) => name).join(", ")}`,
        );
      }
    }
    for (const gateway of stack.all(token.egressOnlyInternetGateway)) {
      yield gateway.fail(`${gateway.name} must not exist: it is a way to the internet around NAT`);
    }
    for (const type of [token.internetGateway, token.internetGatewayAttachment]) {
      yield* stack.danglers([type], "vpcId", [token.vpc]).map((field) => field.undecided());
    }
    for (const peering of stack.all(token.vpcPeeringConnection)) yield* peersApart(peering, stack);
  },
});

function* peersApart(peering: Resource, stack: Stack): Iterable<Finding> {
  const sides = ["vpcId", "peerVpcId"].map((path) => stack.refs(peering.at(path), [token.vpc]));
  yield* sides.flatMap(({ unknown }) => unknown.map((field) => field.undecided()));
  const [own = [], peer = []] = sides.map(({ found }) =>
    found
      .map((vpc) => vpc.at("cidrBlock"))
      .flatMap(({ present, unknown, value }) => (present && !unknown ? [String(value)] : [])),
  );
  if (overlap(own, peer)) {
    yield peering.fail(
      `peerVpcId must be a VPC with other addresses, got ${peer.join(", ")} on both sides`,
    );
  }
}

export const eipOnlyNat = stackRule({
  id: "net-eip-only-nat-bastion",
  title: "Public addresses belong to NAT gateways, and to a bastion where configuration says so",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: ["ckv:CKV2_AWS_19"],
  fix: "Attach the address to a NAT gateway or leave it out; that of a bastion that should be public is told to the pack by publicBastion.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-eips.html",
  types: [token.eip, token.eipAssociation],
  config: { publicBastion },
  *checkStack(stack, config) {
    for (const association of stack.all(token.eipAssociation)) {
      if (config.publicBastion) {
        yield* ofBastion(association, ["instanceId", "networkInterfaceId"], stack);
      } else {
        yield association.fail(`${association.name} must not exist: it gives out a public address`);
      }
    }
    for (const address of stack.all(token.eip)) {
      yield* belongsToNat(address, stack, config.publicBastion);
    }
  },
});

const machines = [...instances, token.networkInterface];

/** What the inputs name, which is whom an address is for, must be a bastion or its network interface. */
function* ofBastion(address: Resource, paths: readonly string[], stack: Stack): Iterable<Finding> {
  for (const field of paths.map((path) => address.at(path))) {
    const { found, outside, unknown } = stack.refs(field, machines);
    yield* unknown.map((one) => one.undecided());
    yield* outside.map(({ text }) =>
      address.undecided(`whether ${text} is a bastion is unknown: the stack does not manage it`),
    );
    for (const machine of found) {
      if ([machine, ...templatesOf(machine, stack)].some(isBastion)) continue;
      yield address.fail(`${field.path} must be a bastion's, got ${machine.name}`);
    }
  }
}

function* belongsToNat(address: Resource, stack: Stack, forBastion: boolean): Iterable<Finding> {
  const paths = ["instance", "networkInterface"];
  const byInstance = paths.map((path) => address.at(path)).filter(({ present }) => present);
  if (byInstance.length > 0) {
    yield* forBastion
      ? ofBastion(address, paths, stack)
      : byInstance.map((field) => field.fail("be left out"));
    return;
  }
  // A bastion that is replaced by itself takes its address by itself, so nothing but its name tells whose it is.
  if (forBastion && isBastion(address)) return;
  if (forBastion && stack.users(address, [token.eipAssociation], "allocationId").length > 0) return;
  const nat = [token.natGateway];
  const uses: [readonly string[], string][] = [
    [nat, "allocationId"],
    [nat, "secondaryAllocationIds"],
    [[token.natGatewayEipAssociation], "allocationId"],
  ];
  if (uses.some(([types, path]) => stack.users(address, types, path).length > 0)) return;
  const regional = stack
    .all(token.natGateway)
    .flatMap((gateway) => gateway.each("availabilityZoneAddresses"))
    .some((entry) => stack.refs(entry.at("allocationIds"), [token.eip]).found.includes(address));
  if (regional) return;
  const danglers = uses.flatMap(([types, path]) => stack.danglers(types, path, [token.eip]));
  yield* danglers.length > 0
    ? danglers.map((field) => field.undecided())
    : [address.fail(`${address.name} must belong to a NAT gateway, got no gateway that uses it`)];
}
