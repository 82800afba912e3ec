import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv, { type ValidateFunction } from "ajv";
import { parse } from "yaml";
import { authoritiesTable as table, type ControlPlane } from "../../components/vault/authorities";
import { issuances, lifetime, type Issuance } from "../../components/vault/issuance";
import {
  certificateObject,
  issuerObjects,
  issuerReference,
  type KubernetesObject,
} from "../../components/vault/issuers";
import { call } from "../rehearsal/vault/client";
import type { Check } from "../support/checks";
import { said, type Scene } from "./cases";
import { signingRequest, verifies } from "./certificates";
import { apiAudience, type ClusterApi } from "./cluster";
import { domain } from "./place";
import type { VaultServer } from "./server";

/** An issuer as far as cert-manager reads it to ask Vault. */
interface VaultIssuer extends KubernetesObject {
  spec: {
    vault: {
      server: string;
      path: string;
      auth: {
        kubernetes: {
          mountPath: string;
          role: string;
          serviceAccountRef: { name: string; audiences: string[] };
        };
      };
    };
  };
}

const certManager = { namespace: "cert-manager", name: "cert-manager" };

/** What the program has to put into the cluster for cert-manager to ask Vault. */
export function clusterObjects(
  controlPlane: ControlPlane,
  { caFile }: VaultServer,
): KubernetesObject[] {
  const vaultCa = readFileSync(caFile, "utf8");
  const args = { table, controlPlane, domain, vaultName: "vault", vaultCa, certManager };
  return issuerObjects(controlPlane === "eks" ? args : { ...args, apiAudience });
}

/** What cert-manager would do with the objects of the table: take them, log in by them, have certificates signed. */
export function issuerChecks(scene: Scene, cluster: ClusterApi, crds: string): Check[] {
  const { controlPlane, server } = scene;
  const objects = clusterObjects(controlPlane, server);
  const signed = issuances(table, controlPlane).filter(({ role }) =>
    role.users.some((user) => table.identities[user]?.kind === "serviceAccount"),
  );
  const certificates = signed.filter(({ role }) => !role.uris).map((one) => sample(scene, one));
  return [
    [
      `${controlPlane}: cert-manager's own schema takes every object, and none that is spoiled`,
      () => {
        const own = [...objects, ...certificates].filter(({ apiVersion }) =>
          apiVersion.startsWith("cert-manager.io/"),
        );
        return own.flatMap((object) => [
          ...schemaFaults(crds, object),
          ...(schemaFaults(crds, spoiled(object)).length > 0
            ? []
            : [`${object.kind} ${object.metadata.name} must be refused when it is spoiled`]),
        ]);
      },
    ],
    ...signed.map((issuance): Check => [
      `${controlPlane}: cert-manager logs in by the issuer of ${issuance.authority.name}/${issuance.role.name} and has a certificate signed with all that it sends`,
      () => asCertManager(scene, cluster, objects, issuance),
    ]),
  ];
}

/** Names that a certificate of a role may have. */
function namesOf({ role }: Issuance): [string, ...string[]] {
  const [first = "", ...others] = (role.names ?? []).map((name) =>
    name.replace(/^\*\./, "web.shop."),
  );
  return [first, ...others];
}

function sample({ controlPlane }: Scene, issuance: Issuance): KubernetesObject {
  const { authority, role } = issuance;
  const account = table.identities[role.users[0] ?? ""];
  return certificateObject({
    table,
    controlPlane,
    authority: authority.name,
    role: role.name,
    name: `${role.name}-tls`,
    namespace: account?.kind === "serviceAccount" ? account.namespace : "",
    dnsNames: namesOf(issuance),
  });
}

/** With a field that there is not: the schema alone would let it through, and the API server drop it. */
function spoiled(object: KubernetesObject): KubernetesObject {
  return { ...object, spec: { ...(object["spec"] as object), renewBeforePercent: 40 } };
}

interface Definition {
  spec: { versions: { name: string; schema: { openAPIV3Schema: object } }[] };
}

