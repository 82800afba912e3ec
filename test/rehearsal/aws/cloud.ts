import { auditRows } from "./audit";
import { bucketRows } from "./buckets";
import { clientVpnRows } from "./client-vpn";
import { computeRows } from "./compute";
import { eksRows } from "./eks";
import { entryRows } from "./entry";
import { iamRows, managedPolicies } from "./iam";
import { imageRows } from "./images";
import { instanceRows } from "./instances";
import { keyAndLogRows } from "./keys-and-logs";
import { logStoreRows } from "./log-store";
import { networkRows } from "./network";
import { secretRows } from "./secrets";
import replacements from "./replacements.json";
import {
  AwsError,
  digest,
  isObject,
  nameOf,
  textAt,
  textsAt,
  valuesAt,
  type Draft,
  type Kind,
  type ResourceRow,
  type Scope,
} from "./row";
import type { CloudResource, Properties, World } from "./world";

/** Every type that the stand-in knows, by Pulumi type token. */
export const rows: Record<string, ResourceRow> = {
  ...networkRows,
  ...iamRows,
  ...keyAndLogRows,
  ...computeRows,
  ...eksRows,
  ...bucketRows,
  ...auditRows,
  ...entryRows,
  ...logStoreRows,
  ...imageRows,
  ...clientVpnRows,
  ...instanceRows,
  ...secretRows,
};

/** How Pulumi writes a value that is not known yet. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface Registered {
  id: string;
  outputs: Properties;
}

interface Request {
  type: string;
  urn: string;
  inputs: Properties;
}

function rowOf(type: string): ResourceRow {
  const row = rows[type];
  if (row === undefined) {
    throw new AwsError(
      "UnknownType",
      `the stand-in for AWS has no row for ${type}; add one in test/rehearsal/aws/`,
    );
  }
  return row;
}

/** Arguments that are required and missing, as the provider's own schema would find. */
export function missingInputs(type: string, inputs: Properties): string[] {
  return rowOf(type).required.filter((property) => inputs[property] === undefined);
}

export function create(world: World, scope: Scope, request: Request): [World, Registered] {
  const row = rowOf(request.type);
  const birth = (world.births[request.urn] ?? 0) + 1;
  const draft = drafted(world, scope, request, birth);
  refuse(draft, row);
  const resource = { ...bare(draft), ...row.born?.(draft), id: row.id(draft), urn: request.urn };
  resource.computed = row.computed({ ...draft, id: resource.id });
  if (world.resources.some(({ type, id }) => type === request.type && id === resource.id)) {
    throw new AwsError("ResourceAlreadyExists", `${row.noun} ${resource.id} already exists`);
  }
  const withIt: World = {
    ...world,
    births: { ...world.births, [request.urn]: birth },
    resources: [...world.resources, resource],
  };
  const brought = row.brings?.(resource, withIt) ?? [];
  const after = { ...withIt, resources: [...withIt.resources, ...brought] };
  return [after, { id: resource.id, outputs: outputsOf(resource, scope) }];
}

/** What a preview says of a creation: the inputs, and that all else is unknown. */
export function previewCreate(world: World, scope: Scope, request: Request): Properties {
  const row = rowOf(request.type);
  const draft: Draft = { ...drafted(world, scope, request, 1), id: "preview" };
  const known = { ...request.inputs, ...tagsAll(row, request.inputs, scope) };
  const name = row.name && { [row.name]: unknownValue };
  const computed = { id: unknownValue, ...name, ...row.computed(draft) };
  return withUnknowns(known, computed);
}

export function update(
  world: World,
  scope: Scope,
  request: Request & { id: string },
): [World, Properties] {
  const row = rowOf(request.type);
  const previous = find(world, request.type, request.id);
  const draft = { ...updateDraft(world, scope, request, row, previous), id: previous.id };
  refuse(draft, row);
  const resource = {
    ...previous,
    inputs: draft.inputs,
    computed: { ...row.computed(draft), ...kept(row, previous) },
    ...(previous.versions && { versions: [...previous.versions, draft.inputs] }),
  };
  const resources = world.resources.map((other) => (other === previous ? resource : other));
  return [{ ...world, resources }, outputsOf(resource, scope)];
}

/** What a preview says of an update: what AWS computed stays, but for what every update moves. */
export function previewUpdate(
  world: World,
  scope: Scope,
  request: Request & { id: string },
): Properties {
  const row = rowOf(request.type);
  const previous = find(world, request.type, request.id);
  const { inputs } = updateDraft(world, scope, request, row, previous);
  const moving = Object.fromEntries((row.moving ?? []).map((property) => [property, unknownValue]));
  const after = { ...previous, inputs, computed: { ...previous.computed, ...moving } };
  return outputsOf(after, scope);
}

