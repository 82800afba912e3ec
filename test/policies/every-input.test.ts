import { join } from "node:path";
import { planStack } from "../../plan/host";
import type { StackResource } from "../../plan/stack-resource";
import type { Registration } from "../../policies/model";
import { planWithSsh, planWithVpn } from "../support/access-plan";
import { publicBastion, publicVpn } from "../support/public-access";
import { SingleChangeJudge } from "../support/single-change-judge";
import { notHardening } from "./not-hardening";
import { inputOf, mutantsOfResource } from "./resource-mutants";

/**
 * Weakens the real program by machine: every input of every resource, one at a time. Some rule notices, or the table
 * of what is no hardening says why none has to.
 */

interface Unnoticed {
  type: string;
  name: string;
  path: string;
  how: string;
}

type Config = Record<string, Record<string, unknown>>;

interface Sample {
  base: Registration[];
  changed: Registration;
  /** What the rules are told. */
  config: Config;
  /** The rule that noticed the change, when one did. */
  noticing: string | undefined;
}

/** Every so many mutants one is judged by all rules. */
const oneOf = 400;

const root = join(__dirname, "../..");

function registrationOf(resource: StackResource): Registration {
  const { urn, type, name, inputs, outputs, dependencies, propertyDependencies, options } =
    resource;
  const { protect = false } = options;
  return { urn, type, name, inputs, outputs, protect, dependencies, propertyDependencies };
}

/** Judges each mutant of a stack that has not been judged in another one. */
class Sweep {
  readonly unnoticed: Unnoticed[] = [];
  /** Some mutants with the rule that noticed them, to be judged by all rules. */
  readonly samples: Sample[] = [];
  private readonly judged = new Set<string>();

  add(resources: readonly StackResource[], config: Config): void {
    const base = resources.map(registrationOf);
    const judge = new SingleChangeJudge(base, config);
    const referred = new Set(
      base.flatMap((one) => Object.values(one.propertyDependencies ?? {}).flat()),
    );
    for (const [i, one] of base.entries()) {
      if (resources[i]?.custom !== true) continue;
      // A program that still refers to what is gone does not run.
      if (!referred.has(one.urn) && !one.type.startsWith("pulumi:providers:")) {
        this.note(one, "", "drop resource", () => judge.afterDrop(one));
      }
      for (const { path, how, changed } of mutantsOfResource(one)) {
        this.note(one, path, how, () => {
          const noticing = judge.afterChange(changed, inputOf(path));
          if (judge.failing.length === 0 && this.count % oneOf === 0) {
            this.samples.push({ base, changed, config, noticing });
          }
          return noticing;
        });
      }
    }
  }

  get count(): number {
    return this.judged.size;
  }

  private note(
    { type, name }: Registration,
    path: string,
    how: string,
    noticing: () => string | undefined,
  ): void {
    const mutant = `${type} ${name} ${path} ${how}`;
    if (this.judged.has(mutant)) return;
    this.judged.add(mutant);
    if (noticing() === undefined) this.unnoticed.push({ type, name, path, how });
  }
}

function isOf(
  { types, name: ofName, path, how }: (typeof notHardening)[number],
  mutant: Unnoticed,
): boolean {
  const [, name = ""] = /(\w+)$/.exec(mutant.type) ?? [];
  return (
    (types.length === 0 || types.includes(name)) &&
    (ofName?.test(mutant.name) ?? true) &&
    path.test(mutant.path) &&
    (how?.test(mutant.how) ?? true)
  );
}

describe("every input of the program", () => {
  const sweep = new Sweep();

  beforeAll(async () => {
    for (const stack of ["prod", "dev"]) {
      sweep.add((await planStack({ projectDir: root, stack })).resources, {});
    }
    sweep.add(await planWithSsh(), publicBastion);
    sweep.add(await planWithVpn(), publicVpn);
  }, 900_000);

  it("has thousands of ways to be weakened", () => {
    expect(sweep.count).toBeGreaterThan(3000);
  });

  it("is judged as by all rules", () => {
    expect(sweep.samples.length).toBeGreaterThan(5);
    for (const { base, changed, config, noticing } of sweep.samples) {
      const mutant = base.map((one) => (one.urn === changed.urn ? changed : one));
      const { failing } = new SingleChangeJudge(mutant, config);
      const same = failing.filter((rule) => noticing === undefined || rule === noticing);
      expect(same).toEqual(noticing === undefined ? [] : [noticing]);
    }
  });

  it("is noticed by a rule when it is weakened, or is no hardening", () => {
    const open = sweep.unnoticed.filter((mutant) => !notHardening.some((row) => isOf(row, mutant)));
    const lines = open.map(({ type, name, path, how }) => `${type} ${name}: ${how} ${path}`);
    expect(lines).toEqual([]);
  });

  it.each(notHardening.map((row) => [`${row.types.join(", ")} ${String(row.path)}`, row] as const))(
    "needs the row %s",
    (_title, row) => {
      expect(sweep.unnoticed.some((mutant) => isOf(row, mutant))).toBe(true);
    },
  );
});
