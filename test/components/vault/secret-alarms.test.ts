import { secretAlarms } from "../../../components/vault/secret-alarms";
import { changing } from "../../support/secret-actions";

const role = (path: string) => `arn:aws:iam::111122223333:role/${path}`;
const patternFor = (prefix: string, deployerRoleArn: string) =>
  secretAlarms({ prefix, deployerRoleArn })["vault-secrets-changed"]?.pattern ?? "";
const pattern = patternFor("p", role("deployer"));

describe("secretAlarms", () => {
  it("tells of every call that changes a secret, or makes one", async () => {
    const calls = [...pattern.matchAll(/\$\.eventName = "(\w+)"/g)].map(([, name = ""]) => name);
    expect(calls.toSorted()).toEqual([...(await changing()), "CreateSecret"].toSorted());
  });

  it("means the secrets of Vault by their names, by ARN too, and spares the deployer", () => {
    expect(pattern.replace(/\(\(\$\.eventName.*?"\)\)/, "(calls)")).toBe(
      '{ ($.eventSource = "secretsmanager.amazonaws.com") && (calls) && (($.requestParameters.secretId = "*p-vault-*") || ($.requestParameters.name = "p-vault-*")) && ($.userIdentity.arn != "arn:aws:sts::111122223333:assumed-role/deployer/*") }',
    );
  });

  it("knows the sessions of a role that has a path", () => {
    expect(patternFor("p", role("ci/team/deployer"))).toBe(pattern);
  });

  // PutMetricFilter takes 1024 characters.
  it("fits into a pattern with the longest names", () => {
    const longest = patternFor("p".repeat(63), role(`${"path/".repeat(100)}${"r".repeat(64)}`));
    expect(longest.length).toBeLessThanOrEqual(1024);
  });
});
