import { secretAlarms } from "../../../components/vault/secret-alarms";
import { matchesPattern } from "../../support/filter-pattern";
import { changing } from "../../support/secret-actions";

const role = (path: string) => `arn:aws:iam::111122223333:role/${path}`;
const patternFor = (prefix: string, deployerRoleArn: string, id = "vault-secrets-changed") =>
  secretAlarms({ prefix, deployerRoleArn })[id]?.pattern ?? "";
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

  describe("of user data", () => {
    const ofUserData = patternFor("p", role("deployer"), "user-data-changed");
    const session = (name: string) => `arn:aws:sts::111122223333:assumed-role/${name}/one`;
    /** As a trail has it. */
    const event = {
      eventSource: "ec2.amazonaws.com",
      eventName: "ModifyInstanceAttribute",
      userIdentity: { arn: session("administrator") },
      requestParameters: { instanceId: "i-1", userData: "<sensitiveDataRemoved>" },
    };
    const isTold = (change: object) =>
      matchesPattern(ofUserData, JSON.stringify({ ...event, ...change }));
    const asking = (requestParameters: object) => ({
      requestParameters: { instanceId: "i-1", ...requestParameters },
    });

    it.each([
      ["a change of it", {}],
      ["in the other form of the request", asking({ attribute: "userData", value: "<removed>" })],
      ["by the root user", { userIdentity: { arn: "arn:aws:iam::111122223333:root" } }],
      ["by who is named like the deployer", { userIdentity: { arn: session("deployer-2") } }],
    ])("tells of %s", (_what, change) => expect(isTold(change)).toBe(true));

    it.each([
      ["by the deployer", { userIdentity: { arn: session("deployer") } }],
      ["of other attributes", asking({ groupSet: { items: [{ groupId: "sg-1" }] } })],
      ["of others by name", asking({ attribute: "disableApiStop", value: "true" })],
      ["that is none, but looks at it", { eventName: "DescribeInstanceAttribute" }],
    ])("does not tell of a change %s", (_what, change) => expect(isTold(change)).toBe(false));
  });

  // PutMetricFilter takes 1024 characters.
  it.each(["vault-secrets-changed", "user-data-changed"])(
    "fits %s into a pattern with the longest names",
    (id) => {
      const longest = patternFor(
        "p".repeat(63),
        role(`${"path/".repeat(100)}${"r".repeat(64)}`),
        id,
      );
      expect(longest.length).toBeGreaterThan(100);
      expect(longest.length).toBeLessThanOrEqual(1024);
    },
  );
});
