import { X509Certificate } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { phases, type Rotations } from "../../components/vault/rotation";
import { levelsOfDestroy } from "../support/documented-files";
import { accountChecks, handChecks } from "../vault/by-hand";
import { tableChecks, type Scene } from "../vault/cases";
import { onDay, Parties, podsOfCluster } from "../vault/parties";
import { authoritiesOf } from "../vault/visitors";
import type { Outcome } from "./engine";
import { failureOf, unlessEqual } from "./outcome";
import type { LifeArgs, Step } from "./steps";
import type { Values } from "./stack-config";
import { controlPlane, type VaultPlace } from "./vault/place";

/** The Vault that the program configured issues what the table of authorities grants, and refuses all else. */
export async function* issuing(vault: VaultPlace): AsyncGenerator<Step> {
  let scene: Scene | undefined;
  let deployer = "";
  yield {
    title: "service accounts of the table and the deployer log in to Vault",
    run: async () => {
      const { server } = vault;
      deployer = await vault.deployer();
      scene = {
        server,
        controlPlane,
        visitors: await vault.visitors(),
        authorities: await authoritiesOf(server),
      };
      return [];
    },
  };
  if (!scene) return;
  const checks = [
    ...tableChecks(scene),
    ...handChecks(scene, deployer),
    ...accountChecks(scene, vault.cluster),
  ];
  for (const [title, check] of checks) yield { title, run: async () => check() };
}

/** Vault is sealed while the stack stands: who previews or ups is told what to do, and nothing is changed. */
export function sealing({ rehearsal, vault }: LifeArgs): Step[] {
  const told = async (...words: string[]): Promise<string[]> => {
    const wanted = `Vault at ${vault.address} is sealed: enable the KMS key of its seal`;
    const before = await rehearsal.state();
    const { code, said } = await rehearsal.byCommand(...words);
    const after = await rehearsal.state();
    const errors = said.split("\n").filter((line) => /^ *error: /.test(line));
    // What the provider says when it is asked itself is an error as well, and helps nobody.
    const isTold = errors.length > 0 && errors.every((error) => error.includes(wanted));
    return [
      ...(code !== 0 && isTold ? [] : [`expected: ${wanted}`, `got ${String(code)}: ${said}`]),
      ...(isDeepStrictEqual(before, after) ? [] : ["the state must be as it was"]),
    ];
  };
  return [
    {
      title: "with Vault sealed, a preview by the command says so and what to do",
      run: async () => {
        await vault.server.restart();
        return told("preview");
      },
    },
    {
      title: "with Vault sealed, so does an up by the command, before it changes anything",
      run: () => told("up", "--yes"),
    },
    {
      title: "with Vault unsealed, an up by the command changes nothing",
      run: async () => {
        await vault.server.unseal();
        const { code, said } = await rehearsal.byCommand("up", "--yes", "--expect-no-changes");
        return code === 0 ? [] : [`got ${String(code)}: ${said}`];
      },
    },
  ];
}

/**
 * Somebody deletes an authority that is not protected any more. The provider's refresh looks for the mount of a root alone,
 * and misses what is read of its issuer; that the root itself is lost takes a plan.
 */
export function losing({ rehearsal, vault }: LifeArgs): Step {
  const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";
  return {
    title: "refresh and preview find an authority that is lost",
    run: async () => {
      const { server } = vault;
      const token = await vault.deployer();
      const { data } = await server.must(token, "GET", "pki/etcd-k8s/config/issuers");
      await server.must(token, "DELETE", `pki/etcd-k8s/issuer/${String(data["default"])}`);
      const before = await rehearsal.state();
      const refreshed = await rehearsal.refresh();
      const after = new Set((await rehearsal.state()).resources.map(({ urn }) => urn));
      const missed = before.resources.filter(({ urn }) => !after.has(urn));
      const previewed = await rehearsal.preview(levelsOfDestroy());
      const operations = Object.entries(previewed.operations).map(([urn, op]) => [nameOf(urn), op]);
      return [
        ...[refreshed, previewed].flatMap(({ failure }) => failure ?? []),
        ...unlessEqual(
          "what a refresh misses",
          missed.map(({ urn }) => nameOf(urn)),
          ["pki-etcd-k8s-issuer"],
        ),
        ...unlessEqual("what an up would do", Object.fromEntries(operations), {
          "pki-etcd-k8s-root": "create-replacement",
          "pki-etcd-k8s-issuer": "create",
          "pki-etcd-k8s-default": "update",
        }),
      ];
    },
  };
}

