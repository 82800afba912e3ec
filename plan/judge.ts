import type { Analyzer, Remediation } from "./analyzer";
import type { Report } from "./analyzer-messages";
import { InputError } from "./input-error";
import { reconcile } from "./pack-config";
import type { PackConfig, RuleConfig } from "./pack-config";
import { PackProcess, packFolder } from "./pack-process";
import type { PackFolder, StackInfo } from "./pack-process";
import { isObject, secretsKept } from "./property-values";
import type { PropertyMap } from "./property-values";
import { Redactor } from "./redactor";
import type { Note, Verdict } from "./schema";
import type { StackResource } from "./stack-resource";
import { byCodePoint, stackUrn } from "./urn";
import { brokenRule, notesOf, verdictsOf } from "./verdicts";
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
  /** Sorted by section, rule, urn and message; without any secret. */
  notes: Note[];
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

/** How long a pack may be silent, in milliseconds. */
interface Silence {
  /** While it starts. */
  start: number;
  /** While it is asked, without an answer to any call. */
  answer: number;
}

/** Many times what any pack and any call takes in a slow CI. */
const packSilence: Silence = { start: 60_000, answer: 60_000 };
/** How long a rule may take to end the pack's process after its answer, in milliseconds, when it is looked for. */
const settling = 300;

/** gRPC's codes for a connection that is gone. */
const lostCodes: readonly unknown[] = [1, 14];

/** True when a call got no answer: the pack's process has ended or hangs. */
function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "NoAnswer" || ("code" in error && lostCodes.includes(error.code));
}

