import { accountOf } from "./stack-config";

const account = "111122223333";
const deployer = `arn:aws:iam::${account}:role/deployer`;
const autoScaling = `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
const search = `arn:aws:iam::${account}:role/aws-service-role/opensearchservice.amazonaws.com/AWSServiceRoleForAmazonOpenSearchService`;

describe("accountOf", () => {
  it("is the deployer's account, with the roles that must be there before", () => {
    expect(accountOf({ deployerRoleArn: deployer })).toEqual({
      accountId: account,
      principals: [deployer, autoScaling, search],
      certificates: [],
    });
  });

  it("has the identity provider of a VPN", () => {
    const samlProviderArn = `arn:aws:iam::${account}:saml-provider/people`;
    const { principals } = accountOf({ deployerRoleArn: deployer, vpn: { samlProviderArn } });
    expect(principals).toContain(samlProviderArn);
  });

  it("has what its later configurations ask for, once", () => {
    const certificateArn = `arn:aws:acm:eu-west-1:${account}:certificate/one`;
    const [first, later] = [{ deployerRoleArn: deployer }, `arn:aws:iam::${account}:role/next`];
    expect(accountOf(first, { deployerRoleArn: later, entry: { certificateArn } })).toEqual({
      accountId: account,
      principals: [deployer, autoScaling, search, later],
      certificates: [certificateArn],
    });
  });

  it("has the principals of access entries, and leaves the roles to a stack that creates them", () => {
    const viewer = `arn:aws:iam::${account}:role/viewer`;
    const accessEntries = [{ principalArn: viewer, access: "view", namespaces: ["a"] }];
    const createServiceLinkedRoles = ["autoscaling", "opensearch"];
    expect(
      accountOf({ deployerRoleArn: deployer, accessEntries, createServiceLinkedRoles }),
    ).toEqual({ accountId: account, principals: [deployer, viewer], certificates: [] });
  });

  it.each([
    ["autoscaling", search],
    ["opensearch", autoScaling],
  ])("leaves %s alone to a stack that creates it", (role, other) => {
    const createServiceLinkedRoles = [role];
    expect(accountOf({ deployerRoleArn: deployer, createServiceLinkedRoles }).principals).toEqual([
      deployer,
      other,
    ]);
  });
});
