import { X509Certificate } from "node:crypto";
import type { Properties } from "../provider";
import { said, type Answer } from "./client";

/** A call on Vault that must succeed; what Vault refuses is thrown. */
export type Vault = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: object,
) => Promise<Answer>;

/** Reads as anybody may, after a login; whatever Vault answers is an answer. */
export type Anybody = (path: string) => Promise<Answer>;

/** How a type of `@pulumi/vault` is kept in Vault. */
export interface Kind {
  /** Inputs under other names than Vault's in camel case, by Vault's name. @default - none */
  names?: Record<string, string>;
  /** Inputs that say where it is and are not among its values. */
  place: readonly string[];
  /** Inputs that cannot change in place. */
  fixed: readonly string[];
  /** What the provider sends where the program says nothing, by Vault's names. @default - nothing */
  sent?: Properties;
  /** Where it is kept. */
  path(inputs: Properties): string;
  /** Makes it; what comes back is known of it beside its inputs. */
  create(vault: Vault, path: string, values: Properties): Promise<Properties>;
  /** Its values as Vault has them. @default - what the path answers */
  read?(vault: Vault, path: string): Promise<Properties>;
  /** Looks whether it can be there, in place of a reading; what Vault refuses is thrown. @default - it is read */
  present?(vault: Vault, path: string): Promise<void>;
  /** Whether a reading that Vault refuses says that it is gone. @default - where there is nothing, or no mount */
  isGone?(given: Answer): boolean;
  /** Outputs of which a plan finds that they are not so any more: it is to be made anew. @default - a plan asks nobody */
  lost?(anybody: Anybody, path: string, outputs: Properties): Promise<string[]>;
  /** Changes it in place. @default - as it is made */
  update?(vault: Vault, path: string, values: Properties): Promise<void>;
  /** Takes it away. @default - the path is deleted */
  remove?(vault: Vault, path: string, outputs: Properties): Promise<void>;
}

const text = (value: unknown): string => {
  if (typeof value !== "string") throw new Error(`must be a text, got ${JSON.stringify(value)}`);
  return value;
};

/** What Vault keeps at a path, as it was written. */
function written(
  place: readonly string[],
  path: (inputs: Properties) => string,
  names: Record<string, string> = {},
): Kind {
  return {
    names,
    place,
    fixed: place,
    path,
    async create(vault, at, values) {
      await vault("POST", at, values);
      return {};
    },
  };
}

/** Settings of a mount: there is nothing to delete but the mount itself. */
function settings(path: (inputs: Properties) => string): Kind {
  return { ...written(["backend"], path), remove: () => Promise.resolve() };
}

/**
 * Something that was made once, and that cannot be read again. Of what is still there of it the provider looks for its mount
 * alone (`pkiSecretBackendCertRead`), or for nothing.
 */
const onceOnly = (
  kind: Omit<Kind, "fixed" | "place" | "read"> & { inputs: readonly string[] },
): Kind => ({
  present: () => Promise.resolve(),
  ...kind,
  place: ["backend"],
  fixed: kind.inputs,
});

async function mountIsThere(vault: Vault, backend: string): Promise<void> {
  await vault("GET", `sys/mounts/${backend}`);
}

/** A mount takes lifetimes with their unit. */
function durations(config: Properties): Properties {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "number" ? `${value}s` : value,
    ]),
  );
}

const subject = [
  "backend",
  "type",
  "commonName",
  "excludeCnFromSans",
  "keyType",
  "keyBits",
  "ttl",
  "maxPathLength",
];

const mounted = (root: "mounts" | "auth"): Pick<Kind, "path" | "create" | "read"> => ({
  path: ({ path }) => `sys/${root}/${text(path)}`,
  async create(vault, at, { type, description, ...config }) {
    await vault("POST", at, { type, description, config: durations(config) });
    const { data } = await vault("GET", at);
    return { accessor: data["accessor"] };
  },
  async read(vault, at) {
    const { data } = await vault("GET", at);
    return { ...data, ...(data["config"] as Properties) };
  },
});

