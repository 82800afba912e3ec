import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { longestStackName } from "../../components/aws/bucket";
import {
  mostClients,
  mostRequests,
  mostTags,
  mostTrusted,
  mostVpnGroups,
} from "../../infra/limits";
import { planStack } from "../../plan/host";
import type { PropertyMap } from "../../plan/property-values";
import { firewall } from "../../policies/firewall";
import { folderOf } from "../plan/files";
import { ed25519 } from "../support/public-keys";

// The whole program runs, beside other tests.
jest.setTimeout(60_000);

/** The real program with as much as its configuration takes, against the limits of AWS. */

const root = join(__dirname, "../..");
// The longest names that go into names and policies.
const region = "ap-southeast-1";
const stack = "a".repeat(longestStackName(region));

interface Planned {
  type: string;
  name: string;
  inputs: PropertyMap;
}

/** Keys of tags, as many as configuration takes. */
const tagKeys = ["Owner", "CostCenter", ...Array.from({ length: mostTags - 2 }, (_, i) => `t${i}`)];

async function planned(change: Record<string, unknown>): Promise<Planned[]> {
  const { config } = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  const large = {
    ...config,
    "drawbridge:region": region,
    "drawbridge:zones": ["a", "b", "c", "d"].map((letter) => `${region}${letter}`),
    "drawbridge:tags": Object.fromEntries(tagKeys.map((key) => [key, "x"])),
    "drawbridge:entry": {
      domains: Array.from({ length: 10 }, (_, i) => `d${i}.example.com`),
      zone: { id: "Z0EXAMPLE", name: "example.com" },
      cidrs: Array.from({ length: mostClients }, (_, i) => `198.51.100.${i * 2}/32`),
    },
    ...change,
  };
  const dir = folderOf({
    "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8"),
    "package.json": "{}",
    [`Pulumi.${stack}.yaml`]: JSON.stringify({ config: large }),
  });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const { resources } = await planStack({ projectDir: dir, stack, program: join(root, "infra") });
  return resources;
}