function schemaFaults(crds: string, object: KubernetesObject): string[] {
  const [group = "", version = ""] = object.apiVersion.split("/");
  const file = join(crds, `${group}_${object.kind.toLowerCase()}s.yaml`);
  const validate = validators.get(file) ?? validatorOf(file, version);
  validators.set(file, validate);
  const isFine: boolean = validate(object);
  if (isFine) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message = "", params }) =>
      `${object.kind} ${object.metadata.name}: ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

const validators = new Map<string, ValidateFunction>();

function validatorOf(file: string, version: string): ValidateFunction {
  const { spec } = parse(readFileSync(file, "utf8")) as Definition;
  const schema = spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema;
  if (!schema) throw new Error(`${file} must have ${version}`);
  // Formats and the rules in CEL are the API server's own; what else it adds to JSON Schema begins with `x-`.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  return ajv.compile(closed(schema) as object);
}

/** The schema with no other fields than it names; what is only an object to it, as metadata are, is any. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const parts = Object.entries(schema).map(([key, part]) => [key, closed(part)]);
  const all = Object.fromEntries(parts) as Record<string, unknown>;
  return "properties" in schema && !("additionalProperties" in schema) && "type" in schema
    ? { ...all, additionalProperties: false }
    : all;
}

/** What cert-manager v1.21.1 does: internal/vault/vault.go, `requestTokenWithKubernetesAuth` and `Sign`. */
async function asCertManager(
  scene: Scene,
  cluster: ClusterApi,
  objects: KubernetesObject[],
  issuance: Issuance,
): Promise<string[]> {
  const { server, controlPlane, authorities } = scene;
  const { authority, role } = issuance;
  const names = { authority: authority.name, role: role.name };
  const { kind, name } = issuerReference({ table, controlPlane, ...names });
  const issuer = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (!issuer) return [`there must be ${kind} ${name}`];
  const { vault } = (issuer as VaultIssuer).spec;
  const { mountPath, role: login, serviceAccountRef } = vault.auth.kubernetes;
  const { namespace } = issuer.metadata;
  const jwt = cluster.requestToken(certManager, {
    namespace: namespace ?? certManager.namespace,
    name: serviceAccountRef.name,
    audience: [
      ...serviceAccountRef.audiences,
      `vault://${namespace === undefined ? "" : `${namespace}/`}${name}`,
      vault.server,
    ],
  });
  if (jwt === undefined) return [`cert-manager must be given a token of ${serviceAccountRef.name}`];
  const path = `${mountPath}/login`.replace(/^\/v1\//, "");
  const given = await call(server.address, undefined, "POST", path, { role: login, jwt });
  if (given.status !== 200) return [`must be let in, got ${said(given)}`];
  const token = String(given.auth["client_token"]);

  const uris = (role.uris ?? []).map((uri) => uri.replaceAll("*", "one"));
  const dnsNames: string[] = role.uris ? [] : namesOf(issuance);
  const alternatives = [...dnsNames.map((one) => `DNS:${one}`), ...uris.map((one) => `URI:${one}`)];
  const [commonName = ""] = dnsNames;
  const answer = await call(server.address, token, "POST", vault.path, {
    common_name: commonName,
    alt_names: dnsNames.join(","),
    ip_sans: "",
    uri_sans: uris.join(","),
    ttl: `${lifetime(role) / 3600}h0m0s`,
    csr: await signingRequest(commonName, alternatives),
    exclude_cn_from_sans: "true",
  });
  if (answer.status !== 200) return [`must be signed, got ${said(answer)}`];
  const pem = String(answer.data["certificate"]);
  const { subjectAltName = "", validTo } = new X509Certificate(pem);
  const life = (Date.parse(validTo) - Date.now()) / 1000;
  return [
    ...((await verifies(pem, [], authorities[authority.name] ?? "")) ? [] : ["must verify"]),
    ...[...dnsNames, ...uris]
      .filter((one) => !subjectAltName.includes(one))
      .map((one) => `must be for ${one}, got ${subjectAltName}`),
    ...(life > lifetime(role) - 600 && life <= lifetime(role)
      ? []
      : [`must live as asked, got ${life} s`]),
  ];
}
