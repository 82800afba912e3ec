import type { StackConfig } from "../../plan/stack-file";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rows } from "../rehearsal/aws/cloud";
import { awsProviderVersion } from "../tools/build";
import { motoGaps, withoutGaps, withZone, type Zone } from "./moto-gaps";
import { isForgotten, remembered, tolerant } from "./moto-memory";
import type { Moto } from "./moto";
import type { ProviderSchema } from "./provider-schema";
import {
  decided,
  outdated,
  probeOf,
  probeOfCases,
  replacedBy,
  unconditional,
  type Probe,
  type Replacements,
} from "./replacements";
import { replacementCases } from "./replacement-cases";
import { deviations, firstPlan, resolvedPlan } from "./resolved-plan";
import type { ResourceChange, TerraformPlan, Workspace } from "./terraform";
import { changedInPlace } from "./subjects";
import { translated, type Configuration } from "./translate";

/** One counted check: what is wrong, a line each; nothing when all is well. */
export interface Step {
  title: string;
  /** Whether nothing after it can be run when it fails. @default false */
  basis?: boolean;
  run: () => Promise<string[]>;
}

export interface StackArgs {
  config: StackConfig;
  schema: ProviderSchema;
  workspace: Workspace;
  /** Whether what the provider is slow with is applied as well. */
  patient: boolean;
}

const unattended = ["-input=false", "-no-color", "-auto-approve"];

/** What the provider says of a stack before anything exists. `refused` are the calls for which it asked in vain. */
export function planSteps(
  { config, schema, workspace }: StackArgs,
  refused: readonly string[],
): Step[] {
  let configuration: Configuration | undefined;
  return [
    {
      title: "every resource of the plan is one of the provider's",
      basis: true,
      run: async () => {
        const { resources, addresses } = await resolvedPlan(config, schema);
        const translation = translated(resources, addresses, schema);
        configuration = translation.configuration;
        workspace.write(configuration, translation.archives);
        return [...translation.faults, ...deviations(await firstPlan(config), resources)];
      },
    },
    { title: "validate", basis: true, run: () => workspace.errorsOf("validate", "-no-color") },
    {
      title: "plan creates every resource",
      run: async () => {
        const { errors, plan } = await workspace.plan("first.tfplan", "-refresh=false");
        const wanted = configuration === undefined ? [] : addressesOf(configuration);
        return [...errors, ...(errors.length > 0 ? [] : notCreated(plan, wanted))];
      },
    },
    {
      title: "plan asks AWS for nothing but the account and the versions of a log store",
      run: () => Promise.resolve(unforeseen(refused, configuration)),
    },
  ];
}

/**
 * What a first plan asked for and should not have, or the other way round. Of a domain of OpenSearch the provider always
 * asks which versions follow its own, and goes on without an answer: internal/service/opensearch/domain.go.
 */
function unforeseen(
  refused: readonly string[],
  configuration: Configuration | undefined,
): string[] {
  const domains = Object.values(configuration?.resource["aws_opensearch_domain"] ?? {});
  const foreseen = domains.map(
    (domain) =>
      `GET /2021-01-01/opensearch/compatibleVersions?domainName=${String(domain["domain_name"])}`,
  );
  const asked = [...new Set(refused)];
  return [
    ...asked.filter((call) => !foreseen.includes(call)).map((call) => `it called ${call}`),
    ...foreseen.filter((call) => !asked.includes(call)).map((call) => `it never called ${call}`),
  ];
}

