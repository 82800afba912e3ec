import type { Field, Resource, Stack } from "../model";
import { token } from "../tokens";
import type { PublicEndpoint } from "./public-endpoints";

const everybody = ["0.0.0.0/0"];

/** An input that puts a resource on the internet. */
interface Opening {
  path: string;
  /** Whether a value is one with which the internet reaches it; a field that is missing is asked too. */
  opens: (field: Field) => boolean;
}

/** How one type of resource is on the internet: by itself, or by what an input says. */
interface Hosted {
  port: string;
  /** Inputs of which one is enough. @default - it always is */
  when?: readonly Opening[];
  /** What nobody can tell of a resource that no input opens. @default - nothing */
  unclear?: (resource: Resource) => string | undefined;
}

const always = (port: string): Hosted => ({ port });
const unless = (port: string, path: string, ...closed: string[]): Hosted => ({
  port,
  when: [{ path, opens: ({ text }) => !closed.includes(text) }],
});
const onlyIf = (port: string, path: string, ...open: string[]): Hosted => ({
  port,
  when: [{ path, opens: ({ text }) => open.includes(text) }],
});

const https = "HTTPS 443";
const own = "a port of its own";
const web = always(https);
const unlessPrivate = (path: string) => unless(https, path, "PRIVATE");
/** A database, a broker or their like: an address of its own, in whatever subnet. */
const whenAsked = onlyIf(own, "publiclyAccessible", "true");
const website = always("HTTP 80");
const websiteOfBucket: Hosted = {
  port: "HTTP 80",
  when: ["website", "websites"].map((path) => ({ path, opens: ({ present }) => present })),
};

/**
 * Services with an address on the internet, to which no route and no security group of the stack leads. Whom they let
 * in is theirs to decide: by a policy, a key or nothing at all.
 */
const hosted: Readonly<Record<string, Hosted>> = {
  [token.apiDomain]: unlessPrivate("endpointConfiguration.types"),
  [token.restApi]: unlessPrivate("endpointConfiguration.types"),
  [token.api]: unless(https, "disableExecuteApiEndpoint", "true"),
  [token.apiDomainV2]: web,
  [token.appRunnerService]: unless(
    https,
    "networkConfiguration.ingressConfiguration.isPubliclyAccessible",
    "false",
  ),
  [token.graphQlApi]: unlessPrivate("visibility"),
  [token.distribution]: web,
  [token.distributionMultitenant]: web,
  [token.replicationInstance]: whenAsked,
  [token.documentDatabaseInstance]: whenAsked,
  [token.publicRepository]: web,
  [token.accelerator]: always("ports of its listeners"),
  [token.acceleratorCustomRouting]: always("ports of its listeners"),
  [token.bucket]: websiteOfBucket,
  [token.bucketV2]: websiteOfBucket,
  [token.bucketWebsite]: website,
  [token.bucketWebsiteV2]: website,
  // docs.aws.amazon.com/cloud9/latest/user-guide/ec2-ssm.html
  [token.cloud9Environment]: unless("port 22", "connectionType", "CONNECT_SSM"),
  // It starts tasks, and so does a schedule.
  [token.eventTarget]: onlyIf(
    "ports of its tasks",
    "ecsTarget.networkConfiguration.assignPublicIp",
    "true",
  ),
  [token.schedule]: onlyIf(
    "ports of its tasks",
    "target.ecsParameters.networkConfiguration.assignPublicIp",
    "true",
  ),
  [token.functionUrl]: web,
  [token.grafanaWorkspace]: {
    port: https,
    when: [
      { path: "networkAccessControl", opens: ({ present }) => !present },
      {
        path: "networkAccessControl.prefixListIds",
        opens: (field) => field.each().length > 0,
      },
    ],
  },
  // A tunnel for whoever IAM lets in: docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-with-ec2-instance-connect-endpoint.html
  [token.instanceConnectEndpoint]: web,
  [token.lightsailBucket]: web,
  [token.lightsailContainerService]: web,
  [token.lightsailDatabase]: whenAsked,
  [token.lightsailDistribution]: web,
  [token.lightsailInstance]: always("ports of its own"),
  [token.lightsailLoadBalancer]: always("ports of its own"),
  [token.broker]: whenAsked,
  [token.kafkaCluster]: unless(
    own,
    "brokerNodeGroupInfo.connectivityInfo.publicAccess.type",
    "",
    "DISABLED",
  ),
  [token.graphAnalytics]: onlyIf(own, "publicConnectivity", "true"),
  [token.graphDatabaseInstance]: whenAsked,
  [token.databaseCluster]: { ...whenAsked, unclear: clusterOfInternetGateway },
  [token.databaseClusterInstance]: whenAsked,
  [token.databaseInstance]: whenAsked,
  [token.influxCluster]: whenAsked,
  [token.influxInstance]: whenAsked,
  // docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-network.html
  [token.searchServerlessPolicy]: {
    port: https,
    when: [{ path: "policy", opens: letsEverybodyIn }],
  },
  [token.userPoolDomain]: web,
  [token.verifiedAccessEndpoint]: always(own),
  [token.warehouse]: whenAsked,
  [token.warehouseServerless]: whenAsked,
  [token.workflowEnvironment]: onlyIf(
    https,
    "webserverAccessMode",
    "PUBLIC_ONLY",
    "PUBLIC_AND_PRIVATE",
  ),
  [token.transferServer]: {
    port: own,
    when: [
      { path: "endpointType", opens: ({ text }) => text === "" || text === "PUBLIC" },
      {
        path: "endpointDetails.addressAllocationIds",
        opens: (field) => field.each().length > 0,
      },
    ],
  },
};

export const hostedTypes = Object.keys(hosted);

export function hostedEndpointsOf(stack: Stack): PublicEndpoint[] {
  return Object.entries(hosted).flatMap(([type, row]) =>
    stack.all(type).map((resource) => endpointOf(resource, row)),
  );
}

function endpointOf(resource: Resource, { port, when, unclear }: Hosted): PublicEndpoint {
  const endpoint = { resource, kind: "service of AWS", port } as const;
  const inputs = (when ?? []).map(({ path, opens }) => ({ field: resource.at(path), opens }));
  if (!when || inputs.some(({ field, opens }) => !field.unknown && opens(field))) {
    return { ...endpoint, sources: everybody, doubts: [] };
  }
  const unknown = inputs.map(({ field }) => field).filter((field) => field.unknown);
  const words = unclear?.(resource);
  return {
    ...endpoint,
    sources: [],
    doubts: [
      ...unknown.map((field) => field.undecided()),
      ...(words === undefined ? [] : [resource.undecided(words)]),
    ],
  };
}

/**
 * One of three zones that says nothing is public where its VPC has an internet gateway:
 * docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
 */
function clusterOfInternetGateway(cluster: Resource): string | undefined {
  const ofThreeZones = cluster.at("dbClusterInstanceClass").present;
  if (!ofThreeZones || cluster.at("publiclyAccessible").present) return undefined;
  return `whether ${cluster.name} is public hangs on the internet gateway of its VPC: publiclyAccessible is left out`;
}

/** A policy for networks is a list of rules. */
function letsEverybodyIn(policy: Field): boolean {
  return policy
    .json()
    .each()
    .some((rule) => rule.at("AllowFromPublic").text === "true");
}
