import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/**
 * GuardDuty over the account and region: what AWS itself records, the audit logs of every EKS cluster, and what agents
 * on the nodes see.
 */
export class ThreatDetection extends pulumi.ComponentResource {
  static readonly requirements = ["M1", "M10"];

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:ThreatDetection", name, {}, opts);
    const child = { parent: this };
    const detector = new aws.guardduty.Detector(
      name,
      { enable: true, findingPublishingFrequency: "FIFTEEN_MINUTES" },
      child,
    );
    const feature = (title: string, more: Partial<aws.guardduty.DetectorFeatureArgs>) =>
      new aws.guardduty.DetectorFeature(
        `${name}-${title}`,
        { detectorId: detector.id, status: "ENABLED", ...more },
        child,
      );
    feature("eks-audit-logs", { name: "EKS_AUDIT_LOGS" });
    feature("runtime-monitoring", {
      name: "RUNTIME_MONITORING",
      // GuardDuty would put an endpoint and a security group into the VPC, which then cannot be deleted with the stack:
      // docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-eks.html
      additionalConfigurations: [{ name: "EKS_ADDON_MANAGEMENT", status: "DISABLED" }],
    });
    this.registerOutputs({});
  }
}
