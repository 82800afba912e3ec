import { AsyncResource } from "node:async_hooks";
import { X509Certificate } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import type { AuthorityData } from "./authorities";
import { childOf } from "./child";
import {
  issuerUsage,
  leafNotAfterBehavior,
  mountPath,
  roleArgs,
  seconds,
  type Issuance,
  type Names,
} from "./issuance";
import {
  describe,
  generationsOf,
  phaseOf,
  refusal,
  refusalOfLate,
  refusalOfNew,
  stepsOf,
  type Generation,
  type Rotations,
  type Step,
} from "./rotation";

export interface AuthorityArgs {
  /** The authority, of the reviewed table. */
  data: AuthorityData;
  /** The authority that signs it. @default - it signs itself */
  parent?: Authority;
  /** What authorities went through. */
  rotations: Rotations;
  /** What is to do in the phase that it is in, for people. @default - nothing */
  advice?: string;
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

/** Days before the end of an authority from which on an `up` asks for the next one: a rotation takes weeks, and planning. */
const endingDays = 180;

/** Hooks are called in a preview, too. */
const onDryRun: pulumi.ResourceHookOptions = { onDryRun: true };

/**
 * One certificate authority: its mount, its keys that never leave Vault, its revocation lists and its roles. While it is
 * rotated it has two keys, of which one issues.
 */
export class Authority extends pulumi.ComponentResource {
  static readonly requirements = ["J5", "J6", "M4"];

  /** The certificates that whoever relies on it has to trust, PEM, one after the other. */
  readonly certificates: pulumi.Output<string>;
  /** Path of its mount. */
  readonly backend: string;
  /** What issues in it, by the number of the generation. */
  readonly issuers: ReadonlyMap<number, vault.pkisecret.SecretBackendIssuer>;
  /** What must be there before it signs. */
  readonly published: pulumi.Resource[];

  constructor(name: string, args: AuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:vault:Authority", name, {}, opts);
    const { data, rotations } = args;
    const child = childOf(this, opts);
    const life = seconds(data.days);
    const steps = stepsOf(data, rotations);
    const guards = guardsOf(name, data.name, steps);
    const { advice } = args;
    // The SDK tells things in their order. What is said of this component waits for it, it waits for the provider, and
    // the provider for the door, which has to tell what keeps Vault away: so it is said of none.
    const tellPeople = async () => {
      if (advice !== undefined) await pulumi.log.warn(advice);
    };
    // Of what follows from the last phase people are told when they enter it, of a rotation that is under way always.
    const isOver = phaseOf(steps) === undefined;
    if (!isOver) void tellPeople();
    // The engine calls it back outside of the program's context, by which the SDK knows whom to tell.
    const tellAtEnd = AsyncResource.bind(async () => {
      if (isOver) await tellPeople();
    });
    const tell = beforeChange(`${name}-advice`, "description", tellAtEnd);
    // A path says more to a first preview than the output of a mount, which needs Vault.
    this.backend = mountPath(data.name);
    // All that an authority consists of comes after its mount: what the mount refuses changes nothing.
    const mount = new vault.Mount(
      name,
      {
        path: this.backend,
        type: "pki",
        description: describe(data.name, steps),
        defaultLeaseTtlSeconds: life,
        maxLeaseTtlSeconds: life,
      },
      {
        ...child,
        protect: args.deletionProtection,
        hooks: { beforeCreate: [guards.made], beforeUpdate: [guards.entered, tell] },
      },
    );

    const generations = generationsOf(data, rotations);
    const { backend } = this;
    const inMount = { ...child, dependsOn: [mount] };
    const keys = generations.map((one) => certified(name, one, backend, args, inMount));
    const issuers = new Map<number, vault.pkisecret.SecretBackendIssuer>();
    this.issuers = issuers;
    // Of the former generation comes last: until the mount has another one, it issues.
    let inForce: pulumi.Resource[] = [];
    for (const key of keys) {
      const { number, part } = key.generation;
      const issuer = new vault.pkisecret.SecretBackendIssuer(
        numbered(`${name}-issuer`, number),
        {
          backend,
          issuerRef: key.issuerId,
          issuerName: `${data.name}-${number}`,
          leafNotAfterBehavior,
          usage: part === "former" ? issuerUsage.revokes : issuerUsage.issues,
        },
        { ...child, protect: key.protect, dependsOn: part === "former" ? inForce : [] },
      );
      issuers.set(number, issuer);
      if (part !== "current") continue;
      const settings = new vault.pkisecret.SecretBackendConfigIssuers(
        `${name}-default`,
        { backend, default: issuer.issuerId, defaultFollowsLatestIssuer: false },
        { ...child, hooks: { beforeUpdate: [guards.promoted] } },
      );
      inForce = [settings];
    }
    warnOfEnd(data.name, keys, this);
    const trusted = keys.filter(({ generation }) => generation.trusted);
    this.certificates = pulumi
      .all(trusted.map(({ certificate }) => certificate))
      .apply((all) => all.map((pem) => `${pem.trim()}\n`).join(""));

    const inPlace = { ...child, dependsOn: inForce };
    this.published = publish(name, backend, `${args.address}/v1/${mountPath(data.name)}`, inPlace);
    keepClean(name, backend, inPlace);
    for (const issuance of args.issuances) {
      new vault.pkisecret.SecretBackendRole(
        `${name}-${issuance.role.name}`,
        roleArgs(issuance, args.names),
        { ...child, dependsOn: this.published },
      );
    }
    this.registerOutputs({ certificates: this.certificates, backend });
  }
}

/** Hooks that refuse what a rotation does not allow, in a preview as in an `up`. */
function guardsOf(name: string, authority: string, steps: readonly Step[]) {
  const unless = (refused: string | undefined) => {
    if (refused !== undefined) throw new Error(refused);
  };
  return {
    made: new pulumi.ResourceHook(
      `${name}-made`,
      () => unless(refusalOfNew(authority, steps)),
      onDryRun,
    ),
    entered: beforeChange(`${name}-entered`, "description", (before) =>
      unless(refusal(authority, before, steps, today())),
    ),
    promoted: beforeChange(`${name}-promoted`, "default", () =>
      unless(refusalOfLate(authority, "promote", steps, today())),
    ),
  };
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/**
 * What is done before an input changes. The engine calls hooks of all that it counts as an update, which in a preview is
 * every resource of a provider of whose configuration something is not known yet (`DiffUnavailable` in
 * github.com/pulumi/pulumi/blob/v3.230.0/pkg/resource/deploy/step_generator.go). A value that a preview does not know, most
 * often that of before, is left to the `up`.
 */
function beforeChange(
  name: string,
  input: string,
  act: (before: unknown) => void | Promise<void>,
): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    name,
    async ({ oldInputs, newInputs }) => {
      const before: unknown = oldInputs?.[input];
      const after: unknown = newInputs?.[input];
      if (before !== after && !pulumi.isUnknown(after)) await act(before);
    },
    onDryRun,
  );
}