/** Deletes the resource; one that is gone already counts as deleted, as the provider takes it. */
export function remove(world: World, type: string, id: string): World {
  const row = rowOf(type);
  const resource = world.resources.find((other) => other.type === type && other.id === id);
  if (resource === undefined) return world;
  const refusal = row.keeps?.(resource, world) ?? usedBy(world, resource, row);
  if (refusal) throw refusal;
  const stays = row.leaves?.(resource, world) ?? [];
  const resources = world.resources.filter((other) => other !== resource);
  return withoutOrphans({ ...world, resources: [...resources, ...stays] }, resource);
}

export function read(
  world: World,
  scope: Scope,
  type: string,
  id: string,
): { inputs: Properties; outputs: Properties } | undefined {
  const row = rowOf(type);
  const resource = world.resources.find((other) => other.type === type && other.id === id);
  if (resource === undefined) return undefined;
  const inputs = row.readAs?.(resource, world) ?? resource.inputs;
  return { inputs, outputs: outputsOf({ ...resource, inputs }, scope) };
}

export interface Difference {
  changed: string[];
  replaces: string[];
  /** Two of one name cannot exist at once, so the old one has to go first. */
  deleteBeforeReplace: boolean;
}

/** What changing the inputs means: nothing, an update in place, or a replacement. */
export function diff(type: string, olds: Properties, news: Properties): Difference {
  const row = rowOf(type);
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].toSorted();
  const changed = keys.filter((key) => !same(olds[key], news[key]));
  const forced = replacingPaths(type)
    .filter((path) => !same(valuesAt(olds, path), valuesAt(news, path)))
    .map((path) => path.split(/[.[]/)[0] ?? path);
  const replaces = [...new Set([...forced, ...(row.replacedWhen?.(olds, news) ?? [])])];
  const fixedName =
    row.name !== undefined && news[row.name] !== undefined && same(olds[row.name], news[row.name]);
  return { changed, replaces, deleteBeforeReplace: replaces.length > 0 && fixedName };
}

/** Paths of the arguments of which every change replaces a resource, as the provider's own plans tell. */
function replacingPaths(type: string): string[] {
  const table: Record<string, string[] | undefined> = replacements.replacedBy;
  const paths = table[type];
  if (paths === undefined) {
    throw new AwsError(
      "UnknownType",
      `test/rehearsal/aws/replacements.json has no entry for ${type}; npm run verify:aws -- --write-replacements adds it`,
    );
  }
  return paths;
}

function same(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, item: unknown) =>
      isObject(item)
        ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : item,
    ) ?? "undefined"
  );
}

function drafted(world: World, scope: Scope, { type, urn, inputs }: Request, birth: number): Draft {
  const row = rowOf(type);
  const digits = (length: number, purpose = "id") => digest(`${urn} ${birth} ${purpose}`, length);
  const name = row.name === undefined ? {} : { [row.name]: madeUpName(type, urn, digits) };
  return { type, inputs: { ...name, ...inputs }, id: "", world, scope, digits };
}

/** As the provider makes up names: the resource's own and seven digits. */
function madeUpName(type: string, urn: string, digits: Draft["digits"]): string {
  const prefix = type === "aws:kms/alias:Alias" ? "alias/" : "";
  return `${prefix}${urn.split("::").at(-1) ?? ""}-${digits(7, "name")}`;
}

function updateDraft(
  world: World,
  scope: Scope,
  request: Request,
  row: ResourceRow,
  previous: CloudResource,
): Draft {
  const birth = world.births[request.urn] ?? 1;
  const draft = drafted(world, scope, request, birth);
  const name = row.name && request.inputs[row.name] === undefined ? row.name : undefined;
  const inputs = { ...request.inputs, ...(name && { [name]: previous.inputs[name] }) };
  return { ...draft, inputs, previous };
}

/** Computed properties that an update leaves as they were. */
function kept(row: ResourceRow, { computed }: CloudResource): Properties {
  const entries = Object.entries(computed).filter(([key]) => !row.moving?.includes(key));
  return Object.fromEntries(entries);
}

function find(world: World, type: string, id: string): CloudResource {
  const resource = world.resources.find((other) => other.type === type && other.id === id);
  if (resource === undefined) {
    throw new AwsError("NotFound", `${rowOf(type).noun} ${id} does not exist`);
  }
  return resource;
}

