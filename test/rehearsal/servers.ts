import { isDeepStrictEqual } from "node:util";
import type { World } from "./aws/world";
import { failureOf, unlessEqual } from "./outcome";
import type { LifeArgs, Step } from "./steps";
import type { Values } from "./stack-config";

/** Types of what belongs to one server. */
const types = {
  instance: "aws:ec2/instance:Instance",
  template: "aws:ec2/launchTemplate:LaunchTemplate",
  disk: "aws:ec2/volumeAttachment:VolumeAttachment",
  target: "aws:lb/targetGroupAttachment:TargetGroupAttachment",
  volume: "aws:ebs/volume:Volume",
  card: "aws:ec2/networkInterface:NetworkInterface",
};

/**
 * What is changed of the servers of Vault reaches none that runs, and then one after the other by its number in the stack
 * file. Returns the configuration in the end.
 */
export async function* replacing(
  { rehearsal }: LifeArgs,
  config: Values,
): AsyncGenerator<Step, Values> {
  const vault = config["vault"] as Values;
  const instanceType = vault["instanceType"] === "t4g.large" ? "t4g.xlarge" : "t4g.large";
  const changed = { ...vault, instanceType };
  const raise = (...serverGenerations: number[]) =>
    rehearsal.configure("drawbridge:vault", { ...changed, serverGenerations });
  yield {
    title: "another type of Vault's servers changes their templates, and no server that runs",
    run: async () => {
      const before = rehearsal.world;
      raise(1, 1, 1);
      const outcome = await rehearsal.up();
      const templates = [0, 1, 2].map((server) => [urnOf(before, "template", server), "update"]);
      return [
        ...failureOf(outcome),
        ...unlessEqual("operations of up", outcome.operations, Object.fromEntries(templates)),
        ...unlessEqual("servers", serversOf(rehearsal.world), serversOf(before)),
      ];
    },
  };
  yield {
    title: "two of Vault's servers at once are refused, in a preview and in an up without one",
    run: async () => {
      const before = rehearsal.world;
      raise(2, 1, 2);
      const outcomes = [await rehearsal.preview(), await rehearsal.up()];
      return [
        ...outcomes.flatMap(({ failure = "success" }) =>
          failure.includes("must change by one number in an up, got 2, 1, 2 after 1, 1, 1")
            ? []
            : ["expected: one number in an up", `got: ${failure}`],
        ),
        ...(isDeepStrictEqual(rehearsal.world, before) ? [] : ["something in the account changed"]),
      ];
    },
  };
  yield {
    title:
      "after a refresh, too, one of Vault's servers is replaced by its number and keeps its data",
    run: async () => {
      const refreshed = await rehearsal.refresh();
      const before = rehearsal.world;
      raise(1, 2, 1);
      const template = urnOf(before, "template", 1);
      const replaced = {
        [zoneOf(before)]: "update",
        [template]: "delete",
        [`${template}-generation-2`]: "create",
        [urnOf(before, "instance", 1)]: "create-replacement",
        [urnOf(before, "disk", 1)]: "create-replacement",
        [urnOf(before, "target", 1)]: "create-replacement",
      };
      const outcome = await rehearsal.up();
      const [first, former, third] = serversOf(before);
      const [, server] = serversOf(rehearsal.world);
      const { id } = server ?? {};
      const wanted = [first, { ...former, id, type: instanceType }, third];
      return [
        ...[refreshed, outcome].flatMap(failureOf),
        ...unlessEqual("operations of up", outcome.operations, replaced),
        ...unlessEqual("servers", serversOf(rehearsal.world), wanted),
        ...(id === undefined || id === former?.id ? ["it must be another instance"] : []),
      ];
    },
  };
  return { ...config, vault: { ...changed, serverGenerations: [1, 2, 1] } };
}

function find({ resources }: World, end: string) {
  const resource = resources.find(({ urn }) => urn.endsWith(end));
  if (resource === undefined) throw new Error(`the account must have ${end}`);
  return resource;
}

function urnOf(world: World, kind: keyof typeof types, server: number): string {
  return find(world, `${types[kind]}::vault-${server}`).urn;
}

function zoneOf(world: World): string {
  return find(world, "aws:route53/zone:Zone::vault").urn;
}

/** Which instance each server is, what it started as, and what it keeps when it is another one. */
function serversOf(world: World) {
  return [0, 1, 2].map((server) => {
    const of = (kind: keyof typeof types) => find(world, `${types[kind]}::vault-${server}`);
    const { id, computed } = of("instance");
    return { id, type: computed["instanceType"], volume: of("volume").id, card: of("card").id };
  });
}