/** Nobody but Vault knows when a key was made, and what it signs may not outlive it. */
function warnOfEnd(name: string, keys: Certified[], authority: pulumi.Resource): void {
  const current = keys.find(({ generation }) => generation.part === "current");
  current?.certificate.apply((pem) => {
    const { validTo } = new X509Certificate(pem);
    const days = Math.floor((Date.parse(validTo) - Date.now()) / 86_400_000);
    if (days >= endingDays) return;
    const end = new Date(validTo).toISOString().slice(0, 10);
    void pulumi.log.warn(
      `Authority ${name} ends on ${end}, in ${days} days, and issues nothing that outlives it: rotate it, see Rotate an authority in docs/vault.md`,
      authority,
    );
  });
}

/** The key of a generation, with its certificate. */
interface Certified {
  generation: Generation;
  issuerId: pulumi.Output<string>;
  certificate: pulumi.Output<string>;
  /** Whether Pulumi refuses to delete it. */
  protect: boolean;
}

type Subject = Pick<
  vault.pkisecret.SecretBackendIntermediateCertRequestArgs,
  "backend" | "type" | "commonName" | "excludeCnFromSans" | "keyType" | "keyBits"
>;

function certified(
  name: string,
  generation: Generation,
  backend: string,
  { data, parent, names, signsAuthorities, deletionProtection }: AuthorityArgs,
  child: pulumi.CustomResourceOptions,
): Certified {
  const { number, part, trusted } = generation;
  const subject = {
    backend,
    type: "internal",
    commonName: `${numbered(data.name, number)}.${names.domain}`,
    excludeCnFromSans: true,
    keyType: "ec",
    keyBits: 384,
  };
  // What nobody trusts yet can be taken back, and what issues no more goes with the next phase.
  const protect = deletionProtection && trusted && part !== "former";
  const life = seconds(data.days);
  const opts = { ...child, protect };
  const made = parent
    ? signedBy(name, generation, subject, life, parent, opts)
    : selfSigned(numbered(`${name}-root`, number), subject, life, signsAuthorities, opts);
  return { generation, protect, ...made };
}

/** The first of a kind has no number. */
function numbered(name: string, number: number): string {
  return number === 1 ? name : `${name}-${number}`;
}

function selfSigned(
  name: string,
  subject: Subject,
  life: number,
  signsAuthorities: boolean,
  opts: pulumi.CustomResourceOptions,
): Pick<Certified, "issuerId" | "certificate"> {
  return new vault.pkisecret.SecretBackendRootCert(
    name,
    { ...subject, ttl: `${life}`, maxPathLength: signsAuthorities ? 1 : 0 },
    opts,
  );
}

function signedBy(
  name: string,
  { number, signedBy: above = 1 }: Generation,
  subject: Subject,
  life: number,
  { backend, issuers, published }: Authority,
  opts: pulumi.CustomResourceOptions,
): Pick<Certified, "issuerId" | "certificate"> {
  const issuer = issuers.get(above);
  if (!issuer) throw new Error(`${name}: generation ${above} of the authority above must be there`);
  const request = new vault.pkisecret.SecretBackendIntermediateCertRequest(
    numbered(`${name}-request`, number),
    subject,
    opts,
  );
  const { certificate, certificateBundle } = new vault.pkisecret.SecretBackendRootSignIntermediate(
    numbered(`${name}-signed`, number),
    {
      backend,
      csr: request.csr,
      commonName: subject.commonName,
      excludeCnFromSans: true,
      ttl: `${life}`,
      maxPathLength: 0,
      issuerRef: issuer.issuerId,
      // Whoever trusts the authority above must learn that this one is gone.
      revoke: true,
    },
    // Its certificate says where the lists of the authority above are.
    { ...opts, dependsOn: published },
  );
  const set = new vault.pkisecret.SecretBackendIntermediateSetSigned(
    numbered(`${name}-intermediate`, number),
    { backend: subject.backend, certificate: certificateBundle },
    opts,
  );
  // The bundle begins with it, and Vault tells what it took in the same order.
  const issuerId = set.importedIssuers.apply(([own = ""]) => own);
  return { certificate, issuerId };
}

/** Where relying parties find the certificate and what is revoked; each issuer of a mount has addresses of its own. */
function publish(
  name: string,
  backend: string,
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
function keepClean(name: string, backend: string, opts: pulumi.CustomResourceOptions): void {
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