function bare({ type, inputs }: Draft): CloudResource {
  return { type, id: "", urn: "", inputs, computed: {} };
}

function refuse(draft: Draft, row: ResourceRow): void {
  const refusal =
    unknownReference(draft, row) ?? takenClaim(draft, row) ?? firstRefusal(draft, row);
  if (refusal) throw refusal;
}

function firstRefusal(draft: Draft, row: ResourceRow): AwsError | undefined {
  for (const rule of row.rules ?? []) {
    const refusal = rule(draft);
    if (refusal) return refusal;
  }
  return undefined;
}

/** How AWS says that something does not exist. */
const notFound: Record<Kind, [code: string, noun: string]> = {
  vpc: ["InvalidVpcID.NotFound", "vpc ID"],
  subnet: ["InvalidSubnetID.NotFound", "subnet ID"],
  internetGateway: ["InvalidInternetGatewayID.NotFound", "internetGateway ID"],
  natGateway: ["NatGatewayNotFound", "NAT gateway"],
  elasticIp: ["InvalidAllocationID.NotFound", "allocation ID"],
  routeTable: ["InvalidRouteTableID.NotFound", "routeTable ID"],
  networkAcl: ["InvalidNetworkAclID.NotFound", "networkAcl ID"],
  securityGroup: ["InvalidGroup.NotFound", "security group"],
  prefixList: ["InvalidPrefixListID.NotFound", "prefix list ID"],
  launchTemplate: ["InvalidLaunchTemplateId.NotFound", "launch template ID"],
  instanceProfile: ["NoSuchEntity", "Instance Profile"],
  roleArn: ["NoSuchEntity", "role with ARN"],
  roleName: ["NoSuchEntity", "role with name"],
  policyArn: ["NoSuchEntity", "policy"],
  key: ["NotFoundException", "key"],
  logGroupArn: ["ResourceNotFoundException", "log group"],
  logGroupName: ["ResourceNotFoundException", "log group"],
  bucket: ["NoSuchBucket", "bucket"],
  topicArn: ["NotFound", "topic"],
  detector: ["BadRequestException", "detector"],
  eventRule: ["ResourceNotFoundException", "rule"],
  deliveryStreamArn: ["ResourceNotFoundException", "delivery stream"],
  domainArn: ["ResourceNotFoundException", "domain"],
  functionName: ["ResourceNotFoundException", "function"],
  repository: ["RepositoryNotFoundException", "repository"],
  cluster: ["ResourceNotFoundException", "cluster"],
  accessEntry: ["ResourceNotFoundException", "access entry"],
  loadBalancer: ["LoadBalancerNotFound", "load balancer"],
  targetGroup: ["TargetGroupNotFound", "target group"],
  certificate: ["CertificateNotFound", "certificate"],
  webAcl: ["WAFNonexistentItemException", "web ACL"],
  clientVpnEndpoint: ["InvalidClientVpnEndpointId.NotFound", "Client VPN endpoint"],
  samlProviderArn: ["NoSuchEntity", "SAML provider"],
  networkInterface: ["InvalidNetworkInterfaceID.NotFound", "network interface ID"],
  volume: ["InvalidVolume.NotFound", "volume"],
  instance: ["InvalidInstanceID.NotFound", "instance ID"],
  hostedZone: ["NoSuchHostedZone", "hosted zone"],
  secret: ["ResourceNotFoundException", "secret"],
};

function unknownReference({ inputs, world, type }: Draft, row: ResourceRow): AwsError | undefined {
  const known = new Set([
    ...world.resources.flatMap(identifiersOf),
    ...managedPolicies.map((arn) => `policyArn:${arn}`),
    ...world.principals.flatMap((arn) => [`roleArn:${arn}`, `samlProviderArn:${arn}`]),
    ...world.certificates.map((arn) => `certificate:${arn}`),
  ]);
  for (const { path, to } of row.references) {
    const missing = textsAt(inputs, path).find((value) => !known.has(`${to}:${value}`));
    if (missing !== undefined) {
      const [code, noun] = notFound[to];
      return new AwsError(
        code,
        `The ${noun} '${missing}' does not exist (${path} of a ${rowOf(type).noun})`,
      );
    }
  }
  return undefined;
}

