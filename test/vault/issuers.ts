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
import { meshSettings } from "../../components/vault/mesh";
import { call, said, type Answer } from "../rehearsal/vault/client";
import type { Check } from "../support/checks";
import type { Scene } from "./cases";
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

/** What cert-manager has before it. */
interface CertManager {
  scene: Scene;
  cluster: ClusterApi;
  objects: readonly KubernetesObject[];
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
  const site: CertManager = { scene, cluster, objects };
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
      () => asked(site, issuance, usual(issuance)),
    ]),
    ...meshChecks(site, signed),
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

/** A request for a certificate, as cert-manager has it from who asks. */
interface Asked {
  /** @default - none */
  commonName?: string;
  /** @default - none */
  dnsNames?: readonly string[];
  /** @default - none */
  uris?: readonly string[];
  /** What `openssl req -newkey` makes. @default - a key of `certificateObject` */
  key?: string[];
}

/** What cert-manager v1.21.1 does: internal/vault/vault.go, `requestTokenWithKubernetesAuth` and `Sign`. */
async function signedBy(
  { scene, cluster, objects }: CertManager,
  { authority, role }: Issuance,
  { commonName = "", dnsNames = [], uris = [], key }: Asked,
): Promise<Answer> {
  const { server, controlPlane } = scene;
  const names = { authority: authority.name, role: role.name };
  const { kind, name } = issuerReference({ table, controlPlane, ...names });
  const issuer = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (!issuer) throw new Error(`there must be ${kind} ${name}`);
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
  if (jwt === undefined) {
    throw new Error(`cert-manager must be given a token of ${serviceAccountRef.name}`);
  }
  const path = `${mountPath}/login`.replace(/^\/v1\//, "");
  const given = await call(server.address, undefined, "POST", path, { role: login, jwt });
  if (given.status !== 200) throw new Error(`must be let in, got ${said(given)}`);
  const token = String(given.auth["client_token"]);
  const alternatives = [...dnsNames.map((one) => `DNS:${one}`), ...uris.map((one) => `URI:${one}`)];
  return call(server.address, token, "POST", vault.path, {
    common_name: commonName,
    alt_names: dnsNames.join(","),
    ip_sans: "",
    uri_sans: uris.join(","),
    ttl: `${lifetime(role) / 3600}h0m0s`,
    csr: await signingRequest(commonName, alternatives, key),
    exclude_cn_from_sans: "true",
  });
}

/** It is signed, for what was asked, and verifies with its authority alone. */
async function asked(site: CertManager, issuance: Issuance, request: Asked): Promise<string[]> {
  const { authority, role } = issuance;
  const answer = await signedBy(site, issuance, request);
  if (answer.status !== 200) return [`must be signed, got ${said(answer)}`];
  const pem = String(answer.data["certificate"]);
  const { subjectAltName = "", validTo } = new X509Certificate(pem);
  const life = (Date.parse(validTo) - Date.now()) / 1000;
  const anchor = site.scene.authorities[authority.name] ?? "";
  return [
    ...((await verifies(pem, [], anchor)) ? [] : ["must verify"]),
    ...[...(request.dnsNames ?? []), ...(request.uris ?? [])]
      .filter((one) => !subjectAltName.includes(one))
      .map((one) => `must be for ${one}, got ${subjectAltName}`),
    ...(life > lifetime(role) - 600 && life <= lifetime(role)
      ? []
      : [`must live as asked, got ${life} s`]),
  ];
}

/** What is asked for by an issuer of the table. */
function usual(issuance: Issuance): Asked {
  const uris = (issuance.role.uris ?? []).map((uri) => uri.replaceAll("*", "one"));
  if (uris.length > 0) return { uris };
  const dnsNames = namesOf(issuance);
  return { commonName: dnsNames[0], dnsNames };
}

/** What the parties of the mesh ask for, by the settings that they are given, and whom they believe. */
function meshChecks(site: CertManager, signed: readonly Issuance[]): Check[] {
  const { scene } = site;
  const { controlPlane, authorities } = scene;
  const of = (name: string) => signed.find(({ authority }) => authority.name === name);
  const mesh = of("mesh");
  if (!mesh) return [];
  const settings = meshSettings({ table, controlPlane, certificates: authorities["mesh"] ?? "" });
  const { app } = settings.istioCsr as {
    app: {
      tls: {
        trustDomain: string;
        certificateDNSNames: string[];
        istiodPrivateKeyAlgorithm: string;
        istiodPrivateKeySize: number;
      };
      server: { serving: { signatureAlgorithm: string; certificateKeySize: number } };
    };
  };
  const { tls, server } = app;
  const { serving } = server;
  const { ECC_SIGNATURE_ALGORITHM: algorithm = "RSA", ECC_CURVE: curve = "" } =
    settings.proxyMetadata;
  const istiod = `spiffe://${tls.trustDomain}/ns/istio-system/sa/istiod-service-account`;
  const requests: [string, Asked][] = [
    [
      "itself",
      {
        dnsNames: tls.certificateDNSNames,
        key: keyOf(serving.signatureAlgorithm, serving.certificateKeySize),
      },
    ],
    [
      "istiod",
      {
        commonName: istiodName,
        dnsNames: [istiodName],
        uris: [istiod],
        key: keyOf(tls.istiodPrivateKeyAlgorithm, tls.istiodPrivateKeySize),
      },
    ],
    [
      "a proxy",
      {
        uris: [`spiffe://${tls.trustDomain}/ns/shop/sa/web`],
        key: keyOf(algorithm, Number(curve.replace("P", ""))),
      },
    ],
  ];
  const services = of("kubernetes");
  return [
    ...requests.flatMap(([who, request]): Check[] => [
      [
        `${controlPlane}: istio-csr has a certificate signed for ${who}, which the mesh believes`,
        () => asked(site, mesh, request),
      ],
      [
        `${controlPlane}: istio-csr has none signed for ${who} with the key that it makes by default`,
        async () => {
          const given = await signedBy(site, mesh, { ...request, key: keyOf("RSA", 2048) });
          return given.errors.some((text) => text.includes("requires keys of type ec"))
            ? []
            : [`must be refused for its key, got ${said(given)}`];
        },
      ],
    ]),
    ...(services
      ? [
          [
            `${controlPlane}: the mesh does not believe a certificate of services in the name of istiod`,
            async () => {
              const request = { commonName: istiodName, dnsNames: [istiodName] };
              const given = await signedBy(site, services, request);
              if (given.status !== 200) return [`must be signed, got ${said(given)}`];
              const pem = String(given.data["certificate"]);
              const between = (given.data["ca_chain"] as string[] | undefined) ?? [];
              const { data } = settings.roots as KubernetesObject & {
                data: Record<string, string>;
              };
              const believes = await Promise.all(
                Object.values(data).map((roots) => verifies(pem, between, roots)),
              );
              return believes.length === 1 && !believes[0] ? [] : ["must not verify"];
            },
          ] satisfies Check,
        ]
      : []),
  ];
}

const istiodName = "istiod.istio-system.svc";

/** What `openssl req -newkey` makes for settings of istio-csr or of a proxy. */
function keyOf(algorithm: string, size: number): string[] {
  return algorithm === "ECDSA"
    ? ["ec", "-pkeyopt", `ec_paramgen_curve:P-${size}`]
    : [`rsa:${size}`];
}
