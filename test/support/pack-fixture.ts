import { PolicyPack } from "@pulumi/policy";
import { is } from "../../policies/conditions";
import { nativePolicy } from "../../policies/native";
import type { Rule } from "../../policies/rule";
import { resourceRule, stackRule } from "../../policies/rule";
import { token } from "../../policies/tokens";

const about = {
  severity: "low",
  level: "advisory",
  requirements: [],
  controls: [],
  fix: "none",
  url: "https://www.pulumi.com/docs/iac/packages-and-automation/crossguard/",
} as const;

/** Rules that break, and one that works. */
const fixtures: Rule[] = [
  resourceRule({
    ...about,
    id: "breaks-at-once",
    title: "Breaks",
    types: [token.cluster],
    check() {
      throw new Error("nobody expected this");
    },
  }),
  resourceRule({
    ...about,
    id: "breaks-after-a-finding",
    title: "Breaks later",
    types: [token.cluster],
    *check(cluster) {
      yield cluster.fail("the first thing is wrong");
      throw new Error("nobody expected this either");
    },
  }),
  stackRule({
    ...about,
    id: "breaks-on-a-stack",
    title: "Breaks on a stack",
    types: [token.cluster],
    checkStack() {
      throw new Error("nobody expected this at all");
    },
  }),
  resourceRule({
    ...about,
    id: "works",
    title: "Works",
    types: [token.cluster],
    *check(cluster) {
      yield* cluster.must("deletionProtection", is(true));
    },
  }),
  resourceRule({
    ...about,
    id: "is-configured",
    title: "Is configured",
    types: [token.cluster],
    config: { limit: { type: "integer", default: 1 } },
    *check(cluster, { limit }) {
      yield cluster.fail(`the limit is ${limit}`);
    },
  }),
];

new PolicyPack("fixture", { policies: fixtures.map(nativePolicy) });
