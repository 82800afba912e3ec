import type { Resource, Stack } from "../model";
import { token } from "../tokens";
import type { PublicEndpoint } from "./public-endpoints";

const everybody = ["0.0.0.0/0"];

/** How one type of resource is on the internet: by itself, or by what an input says. */
interface Hosted {
  port: string;
  /** The input that decides. @default - it always is */
  path?: string;
  /** Whether a value is one with which the internet reaches it; "" is none given. */
  opens?: (text: string) => boolean;
}

const web: Hosted = { port: "HTTPS 443" };
const unlessPrivate = (path: string): Hosted => ({
  port: "HTTPS 443",
  path,
  opens: (text) => text !== "PRIVATE",
});
/** A database, a broker or their like: an address of its own, in whatever subnet. */
const whenAsked: Hosted = {
  port: "a port of its own",
  path: "publiclyAccessible",
  opens: (text) => text === "true",
};
const unlessDisabled: Hosted = {
  port: "HTTPS 443",
  path: "disableExecuteApiEndpoint",
  opens: (text) => text !== "true",
};

/**
 * Services with an address on the internet, to which no route and no security group of the stack leads. Whom they let
 * in is theirs to decide: by a policy, a key or nothing at all.
 */
const hosted: Readonly<Record<string, Hosted>> = {
  [token.apiDomain]: unlessPrivate("endpointConfiguration.types"),
  [token.restApi]: unlessPrivate("endpointConfiguration.types"),
  [token.api]: unlessDisabled,
  [token.apiDomainV2]: web,
  [token.appRunnerService]: {
    port: "HTTPS 443",
    path: "networkConfiguration.ingressConfiguration.isPubliclyAccessible",
    opens: (text) => text !== "false",
  },
  [token.graphQlApi]: unlessPrivate("visibility"),
  [token.distribution]: web,
  [token.distributionMultitenant]: web,
  [token.replicationInstance]: whenAsked,
  [token.documentDatabaseInstance]: whenAsked,
  [token.publicRepository]: web,
  [token.accelerator]: { port: "ports of its listeners" },
  [token.acceleratorCustomRouting]: {
    port: "ports of its listeners",
  },
  [token.functionUrl]: web,
  [token.lightsailContainerService]: web,
  [token.lightsailInstance]: { port: "ports of its own" },
  [token.broker]: whenAsked,
  [token.kafkaCluster]: {
    port: "a port of its own",
    path: "brokerNodeGroupInfo.connectivityInfo.publicAccess.type",
    opens: (text) => text !== "" && text !== "DISABLED",
  },
  [token.graphDatabaseInstance]: whenAsked,
  [token.databaseClusterInstance]: whenAsked,
  [token.databaseInstance]: whenAsked,
  [token.warehouse]: whenAsked,
  [token.warehouseServerless]: whenAsked,
  [token.transferServer]: {
    port: "a port of its own",
    path: "endpointType",
    opens: (text) => text === "" || text === "PUBLIC",
  },
};

export const hostedTypes = Object.keys(hosted);

export function hostedEndpointsOf(stack: Stack): PublicEndpoint[] {
  return Object.entries(hosted).flatMap(([type, row]) =>
    stack.all(type).map((resource) => endpointOf(resource, row)),
  );
}

function endpointOf(resource: Resource, { port, path, opens }: Hosted): PublicEndpoint {
  const endpoint = { resource, kind: "service of AWS", port } as const;
  if (path === undefined || opens === undefined) {
    return { ...endpoint, sources: everybody, unknown: [] };
  }
  const field = resource.at(path);
  return {
    ...endpoint,
    sources: opens(field.text) ? everybody : [],
    unknown: field.unknown ? [field] : [],
  };
}
