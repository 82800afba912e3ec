import { phases, type Rotations } from "../../components/vault/rotation";
import { accountChecks, handChecks } from "../vault/by-hand";
import { tableChecks, type Scene } from "../vault/cases";
import { Parties, podsOfCluster } from "../vault/parties";
import { authoritiesOf } from "../vault/visitors";
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

/** The days of the phases, each as late as the longest life of a certificate asks for. */
const days = ["2027-01-01", "2027-01-02", "2027-01-09", "2027-01-17"];

/** Authorities go through all phases of a rotation by the stack file, while those who rely on them verify each other. */
export async function* rotating(
  { rehearsal, vault }: LifeArgs,
  config: Values,
): AsyncGenerator<Step> {
  let now: Rotations = {};
  const parties = new Parties(
    {
      rehearsal,
      server: vault.server,
      visitors: () => vault.visitors(),
      rotations: () => now,
      rotate: (rotations) => {
        now = rotations;
        rehearsal.configure("drawbridge:vault", {
          ...(config["vault"] as Values),
          ...written(now),
        });
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
  }
}

/** Rotations as a stack file has them. */
function written(rotations: Rotations): { rotations: Values } {
  const entries = Object.entries(rotations).map(([name, steps]) => [
    name,
    steps.map(({ phase, on }) => `${phase} ${on}`),
  ]);
  return { rotations: Object.fromEntries(entries) as Values };
}
