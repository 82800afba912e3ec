import { code, flag, many, map, maybe, message, one, raw, real, struct, text } from "./wire";

// The messages of pulumirpc.Analyzer: github.com/pulumi/pulumi/blob/master/proto/pulumi/analyzer.proto, as far as a plan
// needs them. Their numbers are those of @pulumi/pulumi/proto/analyzer_pb, against which a test holds them.

const options = message({
  protect: one(1, flag),
  ignoreChanges: many(2, text),
  deleteBeforeReplace: one(3, flag),
  deleteBeforeReplaceDefined: one(4, flag),
  additionalSecretOutputs: many(5, text),
  aliases: many(6, text),
  customTimeouts: maybe(
    7,
    message({ create: one(1, real), update: one(2, real), delete: one(3, real) }),
  ),
  parent: one(8, text),
});

/** What a resource, and its provider, begin with. The properties are a Struct, which is read when it is needed. */
const identity = {
  type: one(1, text),
  properties: maybe(2, raw),
  urn: one(3, text),
  name: one(4, text),
};

const resource = {
  ...identity,
  options: maybe(5, options),
  provider: maybe(6, message(identity)),
};

export const analyzeRequest = message(resource);

export const analyzeStackRequest = message({
  resources: many(
    1,
    message({
      ...resource,
      parent: one(7, text),
      dependencies: many(8, text),
      propertyDependencies: map(9, maybe(2, message({ urns: many(1, text) }))),
    }),
  ),
});

export const analyzeResponse = message({
  diagnostics: many(
    2,
    message({
      rule: one(1, text),
      description: one(4, text),
      message: one(5, text),
      level: one(7, code),
      urn: one(8, text),
      severity: one(9, code),
    }),
  ),
  notApplicable: many(3, message({ rule: one(1, text), reason: one(2, text) })),
});

/** The same, of parts that are written already. */
export const packedResponse = message({ diagnostics: many(2, raw), notApplicable: many(3, raw) });

const ruleConfig = message({ level: one(1, code), properties: maybe(2, struct) });

export const configureRequest = message({ rules: map(1, maybe(2, ruleConfig)) });

export const stackConfigureRequest = message({
  stack: one(1, text),
  project: one(2, text),
  organization: one(3, text),
  dryRun: one(4, flag),
  secretKeys: many(6, text),
  values: map(7, one(2, text)),
});

export const policyInfo = message({
  name: one(1, text),
  description: one(3, text),
  level: one(5, code),
  schema: maybe(6, message({ properties: maybe(1, struct), required: many(2, text) })),
  policyType: one(7, code),
  severity: one(8, code),
  tags: many(10, text),
  remediationSteps: one(11, text),
  url: one(12, text),
});

/** Of the only types that any of a pack's policies corrects; the protocol's own fields end long before. */
const corrected = maybe(1000, message({ types: many(1, text) }));

export const analyzerInfo = message({
  name: one(1, text),
  policies: many(3, policyInfo),
  version: one(4, text),
  initialConfig: map(6, maybe(2, ruleConfig)),
  corrected,
});

/** What a pack's server adds to its description. */
export const addedInfo = message({ corrected });

export const remediateResponse = message({
  remediations: many(
    1,
    message({ rule: one(1, text), properties: maybe(5, struct), diagnostic: one(6, text) }),
  ),
});
