import { accountOf } from "./stack-config";

const account = "111122223333";
const deployer = `arn:aws:iam::${account}:role/deployer`;
const autoScaling = `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;

describe("accountOf", () => {
  it("is the deployer's account, with the roles that must be there before", () => {
    expect(accountOf({ deployerRoleArn: deployer })).toEqual({
      accountId: account,
      principals: [deployer, autoScaling],
    });
  });

  it("has the principals of access entries, and leaves the role to a stack that creates it", () => {
    const viewer = `arn:aws:iam::${account}:role/viewer`;
    const accessEntries = [{ principalArn: viewer, access: "view", namespaces: ["a"] }];
    expect(
      accountOf({ deployerRoleArn: deployer, accessEntries, createServiceLinkedRoles: true }),
    ).toEqual({ accountId: account, principals: [deployer, viewer] });
  });
});
