import type { Properties } from "../provider";
import type { Answer } from "./client";

/** A call on Vault that must succeed; what Vault refuses is thrown. */
export type Vault = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: object,
) => Promise<Answer>;

/** How a type of `@pulumi/vault` is kept in Vault. */
export interface Kind {
  /** Inputs under other names than Vault's in camel case, by Vault's name. @default - none */
  names?: Record<string, string>;
  /** Inputs that say where it is and are not among its values. */
  place: readonly string[];
  /** Inputs that cannot change in place. */
  fixed: readonly string[];
  /** Where it is kept. */
  path(inputs: Properties): string;
  /** Makes it; what comes back is known of it beside its inputs. */
  create(vault: Vault, path: string, values: Properties): Promise<Properties>;
  /** Its values as Vault has them; undefined when it is gone. @default - what the path answers */
  read?(vault: Vault, path: string, outputs: Properties): Promise<Properties | undefined>;
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

/** Something that was made once: its making cannot be read again, but whether it is there still can. */
const onceOnly = (kind: Omit<Kind, "fixed" | "place"> & { inputs: readonly string[] }): Kind => ({
  ...kind,
  place: ["backend"],
  fixed: kind.inputs,
});

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
 * (github.com/hashicorp/terraform-provider-vault, folder vault), so that the deployer's policy must allow these.
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
  "vault:kubernetes/authBackendConfig:AuthBackendConfig": settings(
    ({ backend }) => `auth/${text(backend)}/config`,
  ),
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
    read: (vault, at, { issuerId }) => existing(vault, `${at}/issuer/${text(issuerId)}`),
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
      read: (vault, at) => existing(vault, `${at}/issuer/default`),
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
    read: (vault, at, { serialNumber }) => existing(vault, `${at}/cert/${text(serialNumber)}`),
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
      read: (vault, at, { importedIssuers }) =>
        existing(vault, `${at}/issuer/${text((importedIssuers as unknown[])[0])}`),
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

/** Its making cannot be read again; that it is there is what can be known. */
async function existing(vault: Vault, path: string): Promise<Properties> {
  await vault("GET", path);
  return {};
}

async function removed(vault: Vault, path: string): Promise<void> {
  await vault("DELETE", path);
}
