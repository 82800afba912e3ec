import { secretPolicy } from "../../../components/vault/secret-policy";
import { changing } from "../../support/secret-actions";

interface Denial {
  Sid: string;
  Action: string[];
  Condition: { ArnNotEquals: { "aws:PrincipalArn": string[] } };
}

const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;

async function denials(writerRoleArns: string[] = []): Promise<Denial[]> {
  const policy = secretPolicy({
    accountId: "111122223333",
    ownerRoleArn: role("deployer"),
    readerRoleArns: [role("server"), role("deployer")],
    writerRoleArns,
  });
  const text = await new Promise<string>((done) => policy.apply(done));
  return (JSON.parse(text) as { Statement: Denial[] }).Statement;
}

/** Whom the policy spares, by action. */
const spared = (found: Denial[]) =>
  Object.fromEntries(
    found.flatMap(({ Action, Condition }) =>
      Action.map((action) => [
        action.replace("secretsmanager:", ""),
        Condition.ArnNotEquals["aws:PrincipalArn"],
      ]),
    ),
  );

describe("secretPolicy", () => {
  it("denies to everybody, on whatever the secret is", async () => {
    for (const denial of await denials()) {
      expect(denial).toMatchObject({ Effect: "Deny", Principal: { AWS: "*" }, Resource: "*" });
      expect(Object.keys(denial.Condition)).toEqual(["ArnNotEquals"]);
    }
  });

  it("leaves reading to the readers, and every change that IAM knows to the owner", async () => {
    const { GetSecretValue, ...changes } = spared(await denials());
    expect(GetSecretValue).toEqual([role("server"), role("deployer")]);
    expect(Object.keys(changes).toSorted()).toEqual((await changing()).toSorted());
    const { PutResourcePolicy, DeleteResourcePolicy, ...others } = changes;
    expect(new Set(Object.values(others).map(String))).toEqual(new Set([role("deployer")]));
    // The way back when the owner is gone for good.
    const orRoot = [role("deployer"), "arn:aws:iam::111122223333:root"];
    expect([PutResourcePolicy, DeleteResourcePolicy]).toEqual([orRoot, orRoot]);
  });

  it("lets a writer add a value and change nothing else", async () => {
    const by = spared(await denials([role("first")]));
    const writable = Object.entries(by).filter(([, who]) => who.includes(role("first")));
    expect(writable).toEqual([["PutSecretValue", [role("deployer"), role("first")]]]);
  });
});
