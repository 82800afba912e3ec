import * as theirs from "@pulumi/pulumi/proto/analyzer_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as ours from "../../plan/analyzer-protocol";
import { decoded, encoded } from "../../plan/wire";

// The messages about resources are held against the SDK's in pack-server.test.ts.
describe("messages about a pack", () => {
  it("tell a stack as the SDK reads it", () => {
    const bytes = encoded(ours.stackConfigureRequest, {
      stack: "dev",
      project: "fixture",
      organization: "organization",
      dryRun: true,
      secretKeys: ["fixture:pin"],
      values: [{ key: "fixture:size", value: "" }],
    });
    const read = theirs.AnalyzerStackConfigureRequest.deserializeBinary(bytes);
    expect(read.toObject()).toMatchObject({
      stack: "dev",
      project: "fixture",
      organization: "organization",
      dryRun: true,
      configSecretKeysList: ["fixture:pin"],
      configMap: [["fixture:size", ""]],
    });
  });

  it("tell a pack as the SDK writes it", () => {
    const schema = new theirs.PolicyConfigSchema();
    schema.setProperties(Struct.fromJavaScript({ size: { type: "integer" } }));
    schema.setRequiredList(["size"]);
    const policy = new theirs.PolicyInfo();
    policy.setName("rule");
    policy.setDisplayname("not read");
    policy.setDescription("What it says.");
    policy.setEnforcementlevel(theirs.EnforcementLevel.REMEDIATE);
    policy.setConfigschema(schema);
    policy.setPolicyType(theirs.PolicyType.POLICY_TYPE_STACK);
    policy.setSeverity(theirs.PolicySeverity.POLICY_SEVERITY_CRITICAL);
    policy.setTagsList(["R1", "R2"]);
    policy.setRemediationSteps("Do.");
    policy.setUrl("https://example.com");
    const config = new theirs.PolicyConfig();
    config.setEnforcementlevel(theirs.EnforcementLevel.DISABLED);
    config.setProperties(Struct.fromJavaScript({ size: 2 }));
    const info = new theirs.AnalyzerInfo();
    info.setName("pack");
    info.setVersion("1.2.3");
    info.setPoliciesList([policy]);
    info.getInitialconfigMap().set("rule", config);
    expect(decoded(ours.analyzerInfo, info.serializeBinary())).toEqual({
      name: "pack",
      version: "1.2.3",
      policies: [
        {
          name: "rule",
          description: "What it says.",
          level: theirs.EnforcementLevel.REMEDIATE,
          schema: { properties: { size: { type: "integer" } }, required: ["size"] },
          policyType: theirs.PolicyType.POLICY_TYPE_STACK,
          severity: theirs.PolicySeverity.POLICY_SEVERITY_CRITICAL,
          tags: ["R1", "R2"],
          remediationSteps: "Do.",
          url: "https://example.com",
        },
      ],
      initialConfig: [
        {
          key: "rule",
          value: { level: theirs.EnforcementLevel.DISABLED, properties: { size: 2 } },
        },
      ],
    });
  });
});
