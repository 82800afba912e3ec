import { VaultAlarms, vaultWords } from "../../../components/vault/alarms";
import { serverUserData } from "../../../components/vault/server-boot";
import { created, ofType, type Created } from "../../support/created";
import { matchesPattern } from "../../support/filter-pattern";

const hostnames = ["0", "1", "2"].map((index) => `${index}.vault.p.internal`);
let resources: Created[];
beforeAll(async () => {
  resources = await created(
    () =>
      new VaultAlarms("vault", {
        prefix: "p",
        topicArn: "arn:topic",
        logGroupName: "/drawbridge/p/vault",
        hostnames,
        balancer: "net/vault/1",
        targets: "targetgroup/vault/1",
      }),
  );
}, 60_000);

const alarmOf = (id: string) =>
  ofType(resources, "aws:cloudwatch/metricAlarm:MetricAlarm")[id] ?? {};
const patternOf = (id: string) => vaultWords(hostnames)[id]?.pattern ?? "";

describe("VaultAlarms", () => {
  it.each(Object.entries(vaultWords(hostnames)))("counts %s and tells people", (id, words) => {
    expect(ofType(resources, "aws:cloudwatch/logMetricFilter:LogMetricFilter")[id]).toEqual({
      name: `p-${id}`,
      logGroupName: "/drawbridge/p/vault",
      pattern: words.pattern,
      metricTransformation: { name: id, namespace: "Drawbridge/p", value: "1", defaultValue: "0" },
    });
    expect(alarmOf(id)).toEqual({
      name: `p-${id}`,
      alarmDescription: `${words.what}. See Alarms in docs/vault.md`,
      metricName: id,
      namespace: "Drawbridge/p",
      statistic: "Sum",
      period: words.period,
      evaluationPeriods: words.periods,
      threshold: 1,
      comparisonOperator:
        words.raisedBy === "silence" ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
      treatMissingData: words.raisedBy === "silence" ? "breaching" : "notBreaching",
      alarmActions: ["arn:topic"],
    });
  });

  it("hears of each server, of snapshots and of the audit log by their silence", () => {
    const silent = Object.entries(vaultWords(hostnames)).filter(
      ([, { raisedBy }]) => raisedBy === "silence",
    );
    expect(silent.map(([id]) => id)).toEqual([
      "vault-0-silent",
      "vault-1-silent",
      "vault-2-silent",
      "vault-no-snapshot",
      "vault-no-audit",
    ]);
  });

  it("hears when no server is active", () => {
    expect(alarmOf("vault-away")).toMatchObject({
      metricName: "HealthyHostCount",
      namespace: "AWS/NetworkELB",
      dimensions: { LoadBalancer: "net/vault/1", TargetGroup: "targetgroup/vault/1" },
      statistic: "Maximum",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      treatMissingData: "breaching",
      alarmActions: ["arn:topic"],
    });
  });

  // The topic takes no others.
  it("has names that start with the prefix", () => {
    const names = Object.values(ofType(resources, "aws:cloudwatch/metricAlarm:MetricAlarm")).map(
      ({ name }) => String(name),
    );
    expect(names.filter((name) => !name.startsWith("p-"))).toEqual([]);
  });

  // As a Vault of release 1.21.0 wrote them, but for fields that nothing looks at; test/vault/first-boot.ts asks one again.
  const audited = (type: string, operation: string, path: string) =>
    JSON.stringify({ type, request: { operation, path, remote_address: "10.0.0.1" } });
  const attempt = "sys/generate-root/attempt";
  const rekey =
    "[INFO]  core: rekey initialized: nonce=f615bca6 shares=1 threshold=1 validation_required=false";
  it.each([
    ["vault-root-token", audited("response", "update", attempt), true],
    ["vault-root-token", audited("response", "delete", attempt), true],
    ["vault-root-token", audited("response", "read", attempt), false],
    ["vault-root-token", audited("request", "update", attempt), false],
    ["vault-root-token", audited("response", "update", "sys/mounts/pki"), false],
    ["vault-root-token", rekey, false],
    ["vault-rekey", rekey, true],
    ["vault-rekey", "[INFO]  core: root generation initialized: nonce=e921512a", false],
    ["vault-no-audit", audited("response", "read", attempt), true],
  ])("%s hears of %s: %p", (id, event, heard) => {
    expect(matchesPattern(patternOf(id), event)).toBe(heard);
  });

  it("looks for what servers say", () => {
    const userData = serverUserData({
      region: "eu-west-1",
      hostname: hostnames[1] ?? "",
      filesSecret: "p-vault-1",
      logGroupName: "/drawbridge/p/vault",
      snapshots: "s3://p-snapshots/vault",
      serverId: "vault.p.internal",
    });
    for (const id of ["vault-1-silent", "vault-no-snapshot", "vault-certificate-ends"]) {
      expect(userData).toContain(patternOf(id).replaceAll('"', ""));
    }
    expect(userData).not.toContain(patternOf("vault-0-silent").replaceAll('"', ""));
  });
});