function takenClaim(draft: Draft, row: ResourceRow): AwsError | undefined {
  const claims = row.claims?.(draft) ?? [];
  if (claims.length === 0) return undefined;
  const taken = new Map(
    draft.world.resources
      .filter((resource) => resource !== draft.previous)
      .flatMap((resource) => claimsOf(resource, draft).map((key) => [key, resource] as const)),
  );
  for (const { key, refusal } of claims) {
    const owner = taken.get(key);
    if (owner) return new AwsError(refusal.code, `${plain(refusal)} (${described(owner)})`);
  }
  return undefined;
}

const plain = ({ code, message }: AwsError) => message.slice(code.length + 2);

function claimsOf({ type, id, inputs }: CloudResource, { world, scope, digits }: Draft): string[] {
  const claims = rowOf(type).claims?.({ type, id, inputs, world, scope, digits }) ?? [];
  return claims.map(({ key }) => key);
}

const described = (resource: CloudResource) =>
  `${rowOf(resource.type).noun} ${resource.id}, ${nameOf(resource)}`;

/** `kind:value` of everything under which others may name the resource. */
function identifiersOf(resource: CloudResource): string[] {
  const identifiers = rowOf(resource.type).identifiers?.(resource) ?? {};
  return Object.entries(identifiers).flatMap(([kind, values]) =>
    values.filter((value) => typeof value === "string").map((value) => `${kind}:${value}`),
  );
}

/** `kind:value` of everything that the resource names in references of one sort. */
function named(resource: CloudResource, onDelete: "refuse" | "cascade"): string[] {
  const references = rowOf(resource.type).references.filter((row) => row.onDelete === onDelete);
  return references.flatMap(({ path, to }) =>
    textsAt(resource.inputs, path).map((value) => `${to}:${value}`),
  );
}

function usedBy(world: World, resource: CloudResource, row: ResourceRow): AwsError | undefined {
  const own = new Set(identifiersOf(resource));
  const user = world.resources
    .filter((other) => other !== resource && !leavesItsGroupInstead(resource, other))
    .find((other) => {
      const holds = rowOf(other.type).holds?.(other, world) ?? [];
      return [...named(other, "refuse"), ...holds].some((identifier) => own.has(identifier));
    });
  if (user === undefined) return undefined;
  return new AwsError(
    row.inUse ?? "DependencyViolation",
    `The ${described(resource)} has dependencies and cannot be deleted: ${described(user)}`,
  );
}

/** A rule that names the group of a cluster does not keep the cluster: EKS leaves the group behind. */
function leavesItsGroupInstead(resource: CloudResource, user: CloudResource): boolean {
  const group = textAt(resource.computed, "vpcConfig.clusterSecurityGroupId");
  return group !== undefined && textAt(user.inputs, "referencedSecurityGroupId") === group;
}

/** Takes away what AWS deletes along with a resource, and in turn what goes with that. */
function withoutOrphans(world: World, gone: CloudResource): World {
  const own = new Set(identifiersOf(gone));
  for (const resource of world.resources) {
    for (const identifier of identifiersOf(resource)) own.delete(identifier);
  }
  const orphans = world.resources.filter((resource) => {
    const companions = rowOf(resource.type).goesWith?.(resource) ?? [];
    return [...named(resource, "cascade"), ...companions].some((name) => own.has(name));
  });
  const resources = world.resources.filter((resource) => !orphans.includes(resource));
  return orphans.reduce(withoutOrphans, { ...world, resources });
}

/** As the real provider, which counts the id among the outputs. */
function outputsOf({ type, id, inputs, computed }: CloudResource, scope: Scope): Properties {
  return merged({ ...inputs, id, ...tagsAll(rowOf(type), inputs, scope) }, computed);
}

function tagsAll(row: ResourceRow, inputs: Properties, scope: Scope): Properties {
  if (!row.tagged) return {};
  const own = isObject(inputs["tags"]) ? inputs["tags"] : {};
  return { tagsAll: { ...scope.defaultTags, ...own } };
}

function merged(base: Properties, more: Properties): Properties {
  const entries = Object.entries(more).map(([key, value]) => {
    const old = base[key];
    return [key, isObject(old) && isObject(value) ? merged(old, value) : value];
  });
  return { ...base, ...(Object.fromEntries(entries) as Properties) };
}

/** `computed` laid under `known`, each of its values unknown. */
function withUnknowns(known: Properties, computed: Properties): Properties {
  const entries = Object.entries(computed).map(([key, value]) => {
    const given = known[key];
    if (isObject(given) && isObject(value)) return [key, withUnknowns(given, value)];
    return [key, given ?? unknownValue];
  });
  return { ...known, ...(Object.fromEntries(entries) as Properties) };
}
