import { faultLines } from "../../plan/process-output";

describe("faultLines", () => {
  it("makes one line of a call that reached nobody", () => {
    const output = `[Error: 14 UNAVAILABLE: No connection established. Last error: Error: connect ENETUNREACH 127.0.0.1:42467 - Local (0.0.0.0:0). Resolution note: 
for call at
no stack trace available] {
  code: 14,
  details: 'No connection established. Last error: Error: connect ENETUNREACH 127.0.0.1:42467 - Local (0.0.0.0:0). Resolution note: ',
  metadata: Metadata { internalRepr: Map(0) {}, options: {} }
}
`;
    expect(faultLines(output)).toEqual([
      "the plan must be reachable on 127.0.0.1, got ENETUNREACH; bring the loopback interface up",
    ]);
  });

  it("leaves out the fields of an error", () => {
    const output = `[Error: Transform failed with 1 error:
/a/infra/index.ts:296:10: ERROR: Unexpected ";"] {
  name: 'TransformError'
}
`;
    expect(faultLines(output)).toEqual([
      "Transform failed with 1 error:",
      '/a/infra/index.ts:296:10: ERROR: Unexpected ";"',
    ]);
  });

  it("makes one line of a module that is missing", () => {
    const output = `[Error: Cannot find module './nothing'
Require stack:
- /a/infra/index.ts
- /a/node_modules/@pulumi/pulumi/cmd/run/run.js] {
  code: 'MODULE_NOT_FOUND',
  requireStack: [
    '/a/infra/index.ts',
    '/a/node_modules/@pulumi/pulumi/cmd/run/run.js'
  ]
}
`;
    expect(faultLines(output)).toEqual([
      "Cannot find module './nothing', which /a/infra/index.ts requires",
    ]);
  });

  it("keeps what else was said", () => {
    expect(faultLines("Error: no\n    at x (y.ts:1:2)\nmore {\n}\n")).toEqual([
      "no",
      "more {",
      "}",
    ]);
  });
});
