import { Keys } from "../../../components/aws/keys";
import { created, ofType } from "../../support/created";

const build = (createServiceLinkedRole: boolean) =>
  created(
    () =>
      new Keys("keys", {
        accountId: "111122223333",
        region: "eu-west-1",
        createServiceLinkedRole,
      }),
  );

describe("Keys", () => {
  it("keeps a key for each kind of data", async () => {
    expect(Object.keys(ofType(await build(false), "aws:kms/key:Key"))).toEqual([
      "functions",
      "images",
      "log-store",
      "logs",
      "secrets",
      "sessions",
      "volumes",
    ]);
  });

  it.each([
    [false, {}],
    [true, { "keys-auto-scaling": { awsServiceName: "autoscaling.amazonaws.com" } }],
  ])("creates the role of Auto Scaling only when told to (%s)", async (told, expected) => {
    expect(ofType(await build(told), "aws:iam/serviceLinkedRole:ServiceLinkedRole")).toEqual(
      expected,
    );
  });
});
