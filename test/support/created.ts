import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as runtimeState from "@pulumi/pulumi/runtime/state";

/** One registration as a component made it, secrets and Outputs resolved. */
export interface Created {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/**
 * Registers what `build` makes against mocks and returns the registrations, sorted by type and name.
 *
 * Ids are `<name>-id` and ARNs `arn:<name>`, so that references can be read in the inputs. Mocks show no parents and
 * no order, and nobody judges the inputs as AWS would: the rehearsal does.
 */
export async function created(build: () => unknown): Promise<Created[]> {
  const seen: Created[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        seen.push({ type, name, inputs: inputs as Record<string, unknown> });
        const state = {
          ...(inputs as object),
          arn: `arn:${name}`,
          ...computed(type, name, inputs as Created["inputs"]),
        };
        return { id: `${name}-id`, state };
      },
      call: ({ token }) => {
        throw new Error(`a component must not look anything up, got a call of ${token}`);
      },
    },
    "drawbridge",
    "dev",
    false,
  );
  // The SDK exports this function but leaves it out of its types.
  (runtimeState as unknown as { getStore(): { callbacks?: unknown } }).getStore().callbacks =
    withoutHooks;
  await build();
  await pulumi.runtime.disconnect();
  return seen.toSorted((a, b) => compare(a.type, b.type) || compare(a.name, b.name));
}

/** Hooks of what was created, by name. */
export const hooks = new Map<string, pulumi.ResourceHook>();

/** Mocks have no engine, which alone calls hooks; the SDK's own server of them would ask it. */
const withoutHooks = {
  registerResourceHook: (hook: pulumi.ResourceHook) => {
    hooks.set(hook.name, hook);
    return Promise.resolve();
  },
  awaitStackRegistrations: () => Promise.resolve(),
  shutdown: () => undefined,
};

/** A value that the program marked as secret: the state keeps it encrypted. */
export const secretly = (value: unknown) => ({
  // Names of github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts: a special signature, and that of a secret.
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

/** A certificate of an authority that can be read, behind a line that tells whose it is: PEM may begin with text. */
const authorityPem = readFileSync(
  join(__dirname, "../rehearsal/aws/cluster-authority.pem"),
  "utf8",
);
const authorityOf = (name: string) => `certificate of ${name}\n${authorityPem}`;

/** Whose certificates they are, a line each. */
export const ownersOf = (certificates = "") => certificates.replaceAll(authorityPem, "");

/** The inputs of the resources of one type, by name. */
export function ofType(resources: Created[], type: string): Record<string, Created["inputs"]> {
  return Object.fromEntries(
    resources.filter((one) => one.type === type).map(({ name, inputs }) => [name, inputs]),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Outputs that components read and AWS computes. */
function computed(type: string, name: string, inputs: Created["inputs"]): Record<string, unknown> {
  switch (type) {
    case "aws:ec2/launchTemplate:LaunchTemplate":
      return { latestVersion: 7 };
    case "aws:lb/loadBalancer:LoadBalancer":
      return { dnsName: `${name}.elb.amazonaws.com`, zoneId: "ZELB" };
    case "aws:acm/certificate:Certificate":
      return { domainValidationOptions: validationOptions(inputs) };
    case "aws:eks/cluster:Cluster":
      return {
        endpoint: "https://api",
        certificateAuthority: { data: "Y2E=" },
        identities: [{ oidcs: [{ issuer: "https://issuer" }] }],
      };
    case "aws:ec2/vpc:Vpc":
      return {
        defaultNetworkAclId: `${name}-default-acl`,
        defaultRouteTableId: `${name}-default-table`,
      };
    case "aws:opensearch/domain:Domain":
      return { endpoint: `${name}.es` };
    case "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert":
      return { certificate: authorityOf(name), issuerId: `issuer of ${name}` };
    case "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate":
      return { certificate: authorityOf(name), certificateBundle: `bundle of ${name}` };
    case "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned":
      return { importedIssuers: [`issuer of ${name}`, "issuer above"] };
    case "vault:pkiSecret/secretBackendIssuer:SecretBackendIssuer":
      return { issuerId: inputs["issuerRef"] };
    case "vault:index/authBackend:AuthBackend":
      return { accessor: `auth_${String(inputs["type"])}_1` };
    case "tls:index/privateKey:PrivateKey":
      return { privateKeyPem: `key of ${name}` };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: `request of ${name}` };
    case "tls:index/selfSignedCert:SelfSignedCert":
    case "tls:index/locallySignedCert:LocallySignedCert":
      return { certPem: `certificate of ${name}` };
    case "aws:ec2/networkInterface:NetworkInterface":
      return { privateIp: `address of ${name}` };
    case "aws:ec2/vpcEndpoint:VpcEndpoint":
      return { prefixListId: `${name}-prefix-list` };
    default:
      return {};
  }
}

/** ACM offers one proof for a name and its wildcard. */
function validationOptions(inputs: Created["inputs"]): unknown[] {
  const others = inputs["subjectAlternativeNames"] as string[];
  return [inputs["domainName"] as string, ...others].map((domainName) => ({
    domainName,
    resourceRecordName: `_proof.${domainName.replace(/^\*\./, "")}.`,
    resourceRecordValue: "_value.acm-validations.aws.",
  }));
}
