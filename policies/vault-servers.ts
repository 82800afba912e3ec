import { is, isNot, isOneOf } from "./conditions";
import { instances, templates } from "./launch-templates";
import { listenerRuleTypes, listenerTypes } from "./listeners";
import { targetGroupTypes } from "./load-balancer-form";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { any } from "./truth";
import { readings, userDataIn } from "./user-data";
import {
  auditGroups,
  collects,
  deviceFiles,
  isOfServer,
  secretsIn,
  settingsIn,
  turnsAuditOn,
} from "./vault-user-data";

export const vaultNotPublic = stackRule<{ ports: number[] }>({
  id: "vault-not-public",
  title: "Vault is reached inside the VPC only, and by TLS up to its own servers",
  severity: "critical",
  level: "mandatory",
  requirements: ["J7", "M2"],
  controls: [],
  fix: "Set internal to true on load balancers before Vault and have them pass TCP or TLS on, check targets by HTTPS, and leave tls_disable out of its settings.",
  url: "https://developer.hashicorp.com/vault/docs/concepts/production-hardening",
  types: [...targetGroupTypes, token.service, token.secretVersion, ...instances, ...templates],
  config: {
    ports: {
      type: "array",
      items: { type: "integer" },
      description: "Ports on which Vault listens.",
      default: [8200, 8201],
    },
  },
  *checkStack(stack, { ports }) {
    const groups = stack
      .all(...targetGroupTypes)
      .filter((group) => ports.includes(Number(group.at("port").text)));
    for (const group of groups) {
      yield* group.must("protocol", isOneOf(["TCP", "TLS", "HTTPS"]));
      // What Vault itself is told is in a secret. Targets without TLS would not be found healthy.
      yield* group.must("healthCheck.protocol", is("HTTPS"));
      for (const listener of leadingTo(stack, group)) yield* inside(stack, listener);
    }
    const listeners = groups.length > 0 ? stack.all(...listenerTypes, ...listenerRuleTypes) : [];
    for (const target of listeners.flatMap(targetsOf)) {
      yield* stack.refs(target, targetGroupTypes).unknown.map((field) => field.undecided());
    }
    for (const service of stack.all(token.service)) yield* ofCluster(service, ports);
    for (const settings of settingsIn(stack)) yield* withTls(settings);
  },
});

/** Listeners whose connections come to a group of targets, by themselves or by a rule. */
function leadingTo(stack: Stack, group: Resource): Set<Resource> {
  const leads = (one: Resource) =>
    targetsOf(one).some((arn) => stack.refs(arn, targetGroupTypes).found.includes(group));
  const byRule = stack
    .all(...listenerRuleTypes)
    .filter(leads)
    .flatMap((rule) => stack.refs(rule.at("listenerArn"), listenerTypes).found);
  return new Set([...stack.all(...listenerTypes).filter(leads), ...byRule]);
}

function targetsOf(listener: Resource): Field[] {
  return [...listener.each("defaultActions"), ...listener.each("actions")].flatMap((action) => [
    ...action.at("targetGroupArn").each(),
    ...action
      .at("forward.targetGroups")
      .each()
      .map((target) => target.at("arn")),
  ]);
}

function* inside(stack: Stack, listener: Resource): Iterable<Finding> {
  yield* listener.must("protocol", isOneOf(["TCP", "TLS", "HTTPS"]));
  const balancers = stack.refs(listener.at("loadBalancerArn"), [
    token.loadBalancer,
    token.loadBalancerAlb,
  ]);
  yield* balancers.unknown.map((field) => field.undecided());
  for (const balancer of balancers.found) yield* balancer.must("internal", is(true));
}

const scheme = "service.beta.kubernetes.io/aws-load-balancer-scheme";

/** Of the two controllers that make load balancers of services, one makes them public unless it is told otherwise. */
function* ofCluster(service: Resource, ports: readonly number[]): Iterable<Finding> {
  const type = service.at("spec.type");
  if (!type.unknown && !["LoadBalancer", "NodePort"].includes(type.text)) return;
  const numbers = service
    .each("spec.ports")
    .flatMap((port) => [port.at("port"), port.at("targetPort")])
    .map(({ unknown, text }) => (unknown ? undefined : ports.includes(Number(text))));
  if (any(numbers) === false) return;
  yield* type.must(isNot("NodePort"));
  yield* service.at("metadata.annotations").child(scheme).must(is("internal"));
}

const tlsOff = /\btls_disable\b\W{1,8}(true|1)\b/;

/** The finding must not repeat what may be a secret; what is unknown until then is held by the check of the targets. */
function* withTls({ resource, path, text }: Field): Iterable<Finding> {
  if (readings(text).some((reading) => tlsOff.test(reading))) {
    yield resource.fail(`${path} must not have tls_disable`);
  }
}

export const auditEnabled = stackRule({
  id: "pki-audit-enabled",
  title: "What Vault does is in an audit log that leaves its servers",
  severity: "high",
  level: "mandatory",
  requirements: ["J6"],
  controls: [],
  fix: "Turn on an audit device without log_raw, at the first boot or in the stack, and name its file in the settings of CloudWatch's agent.",
  url: "https://developer.hashicorp.com/vault/docs/audit",
  types: [token.vaultAudit, token.secretVersion, ...instances, ...templates],
  *checkStack(stack) {
    const devices = stack.all(token.vaultAudit);
    for (const device of devices) {
      yield* device.at("options").child("log_raw").must(isNot(true));
    }
    for (const settings of settingsIn(stack)) yield* withoutSecrets(settings);
    if (devices.length > 0) return;
    yield* turnedOn(stack);
    yield* handedOn(stack);
  },
});

const raw = /\blog_raw\W{1,8}(true|1)\b/;

function* withoutSecrets(settings: Field): Iterable<Finding> {
  if (turnsAuditOn(settings) && readings(settings.text).some((text) => raw.test(text))) {
    yield settings.resource.fail(`${settings.path} must not have log_raw`);
  }
}

/** By what a server is told itself, or by a secret that it may fetch. */
function* turnedOn(stack: Stack): Iterable<Finding> {
  const secrets = secretsIn(stack);
  if (secrets.some(turnsAuditOn)) return;
  for (const server of userDataIn(stack).filter(isOfServer)) {
    if (turnsAuditOn(server)) continue;
    const open = [server, ...secrets].filter(({ unknown }) => unknown);
    yield* open.map((field) => field.undecided());
    if (open.length === 0) {
      yield server.resource.fail(
        `${server.path}, or a secret, must turn on an audit device of Vault`,
      );
    }
  }
}

function* handedOn(stack: Stack): Iterable<Finding> {
  const secrets = secretsIn(stack);
  for (const userData of userDataIn(stack)) {
    const files = [userData, ...secrets].flatMap(deviceFiles);
    // While nobody knows the file of a device, its name must do.
    const isTaken = (text: string) =>
      files.length > 0 ? collects(text, files) : auditGroups(text).length > 0;
    if (readings(userData.text).some(isTaken)) continue;
    if (userData.unknown) yield userData.undecided();
    else if (isOfServer(userData)) {
      yield userData.resource.fail(
        `${userData.path} must hand an audit log of Vault to CloudWatch's agent`,
      );
    }
  }
}
