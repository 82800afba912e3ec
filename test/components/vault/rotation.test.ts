import * as fc from "fast-check";
import { authoritiesTable, type AuthorityData } from "../../../components/vault/authorities";
import {
  advice,
  describe as describeSteps,
  generationsOf,
  phases,
  refusal,
  refusalOfLate,
  refusalOfNew,
  rotationFaults,
  stepOf,
  stepsOf,
  type Rotations,
  type Step,
} from "../../../components/vault/rotation";

const named = (name: string): AuthorityData => {
  const found = authoritiesTable.authorities.find((one) => one.name === name);
  if (!found) throw new Error(`${name} must be in the table`);
  return found;
};
const walk = (...texts: string[]): Step[] =>
  texts.map((text) => {
    const step = stepOf(text);
    if (!step) throw new Error(`${text} must be a step`);
    return step;
  });
const whole = walk(
  "stage 2027-01-01",
  "trust 2027-01-02",
  "promote 2027-01-09",
  "distrust 2027-01-17",
);
const faultsOf = (rotations: Rotations) =>
  rotationFaults(authoritiesTable, rotations).map(
    ({ path, rule, value }) => `${path} ${rule}, got ${String(value)}`,
  );
const partsOf = (name: string, rotations: Rotations) =>
  generationsOf(named(name), rotations).map(
    ({ number, part, trusted, signedBy }) =>
      `${number} ${part}${trusted ? " trusted" : ""}${signedBy === undefined ? "" : ` by ${signedBy}`}`,
  );

describe("stepOf", () => {
  it.each([
    ["a phase and a day", "trust 2028-02-29", { phase: "trust", on: "2028-02-29" }],
    ["no such phase", "revoke 2027-01-01", undefined],
    ["no such day", "trust 2027-02-29", undefined],
    ["a time", "trust 2027-02-28T00:00:00Z", undefined],
    ["no day", "trust", undefined],
    ["more", "trust 2027-01-01 later", undefined],
  ])("reads %s", (_what, text, step) => {
    expect(stepOf(text)).toEqual(step);
  });
});

describe("generationsOf", () => {
  it("walks an authority from one key to the next", () => {
    expect(
      [0, 1, 2, 3, 4].map((n) => partsOf("etcd-k8s", { "etcd-k8s": whole.slice(0, n) })),
    ).toEqual([
      ["1 current trusted"],
      ["1 current trusted", "2 next"],
      ["1 current trusted", "2 next trusted"],
      ["2 current trusted", "1 former trusted"],
      ["2 current trusted"],
    ]);
  });

  it("takes those below an authority along, each signed by the key of its time", () => {
    const mesh = (n: number) => partsOf("mesh", { kubernetes: whole.slice(0, n) });
    expect([0, 1, 3, 4].map(mesh)).toEqual([
      ["1 current trusted by 1"],
      ["1 current trusted by 1", "2 next by 2"],
      ["2 current trusted by 2", "1 former trusted by 1"],
      ["2 current trusted by 2"],
    ]);
  });

  it("lets one below another go alone, before and after both went together", () => {
    const early = walk(
      "stage 2026-11-01",
      "trust 2026-11-02",
      "promote 2026-11-03",
      "distrust 2026-11-05",
    );
    const late = walk("stage 2027-02-01", "trust 2027-02-02", "promote 2027-02-03");
    expect(partsOf("mesh", { mesh: early })).toEqual(["2 current trusted by 1"]);
    expect(partsOf("mesh", { kubernetes: whole, mesh: early })).toEqual(["3 current trusted by 2"]);
    const all = { kubernetes: whole, mesh: [...early, ...late] };
    expect(faultsOf(all)).toEqual([]);
    expect(partsOf("mesh", all)).toEqual(["4 current trusted by 2", "3 former trusted by 2"]);
    expect(partsOf("kubernetes", all)).toEqual(["2 current trusted"]);
    expect(partsOf("front-proxy", all)).toEqual(["2 current trusted by 2"]);
  });
});

