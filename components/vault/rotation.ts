import type { AuthoritiesTable, AuthorityData, ControlPlane } from "./authorities";
import { leafDays } from "./issuance";

/**
 * What a rotation goes through, in this order. `stage` makes the next authority, which issues nothing to anybody yet;
 * from `trust` on whoever relies on the authority trusts both; with `promote` the next one issues, and the one before it
 * issues nothing any more; with `distrust` that one is gone.
 */
export const phases = ["stage", "trust", "promote", "distrust"] as const;
type Phase = (typeof phases)[number];

/** A phase that an authority has entered. */
export interface Step {
  phase: Phase;
  /** The day, UTC, such as 2026-11-01. */
  on: string;
}

/** A phase as it is written, such as `stage 2026-11-01`; undefined when it is not one. */
export function stepOf(text: string): Step | undefined {
  const [name, on = "", ...rest] = text.split(" ");
  const phase = phases.find((known) => known === name);
  const day = Date.parse(`${on}T00:00:00Z`);
  const isDay = !Number.isNaN(day) && new Date(day).toISOString().startsWith(`${on}T`);
  return phase !== undefined && isDay && rest.length === 0 ? { phase, on } : undefined;
}

function written({ phase, on }: Step): string {
  return `${phase} ${on}`;
}

/** What authorities went through, by their names, the oldest first. An authority takes those below it along. */
export type Rotations = Readonly<Record<string, readonly Step[]>>;

/** One of the keys, each with a certificate of its own, that an authority has in the course of time. */
export interface Generation {
  /** From 1. */
  number: number;
  /** `next` issues to nobody yet, `former` does not any more. */
  part: "current" | "next" | "former";
  /** Whether relying parties trust it. */
  trusted: boolean;
  /** Generation of the authority above that signs it. @default - it signs itself */
  signedBy?: number;
}

/** The phases of an authority, with those in which the one above takes it along. */
export function stepsOf({ name, parent }: AuthorityData, rotations: Rotations): Step[] {
  const above = parent === undefined ? [] : own(parent, rotations);
  return [...above, ...own(name, rotations)].toSorted((a, b) => compare(a.on, b.on));
}

/** The generations that are there, the current one first. */
export function generationsOf(authority: AuthorityData, rotations: Rotations): Generation[] {
  const steps = stepsOf(authority, rotations);
  const phase = phaseOf(steps);
  const number = Math.floor(steps.length / phases.length) + 1;
  const signed = (one: Omit<Generation, "signedBy">): Generation => ({
    ...one,
    ...signatureOf(authority, steps, one.number, rotations),
  });
  if (phase === undefined) return [signed({ number, part: "current", trusted: true })];
  if (phase === "promote") {
    return [
      signed({ number: number + 1, part: "current", trusted: true }),
      signed({ number, part: "former", trusted: true }),
    ];
  }
  return [
    signed({ number, part: "current", trusted: true }),
    signed({ number: number + 1, part: "next", trusted: phase === "trust" }),
  ];
}

/** The phase of the rotation that is under way. */
export function phaseOf(steps: readonly Step[]): Phase | undefined {
  const phase = steps.at(-1)?.phase;
  return phase === "distrust" ? undefined : phase;
}

/** A key is signed on the day on which it is made, by the newest one above. */
function signatureOf(
  { parent }: AuthorityData,
  steps: readonly Step[],
  number: number,
  rotations: Rotations,
): Pick<Generation, "signedBy"> {
  if (parent === undefined) return {};
  const made = stagesOf(steps)[number - 2];
  const stagesAbove = stagesOf(own(parent, rotations));
  return { signedBy: 1 + stagesAbove.filter(({ on }) => made && on <= made.on).length };
}

function stagesOf(steps: readonly Step[]): Step[] {
  return steps.filter(({ phase }) => phase === "stage");
}

