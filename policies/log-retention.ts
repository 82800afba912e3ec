import { kinds, objectsOf } from "./kubernetes";
import type { Field, Resource, Stack } from "./model";
import { isRecord } from "./model";
import { stackRule } from "./rule";
import { domainTypes } from "./search-domains";
import { token } from "./tokens";

export const logRetention = stackRule({
  id: "log-retention-policy",
  title: "Every log store deletes indices after a time that its stack says",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1"],
  controls: [],
  fix: "Give the store a policy with min_index_age (OpenSearch) or phases.delete (Elasticsearch), by a function that the stack calls or by a ConfigMap.",
  url: "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ism.html",
  types: domainTypes,
  *checkStack(stack) {
    const policies = policiesIn(stack);
    if (policies.some(deletes)) return;
    const open = policies.filter(({ unknown }) => unknown);
    for (const domain of stack.all(...domainTypes)) {
      if (open.length > 0) yield* open.map((field) => field.undecided());
      else yield domain.fail(`${domain.name} must have a policy of retention beside it, got none`);
    }
  },
});

/** What may hold a policy: what functions are called with, and ConfigMaps. */
function policiesIn(stack: Stack): Field[] {
  const maps = objectsOf(stack, kinds.configMap).map((map) => map.at("data"));
  return [
    ...stack.all(token.lambdaInvocation).map(told),
    ...maps.flatMap((data) => (isRecord(data.value) ? data.values() : [data])),
  ];
}

/** What a call sets stands in its input, or beside it where the input is a digest or unknown at a first preview. */
function told(call: Resource): Field {
  const retention = call.at("triggers").child("retention");
  return retention.present ? retention : call.at("input");
}

function deletes({ unknown, text }: Field): boolean {
  return !unknown && /"?delete"?/.test(text) && /min_(index_)?age/.test(text);
}
