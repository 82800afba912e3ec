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

  it("keeps what else was said", () => {
    expect(faultLines("Error: no\n    at x (y.ts:1:2)\nmore {\n}\n")).toEqual([
      "no",
      "more {",
      "}",
    ]);
  });
});
