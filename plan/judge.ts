import type { Analyzer, Report } from "./analyzer";
import type { Child } from "./child-process";
import { InputError } from "./input-error";
import { reconcile } from "./pack-config";
import type { PackConfig, RuleConfig } from "./pack-config";
import { packFolder, portOf, startPack } from "./pack-process";
import type { PackFolder, StackInfo } from "./pack-process";
import { isObject, secretsKept } from "./property-values";
import type { PropertyMap } from "./property-values";
import { Redactor } from "./redactor";
import type { Verdict } from "./schema";
import type { StackResource } from "./stack-resource";
import { byCodePoint, stackUrn } from "./urn";
import { brokenRule, verdictsOf } from "./verdicts";
import type { Diagnostic, Judged, Rule } from "./verdicts";

/** A resource that a rule changed before it was judged. */
export interface Remediated {
  rule: string;
  urn: string;
}

/** What a pack says about a stack. */
export interface Judgement {
  /** Name and version of the pack. */
  pack: { name: string; version: string };
  /** The enabled rules, sorted by name. */
  rules: Rule[];
  /** Sorted by rule, urn and message; without any secret. */
  verdicts: Verdict[];
  remediated: Remediated[];
}

/** A user's configuration of a pack, and the file that it was read from. */
export interface GivenConfig {
  rules: ReadonlyMap<string, RuleConfig>;
  file?: string;
}

/** No configuration: every rule as the pack itself sets it. */
export const packDefaults: GivenConfig = { rules: new Map() };

const thrownBy =
  /Error (?:validating|remediating) resource with (?:policy|remediation) '(.*?)' from policy pack '.*?':\n?/s;

function detailsOf(error: unknown): string {
  if (isObject(error) && typeof error["details"] === "string") return error["details"];
  return error instanceof Error ? error.message : String(error);
}

/** The rule that a failed call names, and what it threw, without its stack. */
function thrown(error: unknown): { rule: string; reason: string } | undefined {
  const details = detailsOf(error);
  const match = thrownBy.exec(details);
  if (match === null) return undefined;
  const rest = details.slice(match.index + match[0].length);
  const lines = rest.split("\n").filter((line) => !/^\s+at /.test(line));
  return {
    rule: match[1] ?? "",
    reason: lines
      .join("\n")
      .trim()
      .replace(/^Error: /, ""),
  };
}

/** Runs one policy pack as the engine does and collects its verdicts about a stack. */
export class Judge {
  private readonly child: Child;
  private readonly ready: Promise<Analyzer>;
  private readonly redactor = new Redactor();
  private readonly admitted = new Map<string, StackResource>();
  private readonly analyses: Promise<void>[] = [];
  private readonly interrupted: StackResource[] = [];
  private readonly judged: Judged[] = [];
  private readonly broken: Verdict[] = [];
  private readonly remediated: Remediated[] = [];
  private readonly stackUrn: string;
  private analyzer: Analyzer | undefined;
  private config: PackConfig = new Map();
  private rules: Rule[] = [];
  private rulesAreKnown = false;
  private pack = { name: "", version: "" };

  /** Starts the pack's process at once; everything else waits for it. */
  constructor(
    private readonly folder: PackFolder,
    private readonly stack: StackInfo,
    private readonly given: GivenConfig,
    /** True when the resources exist already: what remediation would change is only reported. */
    private readonly existing = false,
  ) {
    this.stackUrn = stackUrn(stack.stack, stack.project);
    this.child = startPack(folder, stack);
    this.ready = this.configure();
    // Whoever waits for the pack next reports that it failed.
    this.ready.catch(() => undefined);
  }

  /** True once the pack can answer. */
  get started(): boolean {
    return this.rulesAreKnown;
  }

  private async configure(): Promise<Analyzer> {
    const port = portOf(this.child, this.folder);
    // gRPC is loaded while the pack starts.
    const { Analyzer: Client } = require("./analyzer") as typeof import("./analyzer");
    const analyzer = new Client(await port);
    this.analyzer = analyzer;
    const info = await analyzer.info();
    this.pack = { name: info.name, version: info.version };
    await analyzer.configureStack(this.stack);
    const configurable = info.rules.map((entry) => entry.configurable);
    this.config = reconcile(configurable, info.initial, this.given.rules, this.given.file);
    this.rules = info.rules
      .map(({ rule }): Rule => {
        return { ...rule, level: this.config.get(rule.name)?.level ?? rule.level };
      })
      .filter(({ level }) => level !== "disabled")
      .toSorted((a, b) => byCodePoint(a.name, b.name));
    await analyzer.configure(this.config);
    this.rulesAreKnown = true;
    return analyzer;
  }

  /**
   * Takes a resource in. Rules at level `remediate` may change its inputs, which are returned then;
   * its analysis goes on while the caller does.
   */
  async admit(resource: StackResource): Promise<PropertyMap | undefined> {
    const analyzer = await this.ready;
    this.admitted.set(resource.urn, resource);
    this.redactor.learn(resource.inputs);
    const changed = this.rules.some(({ level }) => level === "remediate")
      ? await this.remediate(analyzer, resource)
      : undefined;
    const applied = changed !== undefined && !this.existing;
    const final = applied ? { ...resource, inputs: changed } : resource;
    const analysis = this.analyze(analyzer, final);
    analysis.catch(() => undefined);
    this.analyses.push(analysis);
    return changed;
  }