describe("the longest lists that configuration takes", () => {
  let ssm: Planned[];
  let direct: Planned[];
  let ssh: Planned[];
  let vpn: Planned[];

  beforeAll(async () => {
    // All of the longest form, no two of them neighbours.
    const networks = (start: string, length: number) =>
      Array.from({ length }, (_, i) => `${start}.${100 + i}.100/32`);
    ssm = await planned({ "drawbridge:trustedCidrs": networks("203.100", mostTrusted.ssm) });
    direct = await planned({
      "drawbridge:accessMode": "direct",
      "drawbridge:trustedCidrs": networks("192.168", mostTrusted.direct),
    });
    ssh = await planned({
      "drawbridge:accessMode": "ssh",
      "drawbridge:trustedCidrs": networks("203.100", mostTrusted.ssh),
      "drawbridge:ssh": {
        people: Array.from({ length: 100 }, (_, i) => ({
          name: `p${i}`,
          publicKey: ed25519(i + 1),
        })),
      },
    });
    vpn = await planned({
      "drawbridge:accessMode": "vpn",
      "drawbridge:trustedCidrs": networks("203.100", mostTrusted.vpn),
      "drawbridge:vpn": {
        clientCidr: "192.168.0.0/22",
        serverCertificateArn: `arn:aws:acm:${region}:111122223333:certificate/1`,
        samlProviderArn: "arn:aws:iam::111122223333:saml-provider/people",
        groups: Array.from({ length: mostVpnGroups }, (_, i) => `group-${i}`),
      },
    });
  });

  const ofType = (resources: Planned[], type: string) =>
    resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs);

  it("fit the policy of sessions, white space aside", () => {
    const lengths = ofType(ssm, "aws:iam/policy:Policy").map(
      ({ policy }) => String(policy).replaceAll(/\s/g, "").length,
    );
    expect(lengths).toHaveLength(1);
    expect(Math.max(...lengths)).toBeGreaterThan(4500);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(6144);
  });

  it("fit the user data of a bastion", () => {
    const [bastion] = ofType(ssh, "aws:ec2/launchTemplate:LaunchTemplate").filter(
      ({ description }) => description === "Bastion",
    );
    const { length } = Buffer.from(String(bastion?.["userData"]), "base64");
    expect(length).toBeGreaterThan(12_000);
    expect(length).toBeLessThanOrEqual(16_384);
  });

  it("fit the authorization rules of a VPN, and the environment of its function", () => {
    const rules = ofType(vpn, "aws:ec2clientvpn/authorizationRule:AuthorizationRule");
    expect(rules).toHaveLength(200);
    const [variables] = ofType(vpn, "aws:lambda/function:Function").flatMap(({ environment }) =>
      environment === undefined ? [] : [(environment as { variables: object }).variables],
    );
    const { length } = JSON.stringify(variables);
    expect(length).toBeGreaterThan(1000);
    expect(length).toBeLessThanOrEqual(4096);
  });

  it.each([
    ["direct", () => direct],
    ["ssh", () => ssh],
  ])("fit the network ACLs in %s mode, the closing denial counted", (_mode, of) => {
    const lengths = ofType(of(), "aws:ec2/networkAcl:NetworkAcl").flatMap(({ ingress, egress }) => [
      (ingress as unknown[]).length + 1,
      (egress as unknown[]).length + 1,
    ]);
    const longest = Math.max(...lengths);
    expect(longest).toBeLessThanOrEqual(20);
    // A joined network is two entries: one more would not fit.
    expect(longest).toBeGreaterThan(18);
  });

  it("fit the security groups", () => {
    const names = direct
      .filter(({ type }) => type.startsWith("aws:vpc/securityGroup"))
      .map(({ name }) => /^rules-(\w+-\w+)-/.exec(name)?.[1] ?? "");
    const counts = [...new Set(names)].map((one) => names.filter((name) => name === one).length);
    // The log store: the networks, the nodes and the delivery of logs.
    expect(counts).toContain(mostTrusted.direct + 2);
    expect(Math.max(...counts)).toBe(2 * mostClients);
    expect(Math.max(...counts)).toBeLessThanOrEqual(60);
  });

  it("are the requests that the pack lets one address send", () => {
    expect(firewall.config?.mostRequests.default).toBe(mostRequests);
  });

  it("leave room for the tags of EKS", () => {
    const sizes = ssm.flatMap(({ inputs }) => {
      const { tags, tagSpecifications } = inputs as {
        tags?: Record<string, string>;
        tagSpecifications?: { tags: Record<string, string> }[];
      };
      // The provider adds its own, unless they are there: the configuration's, Project and Environment.
      const all = new Set([...Object.keys(tags ?? {}), ...tagKeys, "Project", "Environment"]);
      return [all.size, ...(tagSpecifications ?? []).map((one) => Object.keys(one.tags).length)];
    });
    expect(Math.max(...sizes)).toBe(mostTags + 4);
  });

  // The forms of names in the API references of EKS, KMS, CloudWatch Logs and Systems Manager.
  it.each([
    ["aws:eks/cluster:Cluster", /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/],
    ["aws:kms/alias:Alias", /^alias\/[a-zA-Z0-9/_-]{1,250}$/],
    ["aws:cloudwatch/logGroup:LogGroup", /^[.\-_/#A-Za-z0-9]{1,512}$/],
    ["aws:ssm/document:Document", /^[a-zA-Z0-9_\-.]{3,128}$/],
  ])("name each %s as AWS takes it", (type, form) => {
    const names = ofType(ssm, type).map(({ name }) => String(name));
    expect(names.some((name) => name.includes(stack))).toBe(true);
    expect(names.filter((name) => !form.test(name))).toEqual([]);
  });

  it("leave room for the name of a search domain", () => {
    expect(`drawbridge-${stack}`).toMatch(/^[a-z][a-z0-9-]{2,27}$/);
  });
});
