import type { PlannedResource } from "../schema";
import { isTrue, listOf, mapOf, numberOf } from "./resources";
import type { Resources } from "./resources";

/** The plan with one setting as a stack has it that must outlive the loss of a zone. */
export interface Alternative {
  /** What is different. */
  setting: string;
  resources: PlannedResource[];
}

type Alternatives = (resources: Resources) => Alternative[];

const natGateway = "aws:ec2/natGateway:NatGateway";
const address = "aws:ec2/eip:Eip";
const searchDomain = "aws:opensearch/domain:Domain";

function copies(resource: PlannedResource | undefined, amount: number): PlannedResource[] {
  if (!resource) return [];
  return Array.from({ length: amount }, (_, i) => ({ ...resource, urn: `${resource.urn}-${i}` }));
}

function changed(
  { all }: Resources,
  resource: PlannedResource,
  inputs: Record<string, unknown>,
): PlannedResource[] {
  const other = { ...resource, inputs: { ...resource.inputs, ...inputs } };
  return all.map((one) => (one === resource ? other : one));
}

/** A NAT gateway, with its address, in each zone that has subnets. */
const natInEachZone: Alternatives = (resources) => {
  const gateways = resources.ofType(natGateway);
  const zones = resources.zones().length;
  const [first] = gateways;
  const isZonal = first && first.inputs["availabilityMode"] !== "regional";
  if (!isZonal || gateways.length >= zones) return [];
  const more = zones - gateways.length;
  const own = resources.source(first, "allocationId", address);
  return [
    {
      setting: `a NAT gateway in each zone: ${zones} instead of ${gateways.length}`,
      resources: [...resources.all, ...copies(first, more), ...copies(own, more)],
    },
  ];
};

/** As many nodes of each group as the group has subnets, which are in different zones. */
const nodeInEachZone: Alternatives = (resources) =>
  resources.ofType("aws:eks/nodeGroup:NodeGroup").flatMap((group) => {
    const scaling = mapOf(group.inputs["scalingConfig"]);
    const fewest = numberOf(scaling["minSize"]);
    const zones = listOf(group.inputs["subnetIds"])?.length ?? 0;
    if (fewest === undefined || fewest >= zones) return [];
    return [
      {
        setting: `a node of ${group.name} in each zone: ${zones} instead of ${fewest}`,
        resources: changed(resources, group, { scalingConfig: { ...scaling, minSize: zones } }),
      },
    ];
  });

/** Three masters, which AWS recommends, of the type that the plan's data nodes have: it knows no other. */
const dedicatedMasters: Alternatives = (resources) =>
  resources.ofType(searchDomain).flatMap((domain) => {
    const config = mapOf(domain.inputs["clusterConfig"]);
    if (isTrue(config["dedicatedMasterEnabled"])) return [];
    const masters = {
      dedicatedMasterEnabled: true,
      dedicatedMasterCount: 3,
      dedicatedMasterType: config["instanceType"],
    };
    return [
      {
        setting:
          "three dedicated masters of the log store, of its own instance type, instead of none",
        resources: changed(resources, domain, { clusterConfig: { ...config, ...masters } }),
      },
    ];
  });

/** The settings by which a plan is cheaper than a stack that outlives the loss of a zone, each on its own. */
export function alternatives(resources: Resources): Alternative[] {
  return [natInEachZone, nodeInEachZone, dedicatedMasters].flatMap((each) => each(resources));
}
