import { rules } from "../../policies/rules";
import { judge } from "../support/rule-cases";
import { platform } from "../support/rule-platform";
import { registrations } from "../support/rule-stack";

/** Rules whose types a hardened platform does not have. */
const absent = ["net-no-default-vpc", "iam-no-users-keys"];

describe("the platform that cases start from", () => {
  it.each(rules.map((rule) => [rule.id, rule] as const))(
    "passes %s at a first preview and when it is finished",
    (id, rule) => {
      for (const phase of ["preview", "finished"] as const) {
        const { reports, notApplicable } = judge(rule, registrations(platform, phase));
        expect(reports).toEqual([]);
        expect(notApplicable.includes("no resource of its types")).toBe(absent.includes(id));
      }
    },
  );
});