const legs = fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 12 });
const minimum = [0, 0, 7, 8];

/** Phases in their order, with so many days more between them than they must have. */
const walkOf = (extra: readonly number[]): Step[] => {
  let day = Date.UTC(2026, 0, 1);
  return extra.map((days, i) => {
    day += ((i === 0 ? 0 : (minimum[i % 4] ?? 0)) + days) * 86_400_000;
    return { phase: phases[i % 4] ?? "stage", on: new Date(day).toISOString().slice(0, 10) };
  });
};

describe("rotationFaults", () => {
  it("lets every walk pass that skips nothing and waits long enough", () => {
    fc.assert(
      fc.property(legs, (extra) => {
        expect(faultsOf({ "etcd-k8s": walkOf(extra) })).toEqual([]);
      }),
    );
  });

  it("refuses every walk in which a phase is missing, stands twice or comes too early", () => {
    fc.assert(
      fc.property(
        legs,
        fc.nat(),
        fc.constantFrom("left out", "twice", "early"),
        (extra, at, how) => {
          const steps = walkOf(extra);
          const index = at % steps.length;
          const [step] = steps.slice(index);
          fc.pre(step !== undefined);
          if (how === "left out") {
            fc.pre(index < steps.length - 1);
            steps.splice(index, 1);
          } else if (how === "twice") steps.splice(index, 0, step);
          else {
            fc.pre(index > 0);
            const [before] = steps.slice(index - 1);
            const day = Date.parse(before?.on ?? "") + ((minimum[index % 4] ?? 0) - 1) * 86_400_000;
            steps[index] = { ...step, on: new Date(day).toISOString().slice(0, 10) };
          }
          const [fault, ...more] = faultsOf({ "etcd-k8s": steps });
          const place = how === "twice" ? index + 1 : index;
          expect(more).toEqual([]);
          expect(fault).toMatch(new RegExp(`^etcd-k8s\\[${place}\\] must be of `));
        },
      ),
    );
  });

  it("keeps at each moment one key that issues, and never one that issues and is not trusted", () => {
    fc.assert(
      fc.property(legs, (extra) => {
        const steps = walkOf(extra);
        steps.forEach((_step, i) => {
          const [before, now] = [steps.slice(0, i), steps.slice(0, i + 1)].map((kubernetes) =>
            generationsOf(named("front-proxy"), { kubernetes }),
          );
          const current = now?.filter(({ part }) => part === "current") ?? [];
          expect(current.map(({ trusted }) => trusted)).toEqual([true]);
          // Who holds the certificates of the phase before trusts what issues in this one.
          const held = before?.filter(({ trusted }) => trusted).map(({ number }) => number);
          expect(held).toContain(current[0]?.number);
          // Keys below and above are made and left together.
          const above = generationsOf(named("kubernetes"), { kubernetes: steps.slice(0, i + 1) });
          expect(now?.map(({ number, signedBy }) => [number, signedBy])).toEqual(
            above.map(({ number }) => [number, number]),
          );
        });
      }),
    );
  });

  it.each<[string, Rotations, string]>([
    [
      "an authority that is none",
      { vault: whole },
      "vault must be an authority, one of kubernetes, front-proxy, mesh, etcd-k8s, etcd-overlay, got vault",
    ],
    [
      "a skipped phase",
      { kubernetes: walk("stage 2027-01-01", "promote 2027-02-01") },
      "kubernetes[1] must be of the phase trust: a rotation goes through stage, trust, promote, distrust and skips none, got promote 2027-02-01",
    ],
    [
      "a beginning in the middle",
      { kubernetes: walk("promote 2027-02-01") },
      "kubernetes[0] must be of the phase stage: a rotation goes through stage, trust, promote, distrust and skips none, got promote 2027-02-01",
    ],
    [
      "a promote before relying parties can have taken the next",
      { kubernetes: walk("stage 2027-01-01", "trust 2027-01-02", "promote 2027-01-08") },
      "kubernetes[2] must be of 2027-01-09 or later, when whoever renews within 7 d has taken the new authority with it, got promote 2027-01-08",
    ],
    [
      "a distrust while certificates live",
      { kubernetes: [...whole.slice(0, 3), ...walk("distrust 2027-01-16")] },
      "kubernetes[3] must be of 2027-01-17 or later, when the last certificate of the old authority, of 7 d, has ended, got distrust 2027-01-16",
    ],
    [
      "one below another while both go together",
      { kubernetes: whole, mesh: walk("stage 2027-01-05") },
      "mesh[0] must be of a time at which kubernetes is not being rotated, which takes mesh along, got stage 2027-01-05",
    ],
    [
      "one below another that is under way when both would go",
      { kubernetes: whole, mesh: walk("stage 2026-12-30", "trust 2026-12-31") },
      "mesh[0] must be of a time at which kubernetes is not being rotated, which takes mesh along, got stage 2026-12-30",
    ],
    [
      "one below another that would outlive it",
      { kubernetes: whole, mesh: walk("stage 2032-06-01") },
      "mesh[0] must be of 2031-12-31 or earlier: later an authority of 1825 d outlives the one above, of 2027-01-01; rotate kubernetes, got stage 2032-06-01",
    ],
    [
      "a key that is followed too late",
      {
        "etcd-k8s": [
          ...whole,
          ...walk("stage 2036-12-01", "trust 2036-12-02", "promote 2036-12-30"),
        ],
      },
      "etcd-k8s[6] must be of 2036-12-22 or earlier, while the etcd-k8s of 2027-01-01 outlives what it issues, got promote 2036-12-30",
    ],
  ])("refuses %s", (_what, rotations, fault) => {
    expect(faultsOf(rotations)).toContain(fault);
  });

  it("waits for a day where certificates live for one", () => {
    const mesh = walk(
      "stage 2027-02-01",
      "trust 2027-02-01",
      "promote 2027-02-02",
      "distrust 2027-02-04",
    );
    expect(faultsOf({ mesh })).toEqual([]);
  });
});

