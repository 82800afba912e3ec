import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { logAlarm } from "../aws/log-alarm";
import { renewalDays, serverSays } from "./server-boot";

export interface VaultAlarmsArgs {
  /** Start of the names that people look up. The topic takes alarms whose names start with it. */
  prefix: string;
  /** Topic that carries the alarms. */
  topicArn: pulumi.Input<string>;
  /** Log group of the audit devices and of what servers say. */
  logGroupName: pulumi.Input<string>;
  /** Names of the servers. */
  hostnames: string[];
  /** ARN suffix of the load balancer. */
  balancer: pulumi.Input<string>;
  /** ARN suffix of its target group, in which the active server is healthy. */
  targets: pulumi.Input<string>;
}

/** Something that servers write into the log group, or should. */
interface Words {
  /** Which events: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
  pattern: string;
  /** Whether it is the event that raises the alarm, or that there was none. */
  raisedBy: "event" | "silence";
  /** How long it may last, in seconds. */
  period: number;
  /** How many of these periods it takes. */
  periods: number;
  /** What happened and what to do, for who reads the mail. */
  what: string;
}

const seeVault = "See Alarms in docs/vault.md";

/** What servers write, by the alarm that looks at it. Whatever keeps a server or its log from working is a silence. */
export function vaultWords(hostnames: string[]): Record<string, Words> {
  return {
    ...Object.fromEntries(
      hostnames.map((hostname, index): [string, Words] => [
        `vault-${index}-silent`,
        {
          pattern: `"${serverSays.inService(hostname)}"`,
          raisedBy: "silence",
          // It says so every five minutes.
          period: 900,
          periods: 1,
          what: `${hostname} has not said for a quarter of an hour that Vault is in service on it. While the other two are, nobody is without Vault`,
        },
      ]),
    ),
    "vault-no-snapshot": {
      pattern: `"${serverSays.snapshotStored}"`,
      raisedBy: "silence",
      period: 3600,
      periods: 2,
      what: "No snapshot of Vault was stored for two hours. One is due each hour",
    },
    "vault-no-audit": {
      // The login for the snapshot of each hour is among them.
      pattern: '{ $.type = "response" }',
      raisedBy: "silence",
      period: 3600,
      periods: 2,
      what: "No request to Vault was in its audit log for two hours. Those for snapshots should be",
    },
    // Vault 1.21 lets everybody begin and cancel these two who reaches it, and has no setting against it: CVE-2026-5807.
    "vault-root-token": {
      pattern:
        '{ ($.type = "response") && ($.request.path = "sys/generate-root/attempt") && ($.request.operation != "read") }',
      raisedBy: "event",
      period: 300,
      periods: 1,
      what: "Somebody has begun to make a root token of Vault, or has cancelled it. If it was none of the holders of recovery keys, somebody keeps them from it",
    },
    "vault-rekey": {
      // Of its own words: the audit log has none of these calls (http/handler.go of v1.21.0).
      pattern: '"core: rekey initialized"',
      raisedBy: "event",
      period: 300,
      periods: 1,
      what: "Somebody has begun to make other recovery keys of Vault. If it was none of the holders, somebody keeps them from it",
    },
    "vault-certificate-ends": {
      pattern: `"${serverSays.certificateEnds}"`,
      raisedBy: "event",
      period: 3600,
      periods: 1,
      what: `The certificate of a server of Vault ends within ${renewalDays} days. Without another one nobody reaches Vault then`,
    },
  };
}

/** Tells people when Vault is away, when one of its servers is, and when what Vault needs later is not made any more. */
export class VaultAlarms extends pulumi.ComponentResource {
  static readonly requirements = ["J6"];

  constructor(name: string, args: VaultAlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:vault:VaultAlarms", name, {}, opts);
    const child = { parent: this };
    const { prefix, logGroupName } = args;
    for (const [id, { what, ...words }] of Object.entries(vaultWords(args.hostnames))) {
      const description = `${what}. ${seeVault}`;
      logAlarm(
        id,
        { ...words, prefix, id, logGroupName, description, topicArn: args.topicArn },
        child,
      );
    }
    new aws.cloudwatch.MetricAlarm(
      "vault-away",
      {
        name: `${prefix}-vault-away`,
        alarmDescription: `The load balancer of Vault has found no active server for five minutes: Vault answers nobody. ${seeVault}`,
        // docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
        metricName: "HealthyHostCount",
        namespace: "AWS/NetworkELB",
        dimensions: { LoadBalancer: args.balancer, TargetGroup: args.targets },
        // Each zone counts its own targets, and the active server is in one of them.
        statistic: "Maximum",
        period: 60,
        evaluationPeriods: 5,
        threshold: 1,
        comparisonOperator: "LessThanThreshold",
        treatMissingData: "breaching",
        alarmActions: [args.topicArn],
      },
      child,
    );
    this.registerOutputs({});
  }
}
