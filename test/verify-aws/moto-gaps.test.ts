import { withoutGaps } from "./moto-gaps";
import type { Configuration } from "./translate";

const configuration = (resource: Configuration["resource"]): Configuration => ({
  terraform: { required_providers: {} },
  provider: { aws: [] },
  resource,
});

describe("withoutGaps", () => {
  it("leaves out what moto cannot create, and what needs a value of it", () => {
    const whole = configuration({
      aws_vpc: { main: { cidr_block: "10.0.0.0/8" } },
      aws_eks_addon: { dns: { cluster_name: "a" } },
      aws_subnet: {
        first: { vpc_id: "${aws_vpc.main.id}", depends_on: ["aws_vpc.main", "aws_eks_addon.dns"] },
        second: { vpc_id: "x-${aws_eks_addon.dns.arn}" },
        third: { vpc_id: "${tolist(aws_subnet.second.ids)[0]}" },
        fourth: { depends_on: ["aws_eks_addon.dns"] },
      },
    });
    expect(withoutGaps(whole)).toEqual({
      configuration: configuration({
        aws_vpc: { main: { cidr_block: "10.0.0.0/8" } },
        aws_subnet: {
          first: { vpc_id: "${aws_vpc.main.id}", depends_on: ["aws_vpc.main"] },
          fourth: {},
        },
      }),
      omitted: {
        "aws_eks_addon.dns": "moto does not answer eks:CreateAddon",
        "aws_subnet.second": "needs aws_eks_addon.dns",
        "aws_subnet.third": "needs aws_subnet.second",
      },
    });
  });

  it("finds an address inside an expression, too", () => {
    const names = `\${one([for o in aws_eks_addon.dns.tags : o.id if o.name == "a"])}`;
    const whole = configuration({ aws_eks_addon: { dns: {} }, aws_subnet: { a: { names } } });
    expect(withoutGaps(whole).omitted).toMatchObject({ "aws_subnet.a": "needs aws_eks_addon.dns" });
  });

  it("leaves out of a type what has the argument that moto cannot be given", () => {
    const ofGroup = { resource_arn: "arn", policy_document: "{}" };
    const ofRegion = { policy_name: "logs", policy_document: "{}" };
    const whole = configuration({ aws_cloudwatch_log_resource_policy: { ofGroup, ofRegion } });
    expect(withoutGaps(whole)).toEqual({
      configuration: configuration({ aws_cloudwatch_log_resource_policy: { ofRegion } }),
      omitted: {
        "aws_cloudwatch_log_resource_policy.ofGroup":
          "moto knows policies of a region by name, and none of a log group",
      },
    });
  });

  it("leaves out what the provider is slow with, unless somebody waits for it", () => {
    const whole = configuration({ aws_opensearch_domain: { logs: {} } });
    expect(withoutGaps(whole).omitted).toMatchObject({
      "aws_opensearch_domain.logs": expect.stringContaining("--log-store") as string,
    });
    expect(withoutGaps(whole, true)).toEqual({ configuration: whole, omitted: {} });
  });

  it("does not take one address for the beginning of another", () => {
    const whole = configuration({
      aws_eks_addon: { dns: {} },
      aws_subnet: {
        a: {
          vpc_id:
            "${aws_eks_addon_other.dns.id} ${aws_eks_addon.dns-2.id} ${x_aws_eks_addon.dns.id}",
        },
      },
    });
    expect(Object.keys(withoutGaps(whole).omitted)).toEqual(["aws_eks_addon.dns"]);
  });
});