  private async remediate(
    analyzer: Analyzer,
    resource: StackResource,
  ): Promise<PropertyMap | undefined> {
    let changed: PropertyMap | undefined;
    try {
      for (const { rule, diagnostic, inputs } of await analyzer.remediate(
        resource,
        this.admitted,
      )) {
        if (diagnostic !== "") this.note(resource.urn, rule, diagnostic);
        if (inputs === undefined) continue;
        // Rules see and return secrets as plain values.
        changed = secretsKept(changed ?? resource.inputs, inputs, (text) =>
          this.redactor.knows(text),
        ) as PropertyMap;
        this.remediated.push({ rule, urn: resource.urn });
      }
    } catch (error) {
      this.breakRule(error, resource.urn);
    }
    return changed;
  }

  /** What a remediation could not do is a report, but no judgement of the other rules. */
  private note(urn: string, rule: string, message: string): void {
    const diagnostic: Diagnostic = { rule, urn, message, description: "", level: "advisory" };
    this.judged.push({ urn, scope: "remediation", diagnostics: [diagnostic], notApplicable: [] });
  }

  private async analyze(analyzer: Analyzer, resource: StackResource): Promise<void> {
    try {
      this.add(await analyzer.analyze(resource, this.admitted), resource.urn, "resource");
    } catch (error) {
      this.breakRule(error, resource.urn);
      this.interrupted.push(resource);
    }
  }

  private add(report: Report, urn: string, scope: Rule["scope"]): void {
    this.judged.push({ urn, scope, ...report });
  }

  /** Records a rule that threw; any other failure of a call is a failure of the pack. */
  private breakRule(error: unknown, urn: string): void {
    const cause = thrown(error);
    const rule = this.rules.find(({ name }) => name === cause?.rule);
    const again = this.broken.some((verdict) => verdict.rule === rule?.name && verdict.urn === urn);
    if (cause === undefined || rule === undefined || again) {
      const details = this.redactor.redact(detailsOf(error)).split("\n")[0] ?? "";
      throw new InputError(`policy pack ${this.folder.dir}: ${details}`);
    }
    this.broken.push(brokenRule(rule, urn, cause.reason));
  }

  /** Runs `ask`; a rule that throws ends a call, so the others are asked again without it. */
  private async askWithoutBroken(
    analyzer: Analyzer,
    urn: string,
    ask: () => Promise<void>,
  ): Promise<void> {
    let known: number;
    do {
      known = this.broken.length;
      const silenced: PackConfig = new Map(this.config);
      for (const verdict of this.broken.filter((entry) => entry.urn === urn)) {
        const properties = this.config.get(verdict.rule)?.properties ?? {};
        silenced.set(verdict.rule, { level: "disabled", properties });
      }
      await analyzer.configure(silenced);
      await ask();
    } while (this.broken.length > known);
    await analyzer.configure(this.config);
  }

  private async analyzeInterrupted(analyzer: Analyzer): Promise<void> {
    // One after the other, because a configuration holds for the whole pack.
    for (const resource of this.interrupted.splice(0)) {
      await this.askWithoutBroken(analyzer, resource.urn, () => this.analyze(analyzer, resource));
    }
  }

  private async analyzeStack(
    analyzer: Analyzer,
    resources: readonly StackResource[],
  ): Promise<void> {
    if (!this.rules.some(({ scope }) => scope === "stack")) return;
    const ask = async () => {
      try {
        const report = await analyzer.analyzeStack(resources, this.admitted, this.stackUrn);
        this.add(report, this.stackUrn, "stack");
      } catch (error) {
        this.breakRule(error, this.stackUrn);
      }
    };
    const known = this.broken.length;
    await ask();
    if (this.broken.length > known) await this.askWithoutBroken(analyzer, this.stackUrn, ask);
  }

  /**
   * Judges the stack as a whole; resources that were not admitted before are admitted now. `secrets`
   * knows those that only outputs hold.
   */
  async finish(resources: readonly StackResource[], secrets: Redactor): Promise<Judgement> {
    this.redactor.learnFrom(secrets);
    const analyzer = await this.ready;
    const late = resources.filter(({ urn }) => !this.admitted.has(urn));
    // All are known before the first is judged, because a provider may come after its resources.
    for (const resource of late) this.admitted.set(resource.urn, resource);
    for (const resource of late) await this.admit(resource);
    await Promise.all(this.analyses);
    await this.analyzeInterrupted(analyzer);
    await this.analyzeStack(analyzer, resources);
    const verdicts = verdictsOf(this.rules, this.judged, this.broken, this.stackUrn);
    return {
      pack: this.pack,
      rules: this.rules,
      verdicts: verdicts.map((verdict) => this.withoutSecrets(verdict)),
      remediated: this.remediated
        .map(({ rule, urn }) => ({ rule, urn: this.redactor.urn(urn) }))
        .toSorted((a, b) => byCodePoint(a.rule, b.rule) || byCodePoint(a.urn, b.urn)),
    };
  }

  private withoutSecrets(verdict: Verdict): Verdict {
    const { urn, message } = verdict;
    return {
      ...verdict,
      urn: this.redactor.urn(urn),
      ...(message !== undefined && { message: this.redactor.redact(message) }),
    };
  }

  /** Ends the pack's process. */
  stop(): void {
    this.analyzer?.close();
    this.child.kill("SIGKILL");
  }
}

/** Knows the secrets of resources that are already known. */
export function secretsOf(resources: readonly StackResource[]): Redactor {
  const redactor = new Redactor();
  for (const { inputs, outputs } of resources) {
    redactor.learn(inputs);
    redactor.learn(outputs);
  }
  return redactor;
}

/** Judges resources that are already known, such as those of a state file. */
export async function judgeResources(
  packDir: string,
  given: GivenConfig,
  stack: StackInfo,
  resources: readonly StackResource[],
): Promise<Judgement> {
  const judge = new Judge(packFolder(packDir), stack, given, true);
  try {
    return await judge.finish(resources, secretsOf(resources));
  } finally {
    judge.stop();
  }
}
