import { tolerant, withoutGaps } from "./moto-gaps";
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

describe("tolerant", () => {
  it("leaves out of the comparison what moto forgets, beside what the program ignores", () => {
    const whole = configuration({
      aws_kms_key: {
        a: { rotation_period_in_days: 365 },
        b: { rotation_period_in_days: 365, lifecycle: { ignore_changes: ["tags"] } },
      },
      aws_vpc: { main: {} },
    });
    expect(tolerant(whole).resource).toEqual({
      aws_kms_key: {
        a: {
          rotation_period_in_days: 365,
          lifecycle: { ignore_changes: ["rotation_period_in_days"] },
        },
        b: {
          rotation_period_in_days: 365,
          lifecycle: { ignore_changes: ["tags", "rotation_period_in_days"] },
        },
      },
      aws_vpc: { main: {} },
    });
  });
});
