import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { logEngineVersions, type LogEngineVersion } from "../../components/aws/log-engines";
import { planStack } from "../../plan/host";
import type { Plan } from "../../plan/schema";
import { plannedResource } from "../../plan/stack-resource";
import { isObject, textAt } from "./aws/row";
import type { World } from "./aws/world";
import {
  compareVerdicts,
  compareWithPreview,
  compareWithState,
  describeDifferences,
  type Difference,
  type SavedPlan,
} from "./compare";
import { Rehearsal, type Outcome, type StateResource } from "./engine";
import { levelsOfDestroy } from "../support/documented-files";
import { issuing, losing, rotating, sealing } from "./authorities";
import { missingDependencies } from "./order";
import { publicCluster } from "./public-cluster";
import { failureOf, unlessEqual } from "./outcome";
import type { Revision } from "./revisions";
import { replacing } from "./servers";
import { repository, type Values } from "./stack-config";
import type { VaultPlace } from "./vault/place";

/** One counted check: what is wrong, a line each; nothing when all is well. */
export interface Step {
  title: string;
  /** Whether nothing after it can be run when it fails. @default false */
  basis?: boolean;
  run: () => Promise<string[]>;
}

/** What the life of a stack is rehearsed with. */
export interface LifeArgs {
  stack: string;
  /** The repository's configuration of the stack. */
  config: Record<string, unknown>;
  /** What becomes of it while the stack is up, in order. */
  revisions: Revision[];
  /** Folder of the policy pack. */
  pack: string;
  rehearsal: Rehearsal;
  /** The Vault that the program configures. */
  vault: VaultPlace;
  /** Opens another stack, with another program. */
  openOther: (program: () => Promise<void>) => Promise<Rehearsal>;
}

const clusterType = "aws:eks/cluster:Cluster";
const domainType = "aws:opensearch/domain:Domain";
const networkType = "aws:ec2/vpc:Vpc";
const keyType = "aws:kms/key:Key";
const bucketPolicyType = "aws:s3/bucketPolicy:BucketPolicy";
const lockType = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration";
const loadBalancerType = "aws:lb/loadBalancer:LoadBalancer";
/** Where a lock says who may delete before its time. */
const lockMode = "rule.defaultRetention.mode";
const nodeGroupName = "rehearsed";

/** The life of a stack, from the plan to nothing. The steps build on each other, in this order. */
export async function* lifeOfStack(args: LifeArgs): AsyncGenerator<Step> {
  yield* beginning(args);
  yield* issuing(args.vault);
  yield* sealing(args);
  yield* changes(args);
  yield* revised(args);
  const config = yield* replacing(args, args.revisions.at(-1)?.config ?? args.config);
  yield* rotating(args, config);
  yield { title: "up after a rotation changes nothing", run: () => changesNothing(args.rehearsal) };
  yield* end(args, losing(args));
  yield { title: "a violation stops a preview", run: () => stopsAPreview(args) };
}

/** A life with nothing but revisions between its beginning and its end, in which two configurations of a stack differ. */
export async function* shortLifeOfStack(args: LifeArgs): AsyncGenerator<Step> {
  yield* beginning(args);
  yield* revised(args);
  yield* end(args);
}

function beginning({ rehearsal, stack }: LifeArgs): Step[] {
  const planFile = join(rehearsal.directory, "plan.json");
  const plan = (): Plan => JSON.parse(readFileSync(planFile, "utf8")) as Plan;
  let previewed: Outcome | undefined;
  return [
    {
      title: "plan without credentials, engine or network",
      basis: true,
      run: () => writePlan(rehearsal, stack, planFile),
    },
    {
      title: "preview with the real engine and the pack",
      basis: true,
      run: async () => {
        previewed = await rehearsal.preview();
        return [...failureOf(previewed), ...otherThan(previewed, "create")];
      },
    },
    {
      title: "plan and engine register the same resources",
      run: () => {
        const saved = JSON.parse(readFileSync(rehearsal.planFile, "utf8")) as SavedPlan;
        return Promise.resolve(told(compareWithPreview(plan().resources, saved)));
      },
    },
    {
      title: "plan and engine come to the same verdicts",
      run: () => {
        const { policyEvents = [], summaries = [] } = previewed ?? {};
        const { verdicts } = plan();
        const stackUrn = `urn:pulumi:${stack}::drawbridge::pulumi:pulumi:Stack::drawbridge-${stack}`;
        return Promise.resolve(told(compareVerdicts(verdicts, policyEvents, summaries, stackUrn)));
      },
    },
    {
      title: "up builds the stack from nothing",
      basis: true,
      run: async () => {
        const outcome = await rehearsal.up();
        return [...failureOf(outcome), ...otherThan(outcome, "create")];
      },
    },
    {
      title: "what the plan knew has come true",
      run: async () =>
        told(compareWithState(plan().resources, (await rehearsal.state()).resources)),
    },
    {
      title: "nothing comes in its order by luck",
      run: async () => outOfOrder(rehearsal.world, (await rehearsal.state()).resources),
    },
    {
      title: "a second up changes nothing, and no rule is undecided",
      run: () => settles(rehearsal),
    },
    { title: "refresh finds no drift", run: () => findsNoDrift(rehearsal) },
  ];
}