/** The days of the phases, each as late as the longest life of a certificate asks for. */
const days = ["2027-01-01", "2027-01-02", "2027-01-09", "2027-01-17"];

/** Authorities go through all phases of a rotation by the stack file, while those who rely on them verify each other. */
export async function* rotating(
  { rehearsal, vault }: LifeArgs,
  config: Values,
): AsyncGenerator<Step> {
  let now: Rotations = {};
  const vaultOf = (changes: Values = {}) => ({
    ...(config["vault"] as Values),
    ...written(now),
    ...changes,
  });
  const parties = new Parties(
    {
      rehearsal,
      server: vault.server,
      visitors: () => vault.visitors(),
      rotations: () => now,
      rotate: (rotations) => {
        now = rotations;
        rehearsal.configure("drawbridge:vault", vaultOf());
      },
    },
    podsOfCluster,
  );
  yield {
    title: "before a rotation all verify each other",
    run: () => parties.enter({}, days[0] ?? ""),
  };
  for (const [i, phase] of phases.entries()) {
    const steps = phases.slice(0, i + 1).map((name, j) => ({ phase: name, on: days[j] ?? "" }));
    yield {
      title: `${phase} of kubernetes, the mesh below it, and etcd-overlay: all verify each other before, meanwhile and after`,
      run: () => parties.enter({ kubernetes: steps, "etcd-overlay": steps }, days[i] ?? ""),
    };
    if (phase !== "promote") continue;
    const other = () => {
      rehearsal.configure("drawbridge:vault", vaultOf({ serverCertificates: 1000 }));
      return onDay("2027-01-12", () => rehearsal.preview());
    };
    const again = () => rehearsal.configure("drawbridge:vault", vaultOf());
    yield {
      title:
        "days after a promote, a preview of other certificates for the servers changes nothing in Vault",
      run: async () => {
        const outcome = await other().finally(again);
        return [
          ...failureOf(outcome),
          ...unlessEqual("what of Vault changes", inVault(outcome), {}),
        ];
      },
    };
    yield {
      title:
        "so it is let through on a machine that does not know Vault's CA, to which all of Vault changes",
      run: async () => {
        rmSync(join(rehearsal.project, ".drawbridge"), { recursive: true });
        const outcome = await other().finally(again);
        const { resources } = await rehearsal.state();
        const all = resources.filter(({ type }) => type.startsWith("vault:"));
        const wanted = Object.fromEntries(all.map(({ urn }) => [urn, "update"]));
        return [
          ...failureOf(outcome),
          ...unlessEqual("what of Vault changes", inVault(outcome), wanted),
        ];
      },
    };
  }
  yield {
    title:
      "below a rotated authority its former certificate stays, without a key, and nothing else of its tree",
    run: async () =>
      unlessEqual("issuers of the mesh", await issuersOf(vault, "mesh"), [
        { subject: "kubernetes", name: "", hasKey: false },
        { subject: "kubernetes-2", name: "", hasKey: false },
        { subject: "mesh-2", name: "mesh-2", hasKey: true },
      ]),
  };
}

/** The issuers of an authority's mount, as docs/vault.md has people look at them, by the first part of their common name. */
async function issuersOf(vault: VaultPlace, authority: string) {
  const token = await vault.deployer();
  const path = `pki/${authority}/issuer`;
  // Anybody may list them.
  const { data } = await vault.server.must(undefined, "GET", `${path}s?list=true`);
  const issuers = await Promise.all(
    (data["keys"] as string[]).map(async (id) => {
      const { data: issuer } = await vault.server.must(token, "GET", `${path}/${id}`);
      const { subject } = new X509Certificate(String(issuer["certificate"]));
      return {
        subject: /^CN=([^.]+)/m.exec(subject)?.[1] ?? "",
        name: issuer["issuer_name"],
        hasKey: issuer["key_id"] !== "",
      };
    }),
  );
  return issuers.toSorted((one, other) => (one.subject < other.subject ? -1 : 1));
}

/** What an operation does with what is in Vault, by URN. */
function inVault({ operations }: Outcome): Record<string, string> {
  return Object.fromEntries(Object.entries(operations).filter(([urn]) => urn.includes("$vault:")));
}

/** Rotations as a stack file has them. */
function written(rotations: Rotations): { rotations: Values } {
  const entries = Object.entries(rotations).map(([name, steps]) => [
    name,
    steps.map(({ phase, on }) => `${phase} ${on}`),
  ]);
  return { rotations: Object.fromEntries(entries) as Values };
}
