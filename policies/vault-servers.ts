import { is, isNot, isOneOf } from "./conditions";
import { instances, templates } from "./launch-templates";
import { listenerRuleTypes, listenerTypes } from "./listeners";
import { targetGroupTypes } from "./load-balancer-form";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { any } from "./truth";
import { readings, userDataIn } from "./user-data";
import { auditGroups, runsVault } from "./vault-user-data";

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
    const secrets = stack.all(token.secretVersion).map((secret) => secret.at("secretString"));
    for (const settings of [...userDataIn(stack), ...secrets]) yield* withTls(settings);
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

/** Servers that enable their devices at their first boot are told so by a secret. What is seen of it is where the logs go. */
export const auditEnabled = stackRule({
  id: "pki-audit-enabled",
  title: "What Vault does is in an audit log that leaves its servers",
  severity: "high",
  level: "mandatory",
  requirements: ["J6"],
  controls: [],
  fix: "Enable an audit device without log_raw, and name its file in the settings of CloudWatch's agent.",
  url: "https://developer.hashicorp.com/vault/docs/audit",
  types: [token.vaultAudit, ...instances, ...templates],
  *checkStack(stack) {
    const devices = stack.all(token.vaultAudit);
    for (const device of devices) {
      yield* device.at("options").child("log_raw").must(isNot(true));
    }
    if (devices.length > 0) return;
    for (const userData of userDataIn(stack)) {
      const texts = readings(userData.text);
      if (texts.some((text) => auditGroups(text).length > 0)) continue;
      if (userData.unknown) yield userData.undecided();
      else if (texts.some((text) => runsVault.test(text))) {
        yield userData.resource.fail(
          `${userData.path} must hand an audit log of Vault to CloudWatch's agent`,
        );
      }
    }
  },
});