function changes(args: LifeArgs): Step[] {
  const { rehearsal } = args;
  return [
    { title: "refresh finds drift, and up takes it back", run: () => takesDriftBack(rehearsal) },
    { title: "a new node group adds its own resources only", run: () => addNodeGroup(args) },
    { title: "up after the change changes nothing", run: () => changesNothing(rehearsal) },
    { title: "what cannot change is refused before anything does", run: () => refuses(args) },
  ];
}

function revised(args: LifeArgs): Step[] {
  const { rehearsal, revisions } = args;
  return [
    ...revisions.map((revision) => {
      return { title: revision.title, run: () => revises(args, revision) };
    }),
    { title: "up after that changes nothing", run: () => changesNothing(rehearsal) },
  ];
}

/** The end of a stack, with what is tried once nothing of it is protected. */
function end({ rehearsal }: LifeArgs, ...unprotected: Step[]): Step[] {
  return [
    {
      title: "destroy is refused while the cluster is protected",
      run: () => refusesToDestroy(rehearsal),
    },
    {
      title: "up takes the protection away, and nothing else",
      run: () => takesProtectionAway(rehearsal),
    },
    ...unprotected,
    { title: "destroy leaves nothing behind", run: () => destroysAll(rehearsal) },
  ];
}

/** A change for which the network and the log store would have to be replaced. */
interface Unchangeable {
  change: Values;
  /** What people are warned of besides. */
  warning?: RegExp;
}

function unchangeable(config: Values): Unchangeable[] {
  const logStore = config["logStore"] as { engineVersion: LogEngineVersion };
  const [newest, oldest] = [logEngineVersions[0], logEngineVersions.at(-1)];
  const engineVersion = logStore.engineVersion === oldest ? newest : oldest;
  return [
    // A preview goes on where something is protected: this one tells of both.
    {
      change: { cidr: "10.64.0.0/16", logStore: { ...logStore, engineVersion } },
      warning: /^AWS upgrades a log store of \S+ to .*: Pulumi would replace it/,
    },
    { change: movedTo("eu-central-1", config) },
  ];
}

/** Some things must be protected from a slip: the engine would have to replace them, and does not begin. */
async function refuses({ rehearsal, config }: LifeArgs): Promise<string[]> {
  const problems: string[] = [];
  for (const { change, warning } of unchangeable(config)) {
    const keys = Object.keys(change);
    configure(rehearsal, change);
    const { failure = "success", warnings } = await rehearsal.preview();
    const refused = failure.split("\n").filter((line) => line.startsWith("unable to replace"));
    for (const type of [networkType, domainType]) {
      if (refused.some((line) => line.includes(`$${type}::`))) continue;
      problems.push(`${keys.join(" and ")}: expected: ${type} is protected`, `got: ${failure}`);
    }
    if (warning && !warnings.some((one) => warning.test(one))) {
      problems.push(`expected a warning: ${warning.source}`, ...warnings);
    }
    configure(rehearsal, Object.fromEntries(keys.map((key) => [key, config[key]])));
  }
  return problems;
}

/** Zones have the name of their region. */
function movedTo(region: string, { zones }: Values): Values {
  const letters = (zones as string[]).map((zone) => zone.slice(-1));
  return { region, zones: letters.map((letter) => `${region}${letter}`) };
}

function configure(rehearsal: Rehearsal, values: Values): void {
  for (const [key, value] of Object.entries(values))
    rehearsal.configure(`drawbridge:${key}`, value);
}

/** The plan of the new configuration is what the engine makes of the old one. */
async function revises({ rehearsal, stack }: LifeArgs, revision: Revision): Promise<string[]> {
  configure(rehearsal, revision.config);
  rehearsal.packConfig = revision.packConfig;
  const { resources, redactor } = await planStack({ projectDir: rehearsal.project, stack });
  const before = (await rehearsal.state()).resources;
  const outcome = await rehearsal.up();
  const after = (await rehearsal.state()).resources;
  const plan = resources.map((resource) => plannedResource(resource, redactor));
  const types = Object.entries(outcome.operations)
    .filter(([, operation]) => operation.includes("replace"))
    .map(([urn]) => urn.split("::")[2]?.split("$").at(-1) ?? "");
  return [
    ...failureOf(outcome),
    ...unlessEqual("replaced types", [...new Set(types)].toSorted(), revision.replaced),
    ...told(compareWithState(plan, after, before)),
    ...outOfOrder(rehearsal.world, after),
  ];
}

