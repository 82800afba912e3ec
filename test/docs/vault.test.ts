import { readFileSync } from "node:fs";
import { join } from "node:path";
import { flows } from "../../components/aws/flows";
import { SecurityGroups } from "../../components/aws/security-groups";
import { created, ofType } from "../support/created";

const page = readFileSync(join(__dirname, "../../docs/vault.md"), "utf8");

function told(words: RegExp): string {
  const [, value] = words.exec(page) ?? [];
  if (value === undefined) throw new Error(`docs/vault.md must say ${words}`);
  return value;
}

describe("docs/vault.md", () => {
  it("takes nodes of this stack alone their way to Vault, by the group's name and the rule's reason", async () => {
    const name = told(/describe-security-groups --filters Name=tag:Name,Values=(\S+)/);
    const why = told(/SecurityGroupRules\[\?!IsEgress && Description=='([^']+)'\]/);
    const all = flows("ssm");
    const args = { vpcId: "vpc-1", flows: all, trustedCidrs: [], clientCidrs: [] };
    const groups = await created(
      () => new SecurityGroups("groups", { prefix: "<prefix>", ...args }),
    );
    const named = Object.entries(ofType(groups, "aws:ec2/securityGroup:SecurityGroup")).filter(
      ([, { tags }]) => (tags as Record<string, string>)["Name"] === name,
    );
    expect(named.map(([group]) => group)).toEqual(["groups-vault-door"]);
    const meant = all.filter(
      (flow) => flow.on === "vault-door" && flow.direction === "ingress" && flow.why === why,
    );
    expect(meant.map(({ peer, port }) => [peer, port])).toEqual([["nodes", 8200]]);
  });
});