describe("refusal", () => {
  const said = (n: number) => describeSteps("kubernetes", whole.slice(0, n));
  const refuse = (n: number, steps: Step[], today: string) =>
    refusal("kubernetes", said(n), steps, today);

  it("lets an up enter the next phase on its day, and none of another day", () => {
    whole.forEach((step, i) => {
      expect(refuse(i, whole.slice(0, i + 1), step.on)).toBeUndefined();
      expect(refuse(i, whole.slice(0, i + 1), "2027-12-31")).toContain(
        `${step.phase} ${step.on} must be of the day of the up that enters it, 2027-12-31 in UTC`,
      );
      expect(refuse(i, whole.slice(0, i), "2027-12-31")).toBeUndefined();
    });
  });

  it("refuses every jump, and every change of what is past", () => {
    fc.assert(
      fc.property(fc.nat({ max: 4 }), fc.nat({ max: 4 }), (from, to) => {
        const fault = refuse(from, whole.slice(0, to), whole[to - 1]?.on ?? "2027-01-01");
        const taken = to === from - 1 && (from === 1 || from === 3);
        expect(fault === undefined).toBe(to === from || to === from + 1 || taken);
      }),
    );
    const other = [...walk("stage 2026-12-31"), ...whole.slice(1, 3)];
    expect(refuse(3, other, "2027-01-09")).toMatch(/^kubernetes is at promote 2027-01-09: an up /);
  });

  it("lets a phase that was entered later than meant have the day on which it was", () => {
    const late = [...whole.slice(0, 2), ...walk("promote 2027-01-12")];
    expect(refuse(3, late, "2027-01-12")).toBeUndefined();
    expect(refuse(3, late, "2027-01-13")).toContain("2027-01-13 in UTC");
  });

  it("goes on only from what Vault says itself", () => {
    expect(
      refusal("kubernetes", "Certificate authority kubernetes", [], "2027-01-01"),
    ).toBeUndefined();
    for (const text of ["", undefined, "mine", "Certificate authority kubernetes: soon"]) {
      expect(refusal("kubernetes", text, whole.slice(0, 1), "2027-01-01")).toContain(
        `must tell the phases that it went through, such as "${said(1)}"`,
      );
    }
  });
});

