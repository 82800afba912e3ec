import type { Registration, Resource } from "../../policies/model";
import { Stack } from "../../policies/model";
import type { Rule } from "../../policies/rule";
import { configured } from "../../policies/rule";
import { rules } from "../../policies/rules";

type Config = Record<string, Record<string, unknown>>;

/** Inputs by which resources refer to each other: a change of one may change what any rule sees. */
const identities = new Set(["arn", "name", "bucket", "keyId", "dnsName", "publicIp"]);

/** What a rule of stacks looked at. */
interface Reading {
  types: Set<string>;
  /** `<urn> <input>`; `<urn> *` when it looked at all of them. */
  inputs: Set<string>;
}

/** A stack that notes which types and inputs a rule looks at. */
class WatchedStack extends Stack {
  readonly reading: Reading = { types: new Set(), inputs: new Set() };

  constructor(registrations: readonly Registration[]) {
    let watching = false;
    const inputs = new Set<string>();
    super(
      registrations.map((one) => {
        const watched = (values: Record<string, unknown>) =>
          new Proxy(values, {
            get(target, key: string) {
              if (watching) inputs.add(`${one.urn} ${key}`);
              return target[key];
            },
            getOwnPropertyDescriptor(target, key) {
              if (watching) inputs.add(`${one.urn} ${String(key)}`);
              return Reflect.getOwnPropertyDescriptor(target, key);
            },
            ownKeys(target) {
              if (watching) inputs.add(`${one.urn} *`);
              return Reflect.ownKeys(target);
            },
          });
        return { ...one, inputs: watched(one.inputs), outputs: watched(one.outputs ?? {}) };
      }),
    );
    this.reading.inputs = inputs;
    for (const one of this.resources) {
      const { urn, protect } = one;
      Object.defineProperty(one, "protect", {
        get: () => {
          inputs.add(`${urn} protect`);
          return protect;
        },
      });
    }
    watching = true;
  }

  override all(...types: readonly string[]): Resource[] {
    for (const type of types) this.reading.types.add(type);
    return super.all(...types);
  }

  override refs(...[field, types]: Parameters<Stack["refs"]>): ReturnType<Stack["refs"]> {
    for (const type of types) this.reading.types.add(type);
    return super.refs(field, types);
  }

  override users(...args: Parameters<Stack["users"]>): Resource[] {
    const [target, types, path] = args;
    for (const type of types) this.reading.types.add(type);
    return super.users(target, types, path);
  }
}

/**
 * Judges a stack after one change to it, by the rules that the change can touch: those of the resource's type, and
 * those of stacks that looked at the input when they judged the stack without the change. A rule that did not is a
 * function of what has not changed, so leaving it out changes no verdict.
 */
export class SingleChangeJudge {
  private readonly readings = new Map<Rule, Reading>();
  private readonly configs = new Map<Rule, object>();
  private readonly failsAlready: ReadonlySet<Rule>;

  constructor(
    private readonly base: readonly Registration[],
    config: Config = {},
  ) {
    for (const rule of rules) this.configs.set(rule, configured(rule, config[rule.id] ?? {}));
    this.failsAlready = new Set(rules.filter((rule) => this.failsAtFirst(rule)));
  }

  /** The ids of the rules that fail before any change. */
  get failing(): string[] {
    return [...this.failsAlready].map(({ id }) => id);
  }

  /** The first rule that fails after the input of the resource has changed, and did not before. */
  afterChange(changed: Registration, input: string): string | undefined {
    const alone = new Stack([changed]);
    const ofResource = this.fresh(
      (rule) => "check" in rule && rule.types.includes(changed.type),
    ).find((rule) => this.failsOn(rule, alone));
    if (ofResource) return ofResource.id;
    const touched = (rule: Rule) => this.looksAt(rule, changed, input);
    return this.firstOfStack(
      () => this.base.map((one) => (one.urn === changed.urn ? changed : one)),
      touched,
    );
  }

  /** The first rule that fails once the resource is gone. */
  afterDrop(gone: Registration): string | undefined {
    return this.firstOfStack(
      () => this.base.filter(({ urn }) => urn !== gone.urn),
      (rule) => this.readings.get(rule)?.types.has(gone.type) ?? false,
    );
  }

  private looksAt(rule: Rule, { urn, type }: Registration, input: string): boolean {
    const { types, inputs } = this.readings.get(rule) ?? { types: new Set(), inputs: new Set() };
    if (identities.has(input)) return types.has(type);
    return inputs.has(`${urn} ${input}`) || inputs.has(`${urn} *`);
  }

  private firstOfStack(
    resources: () => Registration[],
    touched: (rule: Rule) => boolean,
  ): string | undefined {
    const candidates = this.fresh((rule) => "checkStack" in rule && touched(rule));
    if (candidates.length === 0) return undefined;
    const stack = new Stack(resources());
    return candidates.find((rule) => this.failsOn(rule, stack))?.id;
  }

  private fresh(wanted: (rule: Rule) => boolean): Rule[] {
    return rules.filter((rule) => wanted(rule) && !this.failsAlready.has(rule));
  }

  private failsAtFirst(rule: Rule): boolean {
    const stack = new WatchedStack(this.base);
    const fails = this.failsOn(rule, stack);
    this.readings.set(rule, stack.reading);
    return fails;
  }

  /** A rule that throws is reported as a failure of that rule. */
  private failsOn(rule: Rule, stack: Stack): boolean {
    const config = this.configs.get(rule) ?? {};
    try {
      const findings =
        "check" in rule
          ? stack.all(...rule.types).flatMap((one) => [...rule.check(one, config)])
          : rule.checkStack(stack, config);
      for (const { verdict } of findings) if (verdict === "fail") return true;
      return false;
    } catch {
      return true;
    }
  }
}
