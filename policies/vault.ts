import { is, isAbsent, isGiven, isNot, isSet, known, noPattern } from "./conditions";
import type { Finding, Resource } from "./model";
import { isSame, livesAtMost } from "./pki";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import { all } from "./truth";

const hour = 60 * 60;
const isHttps = known("be an https URL", (value) => String(value).startsWith("https://"));

export const boundLogin = resourceRule<{ maxHours: number }>({
  id: "pki-init-token-bound",
  title: "An instance logs in as what AWS says that it is, for a short time",
  severity: "critical",
  level: "mandatory",
  requirements: ["J7"],
  controls: [],
  fix: "Use authType iam with whole ARNs, infer the EC2 instance, bind its profile and VPC, and limit the token's life.",
  url: "https://developer.hashicorp.com/vault/docs/auth/aws#inferring",
  types: [token.vaultAwsRole],
  config: {
    maxHours: { type: "integer", description: "Longest life of a token, in hours.", default: 24 },
  },
  *check(role, { maxHours }) {
    yield* role.must("authType", is("iam"));
    yield* bound(role, "boundIamPrincipalArns");
    yield* role.must("inferredEntityType", is("ec2_instance"));
    yield* bound(role, "boundIamInstanceProfileArns");
    yield* bound(role, "boundVpcIds");
    // Not by the image: each release of it would keep new nodes out, and who may start an instance with the profile chooses it.
    yield* role.must("resolveAwsUniqueIds", isNot(false));
    yield* role.must("tokenMaxTtl", livesAtMost(maxHours * hour, `${maxHours} hours`));
    yield* role.must(
      "tokenPeriod",
      known("be left out", (value) => !value || value === "0"),
    );
    yield* ofTokens(role);
  },
});

/** What a token of a login may, besides what its policies say. */
function* ofTokens(role: Resource): Iterable<Finding> {
  // The policy `default` lets a token wrap, list its rights and look up its identity.
  yield* role.must("tokenNoDefaultPolicy", is(true));
  // A batch token cannot be revoked: developer.hashicorp.com/vault/docs/concepts/tokens#batch-tokens
  yield* role.must("tokenType", isNot("batch"));
}

function bound(role: Resource, path: string): Finding[] {
  const values = role.at(path);
  const named = values.must(known("be named", (value) => Array.isArray(value) && value.length > 0));
  return [...named, ...values.each().flatMap((value) => value.must(noPattern))];
}

export const namedVault = resourceRule({
  id: "vault-login-names-vault",
  title: "A login by IAM is worth something to the Vault that it was signed for alone",
  severity: "high",
  level: "mandatory",
  requirements: ["J7"],
  controls: [],
  fix: "Set iamServerIdHeaderValue to the name of this Vault: who gets hold of a login for another one cannot use it here.",
  url: "https://developer.hashicorp.com/vault/docs/auth/aws#iam-auth-method",
  types: [token.vaultAwsClient],
  *check(client) {
    yield* client.must("iamServerIdHeaderValue", isSet);
  },
});

export const ownIdentity = stackRule({
  id: "pki-identity-per-instance",
  title: "Each instance is an identity of its own, whose name no other instance can take",
  severity: "critical",
  level: "mandatory",
  requirements: ["J7"],
  controls: [],
  fix: "Set iamAlias to full_arn on the method's identity: by Vault's default all instances of a role share one, and the last to log in names it.",
  url: "https://developer.hashicorp.com/vault/api-docs/auth/aws#configure-identity-integration",
  types: [token.vaultAwsRole],
  *checkStack(stack) {
    const inferring = stack
      .all(token.vaultAwsRole)
      .filter((role) => role.at("inferredEntityType").present);
    for (const role of inferring) {
      const backend = role.at("backend");
      const own = stack
        .all(token.vaultAwsIdentity)
        .map((identity) => ({
          alias: identity.at("iamAlias"),
          same: isSame(stack, identity.at("backend"), backend),
        }))
        .filter(({ same }) => same !== false);
      if (own.length === 0) yield backend.fail("have an identity whose iamAlias is full_arn");
      for (const { alias, same } of own) {
        yield* alias.judge(all([same, is("full_arn").holds(alias.value)]), "be full_arn");
      }
    }
  },
});

export const boundAccounts = resourceRule<{ maxHours: number }>({
  id: "vault-k8s-auth-bound",
  title: "Service accounts log in to Vault by name, namespace and audience",
  severity: "high",
  level: "mandatory",
  requirements: ["J7"],
  controls: [],
  fix: "Name boundServiceAccountNames, boundServiceAccountNamespaces and audience, without patterns; set tokenNoDefaultPolicy, and the method's kubernetesCaCert, disableLocalCaJwt and disableIssValidation.",
  url: "https://developer.hashicorp.com/vault/docs/auth/kubernetes",
  types: [token.vaultKubernetesRole, token.vaultKubernetesConfig],
  config: {
    maxHours: { type: "integer", description: "Longest life of a token, in hours.", default: 24 },
  },
  *check(role, { maxHours }) {
    if (role.type === token.vaultKubernetesConfig) {
      yield* asksTheCluster(role);
      return;
    }
    yield* bound(role, "boundServiceAccountNames");
    yield* bound(role, "boundServiceAccountNamespaces");
    yield* role.must("boundServiceAccountNamespaceSelector", isAbsent);
    yield* role.must("audience", isSet);
    yield* role.must("tokenMaxTtl", livesAtMost(maxHours * hour, `${maxHours} hours`));
    // An account of the same name that is made anew is another one.
    yield* role.must("aliasNameSource", isNot("serviceaccount_name"));
    yield* ofTokens(role);
  },
});

/** Vault asks the API that is meant, with the token that is to be judged and none of its own. */
function* asksTheCluster(config: Resource): Iterable<Finding> {
  yield* config.must("kubernetesHost", isHttps);
  yield* config.must("kubernetesCaCert", isGiven);
  yield* config.must("disableLocalCaJwt", is(true));
  // Vault's default, and not that of the provider, which sends false: the issuer is the API's to judge.
  yield* config.must("disableIssValidation", is(true));
}

const secrets = ["token", "authLoginUserpass", "authLoginTokenFile", "authLoginRadius"];

export const providerLogin = resourceRule({
  id: "vault-provider-login",
  title: "The program comes to Vault by an identity of its own and over verified TLS",
  severity: "critical",
  level: "mandatory",
  requirements: ["J7"],
  controls: [],
  fix: "Use authLoginAws with headerValue, an https address, tlsServerName, and caCertFile for the authority of Vault's certificate.",
  url: "https://www.pulumi.com/registry/packages/vault/api-docs/provider/",
  types: [token.vaultProvider],
  *check(provider) {
    // What is there is not shown: it may be the secret itself.
    for (const secret of secrets.filter((name) => provider.at(name).present)) {
      yield provider.fail(`${secret} must be left out`);
    }
    yield* provider.must("skipTlsVerify", isNot(true));
    // Whatever is left out the provider takes from the environment, a token among it.
    yield* provider.must("address", isHttps);
    const login = provider.at("authLoginAws");
    yield* login.must(isSet);
    // What was signed for another Vault is worth nothing to this one, nor the other way round.
    if (login.present) yield* login.json().at("headerValue").must(isSet);
    // Any public authority would do without.
    const authority = provider.at("caCertFile");
    if (!provider.at("caCertDir").present) yield* authority.must(isGiven);
  },
});