/** The life of a stack in moto, from nothing to nothing. The steps build on each other, in this order. */
export function motoSteps(args: StackArgs, moto: Moto, announce: (line: string) => void): Step[] {
  const { config, schema, workspace } = args;
  const applicable = async (of: StackConfig) => {
    const { resources, addresses } = await resolvedPlan(of, schema);
    const { configuration, archives } = translated(resources, addresses, schema);
    return { ...withoutGaps(withZone(configuration, zoneOf(of)), args.patient), archives };
  };
  let first: Configuration | undefined;
  return [
    {
      title: "what moto cannot create is what the list says",
      run: async () => {
        const calls = Object.values(motoGaps);
        return (await moto.known(calls)).map((call) => `moto answers ${call} now: take it off`);
      },
    },
    {
      title: "apply creates the stack in moto",
      basis: true,
      run: async () => {
        const { configuration, archives, omitted } = await applicable(config);
        for (const [address, reason] of Object.entries(omitted)) {
          announce(`not applied: ${address}: ${reason}`);
        }
        first = configuration;
        workspace.write(tolerant(configuration), archives);
        return apply(workspace);
      },
    },
    { title: "a second plan finds no difference", run: () => findsNoDifference(workspace) },
    {
      title: "what moto forgets is what the list says",
      run: async () => {
        if (first === undefined) return ["nothing was applied"];
        workspace.write(first);
        const { errors, plan } = await workspace.plan("forgotten.tfplan");
        return [...errors, ...remembered(first, changesOf(plan))];
      },
    },
    {
      title: "a changed configuration changes in place what it says",
      basis: true,
      run: async () => {
        const { configuration } = await applicable(changedInPlace(config));
        workspace.write(tolerant(configuration));
        const { errors, plan } = await workspace.plan("change.tfplan");
        const changes = changesOf(plan);
        const unwanted = changes.filter(({ change }) => change.actions.join() !== "update");
        const problems = [
          ...errors,
          ...(errors.length === 0 && changes.length === 0 ? ["nothing is changed"] : []),
          ...unwanted.map(described),
        ];
        if (problems.length > 0) return problems;
        return workspace.errorsOf("apply", "-no-color", "change.tfplan");
      },
    },
    {
      title: "a second plan after the change finds no difference",
      run: () => findsNoDifference(workspace),
    },
    {
      title: "destroy leaves nothing behind",
      run: async () => {
        const applied = stateOf(workspace);
        const errors = await workspace.errorsOf("destroy", "-refresh=false", ...unattended);
        return [
          ...errors,
          ...(applied.length === 0 ? ["nothing was applied"] : []),
          ...stateOf(workspace).map(({ type, name }) => `still in the state: ${type}.${name}`),
        ];
      },
    },
  ];
}

function zoneOf({ values }: StackConfig): Zone | undefined {
  const { zone } = JSON.parse(values["drawbridge:entry"] ?? "{}") as { zone?: Zone };
  return zone;
}

/** File of the table that the stand-in of the rehearsal reads. */
export const replacementsFile = join(__dirname, "../rehearsal/aws/replacements.json");

function committedReplacements(): Replacements {
  if (!existsSync(replacementsFile)) return { provider: "nothing", replacedBy: {}, cases: [] };
  return JSON.parse(readFileSync(replacementsFile, "utf8")) as Replacements;
}

/** The table of replacements, as the provider tells it now. */
export async function toldReplacements(
  workspace: Workspace,
  schema: ProviderSchema,
): Promise<Replacements> {
  const tokens = Object.keys(rows).toSorted();
  const cases = replacementCases.map((inputs) => ({ ...inputs, replaces: [] }));
  const changes = await probed(workspace, tokens, String, (some) => probeOf(some, schema));
  const ofCases = await probed(
    workspace,
    cases,
    ({ type, news }) => `${type} to ${JSON.stringify(news)}`,
    (some) => probeOfCases(some, schema),
  );
  const outcomes = decided(cases, ofCases, schema);
  return {
    provider: `hashicorp/aws ${awsProviderVersion}`,
    replacedBy: unconditional(replacedBy(tokens, changes, schema), outcomes),
    cases: outcomes,
  };
}