/**
 * Every type of `@pulumi/vault` that the program makes, by the calls that the provider behind it makes
 * (github.com/hashicorp/terraform-provider-vault v5.8.0, folder vault, of which 7.8.0 of the package is made), so that the
 * deployer's policy must allow these.
 */
export const kinds: Record<string, Kind> = {
  "vault:index/mount:Mount": {
    ...mounted("mounts"),
    names: { default_lease_ttl: "defaultLeaseTtlSeconds", max_lease_ttl: "maxLeaseTtlSeconds" },
    place: ["path"],
    fixed: ["path", "type"],
    async update(vault, at, { type: _type, ...values }) {
      await vault("POST", `${at}/tune`, durations(values));
    },
  },
  "vault:index/authBackend:AuthBackend": {
    ...mounted("auth"),
    place: ["path"],
    fixed: ["path", "type"],
    async update(vault, at, { type: _type, ...values }) {
      await vault("POST", `${at.replace("sys/", "sys/mounts/")}/tune`, values);
    },
  },
  "vault:index/policy:Policy": written(["name"], ({ name }) => `sys/policies/acl/${text(name)}`),
  "vault:aws/authBackendClient:AuthBackendClient": written(
    ["backend"],
    ({ backend }) => `auth/${text(backend)}/config/client`,
    { iam_server_id_header_value: "iamServerIdHeaderValue" },
  ),
  "vault:aws/authBackendConfigIdentity:AuthBackendConfigIdentity": {
    ...settings(({ backend }) => `auth/${text(backend)}/config/identity`),
    names: { iam_metadata: "iamMetadatas" },
  },
  "vault:aws/authBackendRole:AuthBackendRole": written(
    ["backend", "role"],
    ({ backend, role }) => `auth/${text(backend)}/role/${text(role)}`,
    {
      bound_account_id: "boundAccountIds",
      bound_iam_instance_profile_arn: "boundIamInstanceProfileArns",
      bound_iam_principal_arn: "boundIamPrincipalArns",
      bound_vpc_id: "boundVpcIds",
    },
  ),
  "vault:kubernetes/authBackendConfig:AuthBackendConfig": {
    ...settings(({ backend }) => `auth/${text(backend)}/config`),
    // Vault's own default of the first is true: github.com/hashicorp/terraform-provider-vault/issues/1572
    sent: { disable_iss_validation: false, use_annotations_as_alias_metadata: false },
  },
  "vault:kubernetes/authBackendRole:AuthBackendRole": written(
    ["backend", "roleName"],
    ({ backend, roleName }) => `auth/${text(backend)}/role/${text(roleName)}`,
  ),
  "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert": onceOnly({
    inputs: subject,
    path: ({ backend }) => text(backend),
    async create(vault, at, { type, ...values }) {
      const { data } = await vault("POST", `${at}/issuers/generate/root/${text(type)}`, values);
      return {
        certificate: data["certificate"],
        issuerId: data["issuer_id"],
        keyId: data["key_id"],
        serialNumber: data["serial_number"],
      };
    },
    present: mountIsThere,
    lost: lostRoot,
    remove: (vault, at, { issuerId }) => removed(vault, `${at}/issuer/${text(issuerId)}`),
  }),
  "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest":
    onceOnly({
      inputs: subject,
      path: ({ backend }) => text(backend),
      async create(vault, at, { type, ...values }) {
        const { data } = await vault(
          "POST",
          `${at}/issuers/generate/intermediate/${text(type)}`,
          values,
        );
        return { csr: data["csr"], keyId: data["key_id"] };
      },
      remove: () => Promise.resolve(),
    }),
  "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate": onceOnly({
    inputs: [
      "backend",
      "csr",
      "commonName",
      "excludeCnFromSans",
      "ttl",
      "maxPathLength",
      "issuerRef",
    ],
    path: ({ backend }) => text(backend),
    async create(vault, at, { revoke: _revoke, issuer_ref: issuer, ...values }) {
      const { data } = await vault("POST", `${at}/issuer/${text(issuer)}/sign-intermediate`, {
        ...values,
        issuer_ref: issuer,
      });
      const chain = data["ca_chain"] as string[];
      return {
        certificate: data["certificate"],
        certificateBundle: [...new Set([data["certificate"], ...chain])].join("\n"),
        serialNumber: data["serial_number"],
      };
    },
    async remove(vault, at, { revoke, serialNumber }) {
      if (revoke === true) await vault("POST", `${at}/revoke`, { serial_number: serialNumber });
    },
  }),
  "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned": onceOnly(
    {
      inputs: ["backend", "certificate"],
      path: ({ backend }) => text(backend),
      async create(vault, at, values) {
        const { data } = await vault("POST", `${at}/intermediate/set-signed`, values);
        return { importedIssuers: data["imported_issuers"], importedKeys: data["imported_keys"] };
      },
      present: mountIsThere,
      remove: () => Promise.resolve(),
    },
  ),
  "vault:pkiSecret/secretBackendIssuer:SecretBackendIssuer": {
    ...written(
      ["backend", "issuerRef"],
      ({ backend, issuerRef }) => `${text(backend)}/issuer/${text(issuerRef)}`,
    ),
    async create(vault, at, values) {
      await vault("GET", at);
      const { data } = await vault("POST", at, values);
      return { issuerId: data["issuer_id"] };
    },
    // The provider looks for an answer before it looks at what went wrong.
    isGone: () => true,
    async update(vault, at, values) {
      await vault("PATCH", at, values);
    },
  },
  "vault:pkiSecret/secretBackendConfigIssuers:SecretBackendConfigIssuers": settings(
    ({ backend }) => `${text(backend)}/config/issuers`,
  ),
  "vault:pkiSecret/backendConfigCluster:BackendConfigCluster": settings(
    ({ backend }) => `${text(backend)}/config/cluster`,
  ),
  "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls": settings(
    ({ backend }) => `${text(backend)}/config/urls`,
  ),
  "vault:pkiSecret/secretBackendCrlConfig:SecretBackendCrlConfig": settings(
    ({ backend }) => `${text(backend)}/config/crl`,
  ),
  "vault:pkiSecret/backendConfigAutoTidy:BackendConfigAutoTidy": settings(
    ({ backend }) => `${text(backend)}/config/auto-tidy`,
  ),
  "vault:pkiSecret/secretBackendRole:SecretBackendRole": written(
    ["backend", "name"],
    ({ backend, name }) => `${text(backend)}/roles/${text(name)}`,
    {
      allowed_domains: "allowedDomains",
      ext_key_usage: "extKeyUsages",
      key_usage: "keyUsages",
      organization: "organizations",
    },
  ),
};

/** What a plan of a root does (`CustomizeDiff`): it reads the certificate, and takes none for one that it may not read. */
async function lostRoot(
  anybody: Anybody,
  backend: string,
  { issuerId, serialNumber }: Properties,
): Promise<string[]> {
  const given = await anybody(`${backend}/issuer/${text(issuerId)}/pem`);
  const { status, errors } = given;
  if (status === 403 || status === 404) return [];
  const isGone = errors.some((error) => error.includes("unable to find PKI issuer for reference"));
  if (status === 500 && isGone) return ["issuerId"];
  if (status !== 200) throw new Error(said(given));
  const { serialNumber: now } = new X509Certificate(given.text);
  return now.toLowerCase() === text(serialNumber).replaceAll(":", "") ? [] : ["serialNumber"];
}

async function removed(vault: Vault, path: string): Promise<void> {
  await vault("DELETE", path);
}
