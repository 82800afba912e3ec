import { kubernetesTypes } from "../../policies/kubernetes";
import type { Rule } from "../../policies/rule";
import { rules } from "../../policies/rules";
import { judge } from "../support/rule-cases";
import { platform } from "../support/rule-platform";
import { registrations } from "../support/rule-stack";

/** Whether a rule is for resources that the platform does not have: people come by a bastion, not by a VPN, and no Vault is there, nor what runs in the cluster. */
const isIdle = (rule: Rule) =>
  "check" in rule &&
  (["net-no-default-vpc", "iam-no-users-keys"].includes(rule.id) ||
    // That one is about functions, too, and the platform has one.
    /^(vpn-(?!trusted-networks$)|pki-|vault-)/.test(rule.id) ||
    rule.types.every((type) => kubernetesTypes.includes(type)));

describe("the platform that cases start from", () => {
  it.each(rules.map((rule) => [rule.id, rule] as const))(
    "passes %s at a first preview and when it is finished",
    (_id, rule) => {
      for (const phase of ["preview", "finished"] as const) {
        const { reports, notApplicable } = judge(rule, registrations(platform, phase));
        expect(reports).toEqual([]);
        expect(notApplicable.includes("no resource of its types")).toBe(isIdle(rule));
      }
    },
  );
});