function own(name: string, rotations: Rotations): readonly Step[] {
  return Object.hasOwn(rotations, name) ? (rotations[name] ?? []) : [];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Something that is wrong with rotations, at a path within them. */
export interface RotationFault {
  path: string;
  rule: string;
  value: unknown;
}

/** What is wrong with rotations as a table's authorities can go through them. */
export function rotationFaults(table: AuthoritiesTable, rotations: Rotations): RotationFault[] {
  const faults = Object.entries(rotations).flatMap(([name, steps]) => {
    const authority = table.authorities.find((one) => one.name === name);
    if (authority === undefined) {
      const names = table.authorities.map((one) => one.name).join(", ");
      return [{ path: name, rule: `must be an authority, one of ${names}`, value: name }];
    }
    // What follows from a fault is not worth a line of its own.
    return steps.flatMap((_step, i) => stepFaults(table, authority, steps, i)).slice(0, 1);
  });
  if (faults.length > 0) return faults;
  return table.authorities.flatMap((authority) => [
    ...placeFaults(table, authority, rotations),
    ...endFaults(table, authority, rotations),
  ]);
}

function stepFaults(
  table: AuthoritiesTable,
  authority: AuthorityData,
  steps: readonly Step[],
  index: number,
): RotationFault[] {
  const step = steps[index];
  const wanted = phases[index % phases.length];
  if (step === undefined || wanted === undefined) return [];
  const path = `${authority.name}[${index}]`;
  if (step.phase !== wanted) {
    const rule = `must be of the phase ${wanted}: a rotation goes through ${phases.join(", ")} and skips none`;
    return [{ path, rule, value: written(step) }];
  }
  const before = steps[index - 1];
  if (before === undefined) return [];
  const [days, why] = waitFor(table, authority, wanted);
  const earliest = dayAfter(before.on, days);
  if (step.on >= earliest) return [];
  return [{ path, rule: `must be of ${earliest} or later, ${why}`, value: written(step) }];
}

/** Days that a phase must come after the one before it, and why. */
function waitFor(
  table: AuthoritiesTable,
  authority: AuthorityData,
  phase: Phase,
): [days: number, why: string] {
  const days = longestLeaf(table, authority);
  if (phase === "promote") {
    return [days, `when whoever renews within ${days} d has taken the new authority with it`];
  }
  if (phase === "distrust") {
    // What was asked for in the last minute of a day ends in that of another.
    return [days + 1, `when the last certificate of the old authority, of ${days} d, has ended`];
  }
  return [0, "when the phase before it was entered"];
}

/** The longest life, in days, of what an authority and those below it issue. */
function longestLeaf({ authorities }: AuthoritiesTable, { name }: AuthorityData): number {
  const tree = authorities.filter((one) => one.name === name || one.parent === name);
  return Math.max(1, ...tree.flatMap(({ roles }) => roles.map(leafDays)));
}

/** An authority must be followed by the next one while what it issues still ends before it does. */
function endFaults(
  table: AuthoritiesTable,
  authority: AuthorityData,
  rotations: Rotations,
): RotationFault[] {
  const steps = stepsOf(authority, rotations);
  const stages = stagesOf(steps);
  const promotions = steps.filter(({ phase }) => phase === "promote");
  // Nobody but Vault knows when the first one was made.
  return promotions.slice(1).flatMap((promotion, i) => {
    const made = stages[i]?.on ?? "";
    const last = dayAfter(made, authority.days - longestLeaf(table, authority));
    if (promotion.on <= last) return [];
    const rule = `must be of ${last} or earlier, while the ${authority.name} of ${made} outlives what it issues`;
    return [{ path: pathOf(promotion, rotations), rule, value: written(promotion) }];
  });
}

function pathOf(step: Step, rotations: Rotations): string {
  const [name = "", steps = []] =
    Object.entries(rotations).find(([, all]) => all.includes(step)) ?? [];
  return `${name}[${steps.indexOf(step)}]`;
}

/** An authority below another one may be rotated by itself while the one above is not, and within its life. */
function placeFaults(
  { authorities }: AuthoritiesTable,
  { name, parent, days }: AuthorityData,
  rotations: Rotations,
): RotationFault[] {
  const above = authorities.find((one) => one.name === parent);
  if (above === undefined) return [];
  const theirs = spansOf(own(above.name, rotations));
  return spansOf(own(name, rotations)).flatMap(({ index, from, to }): RotationFault[] => {
    const fault = { path: `${name}[${index}]`, value: `stage ${from}` };
    if (theirs.some((span) => span.from <= to && from <= span.to)) {
      const rule = `must be of a time at which ${above.name} is not being rotated, which takes ${name} along`;
      return [{ ...fault, rule }];
    }
    const made = theirs.filter((span) => span.to < from).at(-1);
    const last = made && dayAfter(made.from, above.days - days);
    if (last === undefined || from <= last) return [];
    const rule = `must be of ${last} or earlier: later an authority of ${days} d outlives the one above, of ${made?.from ?? ""}; rotate ${above.name}`;
    return [{ ...fault, rule }];
  });
}

/** First and last day of each rotation; one that is under way has no last day yet. */
function spansOf(steps: readonly Step[]): { index: number; from: string; to: string }[] {
  return steps.flatMap(({ phase, on }, index) =>
    phase === "stage" ? [{ index, from: on, to: steps[index + 3]?.on ?? "9999-12-31" }] : [],
  );
}

function dayAfter(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** The description of an authority's mount, from which the next `up` knows the phases that it went through. */
export function describe(name: string, steps: readonly Step[]): string {
  const walked = steps.map(written).join(", ");
  return `Certificate authority ${name}${walked === "" ? "" : `: ${walked}`}`;
}

/** The phases that a description tells; undefined when it is not one. */
function described(text: unknown): Step[] | undefined {
  const found = /^Certificate authority [a-z0-9-]+(?:: (.+))?$/.exec(String(text));
  if (!found) return undefined;
  const steps = (found[1]?.split(", ") ?? []).map(stepOf);
  return steps.every((step) => step !== undefined) ? steps : undefined;
}

/** Why an authority that is made now cannot have gone through phases; undefined when it has gone through none. */
export function refusalOfNew(name: string, steps: readonly Step[]): string | undefined {
  if (steps.length === 0) return undefined;
  return `${name}: rotations must be left out for an authority that is not there yet, got ${steps.map(written).join(", ")}`;
}

/**
 * Why what a phase does cannot be done on a day; undefined when it can, and when the last phase is another one. The mount
 * tells a phase as soon as it is entered: where the `up` then fails and is repeated later, the next phase would come too
 * early by that.
 */
export function refusalOfLate(
  name: string,
  phase: Phase,
  steps: readonly Step[],
  today: string,
): string | undefined {
  const last = steps.at(-1);
  if (last?.phase !== phase || last.on === today) return undefined;
  return `${name}: ${written(last)} was entered and not done: it must be of the day of the up that does it, ${today} in UTC`;
}

/**
 * Why an authority cannot go from the phases that the description of its mount tells to others on a day; undefined when it
 * can: one phase further, entered on that day; one back, where nothing is lost by it; or no phase further, when the last
 * one is entered later than was meant.
 */
export function refusal(
  name: string,
  before: unknown,
  steps: readonly Step[],
  today: string,
): string | undefined {
  const walked = described(before);
  if (walked === undefined) {
    return `${name}: the description of pki/${name} in Vault must tell the phases that it went through, such as "${describe(name, steps)}", got "${String(before)}"; put it right with vault secrets tune -description, then pulumi refresh`;
  }
  const changed = steps.findIndex((step, i) => !isSame(step, walked[i]));
  const kept = changed === -1 ? steps.length : changed;
  const [entered, ...more] = steps.slice(kept);
  const [left, ...others] = walked.slice(kept);
  const last = walked.at(-1);
  const at = `${name} is ${last === undefined ? "not being rotated" : `at ${written(last)}`}`;
  if (entered === undefined && left === undefined) return undefined;
  if (entered === undefined && others.length === 0) {
    // A key that was trusted may have issued; one that is gone does not come back.
    return left?.phase === "stage" || left?.phase === "promote"
      ? undefined
      : `${at}: only stage and promote can be taken back`;
  }
  const enters = left === undefined || left.phase === entered?.phase;
  if (!enters || more.length > 0 || others.length > 0) {
    return `${at}: an up enters one phase, the next, and leaves those before as they are, got ${steps.map(written).join(", ") || "none"}`;
  }
  return entered === undefined || entered.on === today
    ? undefined
    : `${at}: ${written(entered)} must be of the day of the up that enters it, ${today} in UTC`;
}

function isSame(one: Step, other: Step | undefined): boolean {
  return one.phase === other?.phase && one.on === other.on;
}

/** What is to do in the phase of an authority, for who runs the platform; undefined for one that never was rotated. */
export function advice(
  table: AuthoritiesTable,
  authority: AuthorityData,
  rotations: Rotations,
  controlPlane: ControlPlane,
): string | undefined {
  const steps = stepsOf(authority, rotations);
  const last = steps.at(-1);
  const leader = table.authorities.find((one) => own(one.name, rotations).some((s) => s === last));
  if (last === undefined || leader === undefined) return undefined;
  const parties = authority.reliedOnBy.filter((one) => one.controlPlanes.includes(controlPlane));
  if (parties.length === 0 && leader !== authority) return undefined;
  const who = parties.map(({ name, takesBy, how }) => `\n  ${name}: ${takesBy}, ${how}`).join("");
  const nobody = "nobody has to do anything";
  const tasks: Partial<Record<Phase, string>> = {
    trust: `whoever relies on it has to take the certificates of both:${who}`,
    promote: `renewals bring certificates of the new authority. With distrust whoever relies on it has to drop the old one:${who}`,
    distrust: `whoever relies on it has to drop the certificate of the old one:${who}`,
  };
  const task = who === "" ? nobody : (tasks[last.phase] ?? nobody);
  const told = `Authority ${authority.name} is at ${written(last)}: ${task}`;
  const next = phases[phases.indexOf(last.phase) + 1];
  if (next === undefined) return told;
  const day = dayAfter(last.on, waitFor(table, leader, next)[0]);
  return `${told}\nNext: ${next}, on ${day} or later`;
}