type Ask<Answer> = (analyzer: Analyzer) => Promise<Answer>;

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
  private process: PackProcess;
  private ready: Promise<Analyzer>;
  private readonly redactor = new Redactor();
  private readonly admitted = new Map<string, StackResource>();
  private readonly analyses: Promise<void>[] = [];
  private readonly interrupted: StackResource[] = [];
  private readonly judged: Judged[] = [];
  private readonly broken: Verdict[] = [];
  /** Rules that ended the pack's process or never answered: they are not asked again. */
  private readonly deadly = new Set<string>();
  private readonly remediated: Remediated[] = [];
  private readonly stackUrn: string;
  private readonly calls = new Set<Promise<unknown>>();
  /** What calls wait for: a configuration holds for the whole pack, so nothing else is asked while it is another one. */
  private gate: Promise<unknown> = Promise.resolve();
  private analyzer: Analyzer | undefined;
  private config: PackConfig = new Map();
  private rules: Rule[] = [];
  private rulesAreKnown = false;
  /** Whether any rule is at level `remediate`, and of which types such rules correct resources; all, when undefined. */
  private corrects = false;
  private correctedTypes: ReadonlySet<string> | undefined;
  /** How the pack's process ended before it was started again. */
  private loss: readonly string[] | undefined;
  private pack = { name: "", version: "" };

  /** Starts the pack's process at once; everything else waits for it. */
  constructor(
    private readonly folder: PackFolder,
    private readonly stack: StackInfo,
    private readonly given: GivenConfig,
    /** True when the resources exist already: what remediation would change is only reported. */
    private readonly existing = false,
    private readonly silence = packSilence,
  ) {
    this.stackUrn = stackUrn(stack.stack, stack.project);
    this.process = new PackProcess(folder, stack);
    this.ready = this.configure().catch(async (error: unknown) => {
      throw isLost(error) ? this.fault(await this.fate(error)) : error;
    });
    // Whoever waits for the pack next reports that it failed.
    this.ready.catch(() => undefined);
  }

  /** True once the pack can answer. */
  get started(): boolean {
    return this.rulesAreKnown;
  }

  private async connect(): Promise<Analyzer> {
    const port = this.process.port(this.silence.start);
    // What speaks gRPC is loaded while the pack starts.
    const { Analyzer: Client } = require("./analyzer") as typeof import("./analyzer");
    const analyzer = new Client(await port, this.silence.answer);
    this.analyzer = analyzer;
    return analyzer;
  }

  private async configure(): Promise<Analyzer> {
    const analyzer = await this.connect();
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
    this.corrects = this.rules.some(({ level }) => level === "remediate");
    this.correctedTypes = info.correctedTypes && new Set(info.correctedTypes);
    await analyzer.configure(this.config);
    this.rulesAreKnown = true;
    return analyzer;
  }

  /** A pack that can be asked: a new process when the last one has ended or hangs. */
  private async living(): Promise<Analyzer> {
    if (!this.process.hasEnded) return this.ready;
    this.loss ??= await this.process.lastWords();
    this.analyzer?.close();
    this.process = new PackProcess(this.folder, this.stack);
    this.ready = this.connect().then(async (analyzer) => {
      await analyzer.configureStack(this.stack);
      await analyzer.configure(this.config);
      return analyzer;
    });
    return this.ready;
  }

  /** Asks beside other calls. */
  private async shared<Answer>(ask: Ask<Answer>): Promise<Answer> {
    for (let gate: unknown; gate !== this.gate;) {
      gate = this.gate;
      await gate;
    }
    const call = this.ready.then(ask);
    this.calls.add(call);
    const done = () => this.calls.delete(call);
    call.then(done, done);
    return call;
  }

  /** Does `work` when all calls have ended and before any other begins. */
  private alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.gate;
    const result = (async () => {
      await before;
      await Promise.allSettled(this.calls);
      return work();
    })();
    this.gate = result.catch(() => undefined);
    return result;
  }

  /**
   * Takes a resource in. Rules at level `remediate` may change its inputs, which are returned then;
   * its analysis goes on while the caller does.
   */
  async admit(resource: StackResource): Promise<PropertyMap | undefined> {
    await this.ready;
    this.admitted.set(resource.urn, resource);
    this.redactor.learn(resource.inputs);
    const changed = this.mayCorrect(resource) ? await this.remediate(resource) : undefined;
    const applied = changed !== undefined && !this.existing;
    const final = applied ? { ...resource, inputs: changed } : resource;
    const analysis = this.analyze(final);
    analysis.catch(() => undefined);
    this.analyses.push(analysis);
    return changed;
  }

  private mayCorrect({ type }: StackResource): boolean {
    const types = this.correctedTypes;
    return this.corrects && (types === undefined || types.has(type));
  }

  private async remediate(resource: StackResource): Promise<PropertyMap | undefined> {
    let changed: PropertyMap | undefined;
    for (const { rule, diagnostic, inputs } of await this.remediations(resource)) {
      if (diagnostic !== "") this.note(resource.urn, rule, diagnostic);
      if (inputs === undefined) continue;
      // Rules see and return secrets as plain values.
      changed = secretsKept(changed ?? resource.inputs, inputs, (text) =>
        this.redactor.knows(text),
      ) as PropertyMap;
      this.remediated.push({ rule, urn: resource.urn });
    }
    return changed;
  }

  private async remediations(resource: StackResource): Promise<Remediation[]> {
    const ask: Ask<Remediation[]> = (analyzer) => analyzer.remediate(resource, this.admitted);
    try {
      return await this.shared(ask);
    } catch (error) {
      await this.interruptedBy(error, resource.urn);
      const { answer } = await this.alone(() => this.askCarefully(resource.urn, "resource", ask));
      return answer;
    }
  }

  /** What a remediation could not do is a report, but no judgement of the other rules. */
  private note(urn: string, rule: string, message: string): void {
    const diagnostic: Diagnostic = { rule, urn, message, description: "", level: "advisory" };
    this.judged.push({ urn, scope: "remediation", diagnostics: [diagnostic], notApplicable: [] });
  }

  private async analyze(resource: StackResource): Promise<void> {
    try {
      const report = await this.shared((analyzer) => analyzer.analyze(resource, this.admitted));
      this.judged.push({ urn: resource.urn, scope: "resource", ...report });
    } catch (error) {
      await this.interruptedBy(error, resource.urn);
      this.interrupted.push(resource);
    }
  }

  private fault(lines: readonly string[]): InputError {
    return new InputError(
      lines.map((line) => this.redactor.redact(`policy pack ${this.folder.dir}: ${line}`)),
    );
  }

  private record(rule: Rule, urn: string, reason: string): void {
    const known = this.broken.some((verdict) => verdict.rule === rule.name && verdict.urn === urn);
    if (!known) this.broken.push(brokenRule(rule, urn, reason));
  }

  /** Records a rule that threw; any other failure of a call is a failure of the pack. */
  private breakRule(error: unknown, urn: string, unasked?: ReadonlySet<string>): void {
    if (error instanceof InputError) throw error;
    const cause = thrown(error);
    const rule = this.rules.find(({ name }) => name === cause?.rule);
    if (cause === undefined || rule === undefined || unasked?.has(rule.name)) {
      throw this.fault([detailsOf(error).split("\n")[0] ?? ""]);
    }
    this.record(rule, urn, cause.reason);
  }

  /** Takes note of why a call has to be made again. */
  private async interruptedBy(error: unknown, urn: string): Promise<void> {
    if (isLost(error)) this.loss ??= await this.fate(error);
    else this.breakRule(error, urn);
  }

  private configWithout(isOff: (rule: string) => boolean): PackConfig {
    return new Map(
      [...this.config].map(([rule, { level, properties }]) => [
        rule,
        { level: isOff(rule) ? "disabled" : level, properties },
      ]),
    );
  }

  /**
   * Asks until there is an answer. A rule that throws ends a call, and one that ends the process or
   * never answers ends all, so the others are asked again without it.
   */
  private async askCarefully<Answer>(
    urn: string,
    scope: Rule["scope"],
    ask: Ask<Answer>,
  ): Promise<{ answer: Answer; unasked: ReadonlySet<string> }> {
    for (;;) {
      const here = this.broken.filter((verdict) => verdict.urn === urn).map(({ rule }) => rule);
      const unasked = new Set([...this.deadly, ...here]);
      try {
        const analyzer = await this.living();
        await analyzer.configure(this.configWithout((rule) => unasked.has(rule)));
        const answer = await ask(analyzer);
        await analyzer.configure(this.config);
        return { answer, unasked };
      } catch (error) {
        if (isLost(error)) await this.findDeadly(error, urn, scope, unasked, ask);
        else this.breakRule(error, urn, unasked);
      }
    }
  }

  /** How the pack was lost; a process that hangs is ended. */
  private async fate(error: unknown): Promise<string[]> {
    // The connection may be gone before the process is.
    if (await this.process.endsWithin(1000)) return this.process.lastWords();
    this.process.stop();
    await this.process.endsWithin(1000);
    const silent = `it did not answer within ${this.silence.answer / 1000} s`;
    return error instanceof Error && error.name === "NoAnswer"
      ? [silent]
      : [detailsOf(error).split("\n")[0] ?? ""];
  }

  /** Asks rule by rule for the one that ends the pack's process, or that never answers. */
  private async findDeadly<Answer>(
    error: unknown,
    urn: string,
    scope: Rule["scope"],
    unasked: ReadonlySet<string>,
    ask: Ask<Answer>,
  ): Promise<void> {
    const loss = await this.fate(error);
    this.loss ??= loss;
    for (const rule of this.rules) {
      if (rule.scope !== scope || unasked.has(rule.name)) continue;
      const lost = await this.lossBy(rule, ask);
      if (lost === undefined) continue;
      this.deadly.add(rule.name);
      this.record(rule, urn, lost.join("\n"));
      return;
    }
    throw this.fault(loss.map((line) => `${line} (while it judged ${urn})`));
  }

  private async lossBy<Answer>(rule: Rule, ask: Ask<Answer>): Promise<string[] | undefined> {
    const analyzer = await this.living();
    let reason: unknown;
    try {
      await analyzer.configure(this.configWithout((name) => name !== rule.name));
      await ask(analyzer);
    } catch (error) {
      reason = error;
    }
    if (isLost(reason)) return this.fate(reason);
    return (await this.process.endsWithin(settling)) ? this.process.lastWords() : undefined;
  }

  private async analyzeInterrupted(): Promise<void> {
    for (const resource of this.interrupted.splice(0)) {
      const { urn } = resource;
      const { answer, unasked } = await this.askCarefully(urn, "resource", (analyzer) =>
        analyzer.analyze(resource, this.admitted),
      );
      this.judged.push({ urn, scope: "resource", ...answer, unasked });
    }
  }

  /** What the rules about the stack are asked; undefined when there are none. */
  private async stackRequest(resources: readonly StackResource[]): Promise<Uint8Array | undefined> {
    if (!this.rules.some(({ scope }) => scope === "stack")) return undefined;
    return (await this.ready).stackRequest(resources, this.admitted);
  }

  private async analyzeStack(request: Uint8Array): Promise<void> {
    const ask: Ask<Report> = (analyzer) => analyzer.analyzeStack(request, this.stackUrn);
    const about = { urn: this.stackUrn, scope: "stack" as const };
    try {
      this.judged.push({ ...about, ...(await this.shared(ask)) });
    } catch (error) {
      await this.interruptedBy(error, this.stackUrn);
      const { answer, unasked } = await this.alone(() =>
        this.askCarefully(this.stackUrn, "stack", ask),
      );
      this.judged.push({ ...about, ...answer, unasked });
    }
  }

  /**
   * Judges the stack as a whole; resources that were not admitted before are admitted now. `secrets`
   * knows those that only outputs hold.
   */
  async finish(resources: readonly StackResource[], secrets: Redactor): Promise<Judgement> {
    this.redactor.learnFrom(secrets);
    await this.ready;
    const late = resources.filter(({ urn }) => !this.admitted.has(urn));
    // All are known before the first is judged, because a provider may come after its resources.
    for (const resource of late) this.admitted.set(resource.urn, resource);
    for (const resource of late) await this.admit(resource);
    // The pack has resources to judge yet, so this takes no time.
    const request = await this.stackRequest(resources);
    await Promise.all(this.analyses);
    await this.alone(() => this.analyzeInterrupted());
    if (request !== undefined) await this.analyzeStack(request);
    if (this.process.hasEnded) this.loss ??= await this.process.lastWords();
    // It ended, but not again: what it said before it did is no judgement.
    if (this.loss !== undefined && this.deadly.size === 0) throw this.fault(this.loss);
    const verdicts = verdictsOf(this.rules, this.judged, this.broken, this.stackUrn);
    return {
      pack: this.pack,
      rules: this.rules,
      verdicts: verdicts.map((verdict) => this.withoutSecrets(verdict)),
      notes: notesOf(this.judged).map((note) => {
        const { urn, message } = note;
        return { ...note, urn: this.redactor.urn(urn), message: this.redactor.redact(message) };
      }),
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
    this.process.stop();
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
  silence = packSilence,
): Promise<Judgement> {
  const judge = new Judge(packFolder(packDir), stack, given, true, silence);
  try {
    return await judge.finish(resources, secretsOf(resources));
  } finally {
    judge.stop();
  }
}
