import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import type { AuthorityData } from "./authorities";
import { childOf } from "./child";
import { mountPath, roleArgs, seconds, type Issuance, type Names } from "./issuance";

export interface AuthorityArgs {
  /** The authority, of the reviewed table. */
  data: AuthorityData;
  /** The authority that signs it. @default - it signs itself */
  parent?: Authority;
  /** Whether it may sign authorities below it. */
  signsAuthorities: boolean;
  /** What can be had from it. */
  issuances: Issuance[];
  /** What the marks in names stand for. */
  names: Names;
  /** URL of Vault, without a closing slash: relying parties find certificates and revocation lists below it. */
  address: string;
  /** Whether Pulumi refuses to delete or to replace it: its key cannot be had again. */
  deletionProtection: boolean;
}

/** One certificate authority: its mount, its key that never leaves Vault, its revocation lists and its roles. */
export class Authority extends pulumi.ComponentResource {
  static readonly requirements = ["J5", "J6", "M4"];

  /** The authority's own certificate, PEM. */
  readonly certificate: pulumi.Output<string>;
  /** Path of its mount. */
  readonly backend: pulumi.Output<string>;
  /** What must be there before it signs. */
  readonly published: pulumi.Resource[];

  constructor(name: string, args: AuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:vault:Authority", name, {}, opts);
    const { data, parent } = args;
    const child = childOf(this, opts);
    const kept = { ...child, protect: args.deletionProtection };
    const life = seconds(data.days);
    const mount = new vault.Mount(
      name,
      {
        path: mountPath(data.name),
        type: "pki",
        description: `Certificate authority ${data.name}`,
        defaultLeaseTtlSeconds: life,
        maxLeaseTtlSeconds: life,
      },
      kept,
    );
    this.backend = mount.path;
    const subject = {
      backend: mount.path,
      type: "internal",
      commonName: `${data.name}.${args.names.domain}`,
      excludeCnFromSans: true,
      keyType: "ec",
      keyBits: 384,
    };
    const [authority, certificate] = parent
      ? signedBy(name, subject, life, parent, kept)
      : selfSigned(name, subject, life, args.signsAuthorities, kept);
    this.certificate = certificate;

    const inPlace = { ...child, dependsOn: [authority] };
    this.published = publish(
      name,
      mount.path,
      `${args.address}/v1/${mountPath(data.name)}`,
      inPlace,
    );
    keepClean(name, mount.path, inPlace);
    for (const issuance of args.issuances) {
      new vault.pkisecret.SecretBackendRole(
        `${name}-${issuance.role.name}`,
        { ...roleArgs(issuance, args.names), backend: mount.path },
        { ...child, dependsOn: this.published },
      );
    }
    this.registerOutputs({ certificate, backend: this.backend });
  }
}

type Subject = Pick<
  vault.pkisecret.SecretBackendIntermediateCertRequestArgs,
  "backend" | "type" | "commonName" | "excludeCnFromSans" | "keyType" | "keyBits"
>;
type Certified = [
  vault.pkisecret.SecretBackendRootCert | vault.pkisecret.SecretBackendIntermediateSetSigned,
  pulumi.Output<string>,
];

function selfSigned(
  name: string,
  subject: Subject,
  life: number,
  signsAuthorities: boolean,
  opts: pulumi.CustomResourceOptions,
): Certified {
  const root = new vault.pkisecret.SecretBackendRootCert(
    `${name}-root`,
    { ...subject, ttl: `${life}`, maxPathLength: signsAuthorities ? 1 : 0 },
    opts,
  );
  return [root, root.certificate];
}

function signedBy(
  name: string,
  subject: Subject,
  life: number,
  { backend, published }: Authority,
  opts: pulumi.CustomResourceOptions,
): Certified {
  const request = new vault.pkisecret.SecretBackendIntermediateCertRequest(
    `${name}-request`,
    subject,
    opts,
  );
  const signed = new vault.pkisecret.SecretBackendRootSignIntermediate(
    `${name}-signed`,
    {
      backend,
      csr: request.csr,
      commonName: subject.commonName,
      excludeCnFromSans: true,
      ttl: `${life}`,
      maxPathLength: 0,
    },
    // Its certificate says where the lists of the authority above are.
    { ...opts, dependsOn: published },
  );
  const set = new vault.pkisecret.SecretBackendIntermediateSetSigned(
    `${name}-intermediate`,
    { backend: subject.backend, certificate: signed.certificateBundle },
    opts,
  );
  return [set, signed.certificate];
}

/** Where relying parties find the certificate and what is revoked; each issuer of a mount has addresses of its own. */
function publish(
  name: string,
  backend: pulumi.Output<string>,
  address: string,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const cluster = new vault.pkisecret.BackendConfigCluster(
    `${name}-cluster`,
    { backend, path: address, aiaPath: address },
    opts,
  );
  const issuer = "{{cluster_aia_path}}/issuer/{{issuer_id}}";
  const urls = new vault.pkisecret.SecretBackendConfigUrls(
    `${name}-urls`,
    {
      backend,
      enableTemplating: true,
      issuingCertificates: [`${issuer}/der`],
      crlDistributionPoints: [`${issuer}/crl/der`],
      ocspServers: ["{{cluster_aia_path}}/ocsp"],
    },
    { ...opts, dependsOn: [cluster] },
  );
  const crl = new vault.pkisecret.SecretBackendCrlConfig(
    `${name}-crl`,
    {
      backend,
      disable: false,
      expiry: "72h",
      autoRebuild: true,
      autoRebuildGracePeriod: "24h",
      enableDelta: true,
      deltaRebuildInterval: "15m",
      ocspDisable: false,
      ocspExpiry: "1h",
    },
    opts,
  );
  return [cluster, urls, crl];
}

/** Certificates that have ended leave the storage after three days, which is as long as a revocation list may be old. */
function keepClean(
  name: string,
  backend: pulumi.Output<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  new vault.pkisecret.BackendConfigAutoTidy(
    `${name}-tidy`,
    {
      backend,
      enabled: true,
      intervalDuration: "12h",
      safetyBuffer: "72h",
      tidyCertStore: true,
      tidyRevokedCerts: true,
      tidyRevokedCertIssuerAssociations: true,
    },
    opts,
  );
}