function outOfOrder(world: World, state: StateResource[]): string[] {
  return missingDependencies(world, state).map(
    ({ urn, needs }) => `${urn} needs ${needs} and does not depend on it`,
  );
}

const told = (differences: Difference[]): string[] =>
  differences.length === 0 ? [] : describeDifferences(differences).split("\n");

const otherThan = ({ operations }: Outcome, wanted: string): string[] =>
  Object.entries(operations)
    .filter(([, operation]) => operation !== wanted)
    .map(([urn, operation]) => `${operation} of ${urn}, expected ${wanted}`);

/** Runs the plan as a user does; its own exit code says whether the stack is clean. */
function writePlan(
  { project: cwd, packConfigFile }: Rehearsal,
  stack: string,
  file: string,
): Promise<string[]> {
  const plan = ["-r", require.resolve("tsx/cjs"), join(repository, "plan/plan.ts")];
  const options = ["--stack", stack, "--json", file, "--policy-pack-config", packConfigFile];
  const args = ["--stack-trace-limit=0", ...plan, ...options];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd });
    const output: Buffer[] = [];
    child.stdout.on("data", (data: Buffer) => output.push(data));
    child.stderr.on("data", (data: Buffer) => output.push(data));
    child.once("error", reject);
    child.once("close", (code) => {
      const lines = Buffer.concat(output).toString("utf8").trimEnd().split("\n");
      resolve(code === 0 ? [] : [`plan ended with exit code ${String(code)}`, ...lines]);
    });
  });
}

async function changesNothing(rehearsal: Rehearsal): Promise<string[]> {
  const outcome = await rehearsal.up();
  return [...failureOf(outcome), ...otherThan(outcome, "same")];
}

/** All is known after the first up, so every rule must have come to a verdict. */
async function settles(rehearsal: Rehearsal): Promise<string[]> {
  const outcome = await rehearsal.up();
  const undecided = outcome.policyEvents
    .filter(({ message }) => message.startsWith("undecided: "))
    .map(({ policyName, resourceUrn = "the stack", message }) =>
      [policyName, resourceUrn, message.trim()].join(": "),
    );
  return [...failureOf(outcome), ...otherThan(outcome, "same"), ...undecided];
}

async function findsNoDrift(rehearsal: Rehearsal): Promise<string[]> {
  const before = await rehearsal.state();
  const outcome = await rehearsal.refresh();
  const after = await rehearsal.state();
  return [
    ...failureOf(outcome),
    ...drifted(before.resources, after.resources).map((urn) => `${urn} has drifted`),
  ];
}

/** URNs of the resources whose inputs or outputs differ between two states. */
function drifted(before: StateResource[], after: StateResource[]): string[] {
  const byUrn = (state: StateResource[]) =>
    new Map(state.map(({ urn, inputs, outputs }) => [urn, JSON.stringify([inputs, outputs])]));
  const [old, now] = [byUrn(before), byUrn(after)];
  const urns = new Set([...old.keys(), ...now.keys()]);
  return [...urns].filter((urn) => old.get(urn) !== now.get(urn));
}

/** Somebody opens the API to the internet by hand. */
async function takesDriftBack(rehearsal: Rehearsal): Promise<string[]> {
  const cluster = onlyCluster(rehearsal.world);
  const before = await rehearsal.state();
  rehearsal.world = withPublicApi(rehearsal.world);
  const refreshed = await rehearsal.refresh();
  const found = drifted(before.resources, (await rehearsal.state()).resources);
  const repaired = await rehearsal.up();
  return [
    ...failureOf(refreshed),
    ...unlessEqual("drifted resources", found, [cluster.urn]),
    ...failureOf(repaired),
    ...unlessEqual("operations of up", repaired.operations, { [cluster.urn]: "update" }),
    ...unlessEqual("cluster", onlyCluster(rehearsal.world).inputs, cluster.inputs),
  ];
}

function onlyCluster({ resources }: World) {
  const [cluster, ...others] = resources.filter(({ type }) => type === clusterType);
  if (cluster === undefined || others.length > 0) {
    throw new Error(`the account must have one cluster, got ${cluster ? others.length + 1 : 0}`);
  }
  return cluster;
}

function withPublicApi(world: World): World {
  return {
    ...world,
    resources: world.resources.map((resource) => {
      const { vpcConfig } = resource.inputs;
      if (resource.type !== clusterType || !isObject(vpcConfig)) return resource;
      const open = { ...vpcConfig, endpointPublicAccess: true };
      return { ...resource, inputs: { ...resource.inputs, vpcConfig: open } };
    }),
  };
}