export function replacementSteps(workspace: Workspace, schema: ProviderSchema): Step[] {
  return [
    {
      title: "what the stand-in replaces is what the provider replaces",
      run: async () => {
        const told = await toldReplacements(workspace, schema);
        const lines = outdated(committedReplacements(), told);
        if (lines.length === 0) return [];
        return [...lines, "write the table anew: npm run verify:aws -- --write-replacements"];
      },
    },
  ];
}

/**
 * What the provider plans for the probes of `items`. Where it fails, each that it named is probed alone: a crash takes
 * every other one with it. Throws an error with a line for each fault; `named` says of what.
 */
async function probed<T>(
  workspace: Workspace,
  items: readonly T[],
  named: (item: T) => string,
  probe: (items: readonly T[]) => Probe,
): Promise<ResourceChange[]> {
  const { errors, plan } = await plannedProbe(workspace, probe(items));
  if (errors.length === 0) return plan.resource_changes ?? [];
  const faults: string[] = [];
  for (const item of suspects(items, errors)) {
    const alone = await plannedProbe(workspace, probe([item]));
    faults.push(...alone.errors.map((error) => `${named(item)}: ${error}`));
  }
  throw new Error((faults.length > 0 ? faults : errors).join("\n"));
}

async function plannedProbe(workspace: Workspace, { configuration, state }: Probe) {
  workspace.file("main.tf.json", configuration);
  workspace.file("terraform.tfstate", state);
  return workspace.plan("probe.tfplan", "-refresh=false");
}

/** The items whose probes are named in errors. */
function suspects<T>(items: readonly T[], errors: readonly string[]): T[] {
  const found = errors.flatMap((error) => [...error.matchAll(/\.(?:probe|case)-(\d+)/g)]);
  const indexes = new Set(found.map(([, index]) => Number(index)));
  return items.filter((_item, i) => indexes.has(i));
}

function stateOf(workspace: Workspace): { type: string; name: string }[] {
  const { resources } = workspace.read("terraform.tfstate") as {
    resources: { type: string; name: string }[];
  };
  return resources;
}

async function apply(workspace: Workspace): Promise<string[]> {
  const { errors } = await workspace.plan("apply.tfplan");
  if (errors.length > 0) return errors;
  return workspace.errorsOf("apply", "-no-color", "apply.tfplan");
}

async function findsNoDifference(workspace: Workspace): Promise<string[]> {
  const { errors, plan } = await workspace.plan("again.tfplan");
  const differences = changesOf(plan).filter((change) => !isForgotten(change));
  return [...errors, ...differences.map(described)];
}

function changesOf({ resource_changes: changes = [] }: TerraformPlan): ResourceChange[] {
  return changes.filter(({ change }) => change.actions.join() !== "no-op");
}

/** What a change sets to a value that is known, and was another one before. */
function changedArguments({ change }: ResourceChange): string[] {
  const [before, after] = [change.before ?? {}, change.after ?? {}] as Record<string, unknown>[];
  return Object.keys(after ?? {}).filter(
    (key) => JSON.stringify(before?.[key]) !== JSON.stringify(after?.[key]),
  );
}

function described(each: ResourceChange): string {
  const [before, after] = [each.change.before, each.change.after] as Record<string, unknown>[];
  const shown = changedArguments(each).map((key) => {
    const [old, now] = [before?.[key], after?.[key]].map(
      (value) => JSON.stringify(value) ?? "nothing",
    );
    return [key, "from", old, "to", now].join(" ");
  });
  return `${each.change.actions.join()} of ${each.address}: ${shown.join(", ")}`;
}

function notCreated({ resource_changes: changes = [] }: TerraformPlan, wanted: string[]): string[] {
  const created = new Set(
    changes.filter(({ change }) => change.actions.join() === "create").map((each) => each.address),
  );
  return wanted.filter((address) => !created.has(address)).map((each) => `${each} is not created`);
}

function addressesOf({ resource }: Configuration): string[] {
  return Object.entries(resource).flatMap(([type, named]) =>
    Object.keys(named).map((name) => `${type}.${name}`),
  );
}