describe("refusalOfNew", () => {
  it("lets an authority begin with no phase alone", () => {
    expect(refusalOfNew("kubernetes", [])).toBeUndefined();
    expect(refusalOfNew("kubernetes", whole.slice(0, 2))).toBe(
      "kubernetes: rotations must be left out for an authority that is not there yet, got stage 2027-01-01, trust 2027-01-02",
    );
  });
});

describe("refusalOfLate", () => {
  const late = (n: number, today: string) =>
    refusalOfLate("kubernetes", "promote", whole.slice(0, n), today);

  it("lets a promotion happen on its day, and not on a later one", () => {
    expect(late(3, "2027-01-09")).toBeUndefined();
    expect(late(3, "2027-01-19")).toBe(
      "kubernetes: promote 2027-01-09 was entered and not done: it must be of the day of the up that does it, 2027-01-19 in UTC",
    );
  });

  it("says nothing of other phases", () => {
    for (const n of [0, 1, 2, 4]) expect(late(n, "2027-02-01")).toBeUndefined();
  });
});

describe("advice", () => {
  const told = (name: string, n: number) =>
    advice(authoritiesTable, named(name), { kubernetes: whole.slice(0, n) }, "self-managed");

  it("tells nothing of what never was rotated", () => {
    expect([told("kubernetes", 0), told("etcd-k8s", 2)]).toEqual([undefined, undefined]);
  });

  it("tells at the end who has to drop the old authority", () => {
    expect(told("front-proxy", 4)).toBe(
      "Authority front-proxy is at distrust 2027-01-17: whoever relies on it has to drop the certificate of the old one:\n  kube-apiserver and API servers behind it: reload, from the file of --requestheader-client-ca-file",
    );
  });

  it("tells who has to take what, and when the next phase may come", () => {
    expect(told("front-proxy", 1)).toBe(
      "Authority front-proxy is at stage 2027-01-01: nobody has to do anything\nNext: trust, on 2027-01-01 or later",
    );
    expect(told("front-proxy", 2)).toBe(
      "Authority front-proxy is at trust 2027-01-02: whoever relies on it has to take the certificates of both:\n  kube-apiserver and API servers behind it: reload, from the file of --requestheader-client-ca-file\nNext: promote, on 2027-01-09 or later",
    );
    expect(told("kubernetes", 3)).toMatch(
      /drop the old one:\n {2}kube-apiserver: restart[^]*Next: distrust, on 2027-01-17/,
    );
  });

  it("tells of authorities that nobody relies on when they are rotated themselves", () => {
    const on = (name: string, rotations: Rotations) =>
      advice(authoritiesTable, named(name), rotations, "eks");
    expect(on("front-proxy", { kubernetes: whole.slice(0, 2) })).toBeUndefined();
    expect(on("etcd-k8s", { "etcd-k8s": whole.slice(0, 2) })).toBe(
      "Authority etcd-k8s is at trust 2027-01-02: nobody has to do anything\nNext: promote, on 2027-01-09 or later",
    );
  });

  it("tells of those who are there under a control plane", () => {
    const eks = advice(
      authoritiesTable,
      named("kubernetes"),
      { kubernetes: whole.slice(0, 2) },
      "eks",
    );
    expect(eks).not.toContain("kube-scheduler");
    expect(eks).toContain("webhook configurations and APIServices: reload");
  });
});

describe("stepsOf", () => {
  it("has what authorities below one go through, by day", () => {
    const mesh = walk("stage 2027-02-01");
    expect(stepsOf(named("mesh"), { mesh, kubernetes: whole })).toEqual([...whole, ...mesh]);
    expect(stepsOf(named("kubernetes"), { mesh, kubernetes: whole })).toEqual(whole);
  });
});