/** The resources of the first node group, under the name of the new one, are the ones to expect. */
async function addNodeGroup({ config, rehearsal }: LifeArgs): Promise<string[]> {
  const groups = config["nodeGroups"];
  const first: unknown = Array.isArray(groups) ? groups[0] : undefined;
  if (!Array.isArray(groups) || !isObject(first) || typeof first["name"] !== "string") {
    return ["the stack must have a node group to make another one like"];
  }
  const { name } = first;
  const { resources } = await rehearsal.state();
  const expected = resources
    .map(({ urn }) => urn)
    .filter((urn) => urn.includes("::drawbridge:aws:NodeGroup") && isOf(urn, name))
    .map((urn) => [urn.replace(`::${name}`, `::${nodeGroupName}`), "create"]);
  rehearsal.configure("drawbridge:nodeGroups", [...groups, { ...first, name: nodeGroupName }]);
  const outcome = await rehearsal.up();
  return [
    ...failureOf(outcome),
    ...(expected.length > 1 ? [] : ["the first node group has no resources"]),
    ...unlessEqual("operations of up", outcome.operations, Object.fromEntries(expected)),
  ];
}

/** Whether a resource belongs to a node group, by its own name. */
function isOf(urn: string, group: string): boolean {
  const name = urn.split("::").at(-1) ?? "";
  return name === group || name.startsWith(`${group}-`);
}

/** `pulumi destroy` looks at all that it would delete first; AWS alone would let go of the nodes before it refuses. */
async function refusesToDestroy(rehearsal: Rehearsal): Promise<string[]> {
  const { failure = "" } = await rehearsal.previewDestroy();
  const refused = /cannot be deleted\s+because it is protected/.test(failure);
  return refused ? [] : ["expected: the cluster is protected", `got: ${failure || "success"}`];
}

async function takesProtectionAway(rehearsal: Rehearsal): Promise<string[]> {
  rehearsal.configure("drawbridge:deletionProtection", false);
  const levels = levelsOfDestroy();
  const { failure = "success", operations: begun } = await rehearsal.up();
  // The first rule that speaks stops it.
  if (!Object.keys(levels).some((rule) => failure.includes(rule))) {
    return ["expected: the pack stops up", `got: ${failure}`];
  }
  const outcome = await rehearsal.up(levels);
  const { resources } = await rehearsal.state();
  // What Pulumi alone protects does not change; these AWS protects as well, the seal by the policy of its key, and what
  // somebody may delete before its time by that of its bucket.
  const governed = resources
    .filter(({ type, inputs }) => type === lockType && textAt(inputs, lockMode) === "GOVERNANCE")
    .map(({ urn }) => urn.replace(lockType, bucketPolicyType));
  const protectedByAws = resources.filter(
    ({ type, urn }) =>
      [clusterType, loadBalancerType].includes(type) ||
      urn.endsWith(`${keyType}::vault-seal`) ||
      governed.includes(urn),
  );
  const expected = Object.fromEntries(protectedByAws.map(({ urn }) => [urn, "update"]));
  // What comes before the rule that speaks is done already.
  const operations = { ...begun, ...outcome.operations };
  return [...failureOf(outcome), ...unlessEqual("operations of up", operations, expected)];
}

async function destroysAll(rehearsal: Rehearsal): Promise<string[]> {
  const { resources } = await rehearsal.state();
  // What the program asks to keep is no leftover.
  const kept = resources.filter(({ retainOnDelete }) => retainOnDelete).map(({ urn }) => urn);
  const outcome = await rehearsal.destroy();
  const left = await rehearsal.state();
  return [
    ...failureOf(outcome),
    ...left.resources.map(({ urn }) => `still in the state: ${urn}`),
    ...rehearsal.world.resources
      .filter(({ urn }) => !kept.includes(urn))
      .map(({ type, id, urn }) => `still in AWS: ${type} ${id} ${urn || "(made by AWS)"}`),
  ];
}

async function stopsAPreview({ openOther }: LifeArgs): Promise<string[]> {
  const rule = "eks-private-endpoint";
  const rehearsal = await openOther(() => Promise.resolve(publicCluster()));
  const { failure, policyEvents } = await rehearsal.preview();
  const reported = policyEvents.some(
    ({ policyName, enforcementLevel }) => policyName === rule && enforcementLevel === "mandatory",
  );
  return [
    ...(failure === undefined ? ["the preview succeeded"] : []),
    ...(reported ? [] : [`${rule} reported nothing: ${failure ?? ""}`]),
  ];
}
