import type { ServiceError } from "@grpc/grpc-js";
import {
  RegisterResourceResponse,
  SupportsFeatureResponse,
} from "@pulumi/pulumi/proto/resource_pb";
import type {
  ReadResourceRequest,
  RegisterPackageRequest,
  RegisterResourceOutputsRequest,
  RegisterResourceRequest,
  ResourceCallRequest,
  ResourceInvokeRequest,
  SupportsFeatureRequest,
} from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { makeSecret, outputDependencies, recorded, unknownValue } from "./property-values";
import type { PropertyMap } from "./property-values";
import { optionsOf } from "./registration";
import { firstOutputs } from "./stack-resource";
import type { Registration } from "./stack-resource";
import { unpackedStruct } from "./unpacked-struct";
import { isProviderType, newUrn, packageOf, providerType, urnType } from "./urn";

/** Features that the engine announces; the SDK changes what it sends by them. */
const features = new Set([
  "secrets",
  "resourceReferences",
  "outputValues",
  "aliasSpecs",
  "deletedWith",
  "replaceWith",
  "replacementTrigger",
  "transforms",
  "invokeTransforms",
  "parameterization",
  "resourceHooks",
  "errorHooks",
]);

/** gRPC's code of a request that cannot be met as it is; its own module would have to be loaded for it. */
const invalidArgument = 3;

/** What makes a monitor, in the place of an address. */
export interface MonitorAddress {
  project: string;
  stack: string;
  /** Folder that the paths of assets are relative to. */
  programDir: string;
}

/** The stack whose program is monitored. */
interface MonitoredStack extends MonitorAddress {
  /** Configuration values by `namespace:key`. */
  values: Record<string, string>;
  /** Keys of `values` that are secret. */
  secretKeys: string[];
}

/** What a registration is answered with, where that is not what was registered. */
export interface Admission {
  /** In place of those that were registered, as remediation does. @default - the registered ones */
  inputs?: PropertyMap | undefined;
  /** What the program sees of the resource. @default - the inputs, as in a first preview */
  outputs?: PropertyMap;
  /** Id of the resource. @default - unknown, as in a first preview */
  id?: string;
}

/** Who keeps what the program registers. The program goes on when a promise is kept. */
export interface Registry {
  admit(resource: Registration): Promise<Admission>;
  /** Takes the outputs of a component, or those of the stack, which a program registers when it is complete. */
  complete(urn: string, outputs: PropertyMap): Promise<void>;
  /** Takes what no run can get past; the inputs of what was refused may hold secrets. */
  refuse(message: string, inputs: PropertyMap): Promise<void>;
}

/** A request of the SDK, of which all but the answer's callback, the last argument, is its own affair. */
type Call<Request> = (request: Request, ...rest: unknown[]) => void;
type Answered = (error: Partial<ServiceError> | null, response?: unknown) => void;

const pureFunction = "the program must be a pure function of its configuration";

/** What the program asked for and the plan cannot give: it holds no credentials and no state. */
class Refusal extends Error {
  /** Those of the resource that was refused: they may hold secrets. */
  inputs: PropertyMap = {};
}

function withoutVersion(reference: string): string {
  // A provider reference is the provider's URN and its id.
  return reference.slice(0, reference.lastIndexOf("::"));
}

/**
 * The engine's resource monitor, in the place of the SDK's client of it: it stands in the program's own process, so that
 * nothing has to be packed and sent twice. It reports every registration and answers with the inputs as outputs, which
 * is what the program sees in a first preview.
 */
export class ResourceMonitor {
  /** What later registrations need to know of earlier ones, by URN. */
  private readonly known = new Map<string, Registration>();
  private readonly componentProviders = new Map<string, Map<string, string>>();
  private readonly newProviders: Registration[] = [];

  constructor(
    private readonly stack: MonitoredStack,
    private readonly registry: Registry,
  ) {}

  /** The SDK ends its connection, which there is none of. */
  readonly close = (): void => undefined;

  readonly supportsFeature = this.answered((request: SupportsFeatureRequest) => {
    const response = new SupportsFeatureResponse();
    response.setHassupport(features.has(request.getId()));
    return response;
  });

  readonly registerResource = this.answered((request: RegisterResourceRequest) =>
    this.register(request),
  );

  readonly registerResourceOutputs = this.answered(
    async (request: RegisterResourceOutputsRequest) => {
      await this.registerOutputs(request);
      return new Empty();
    },
  );

  readonly signalAndWaitForShutdown = this.answered(() => new Empty());

  readonly invoke = this.refused(
    (request: ResourceInvokeRequest) =>
      `${pureFunction}, but it calls ${request.getTok()}; put the value that it looks up into the configuration`,
  );

  readonly call = this.refused(
    (request: ResourceCallRequest) =>
      `${pureFunction}, but it calls the method ${request.getTok()}; compute its result in the program`,
  );

  readonly readResource = this.refused(
    (request: ReadResourceRequest) =>
      `${pureFunction}, but it reads the existing resource ${request.getName()} (${request.getType()}); put what it needs of it into the configuration`,
  );

  readonly registerPackage = this.refused(
    (request: RegisterPackageRequest) =>
      `parameterized package ${request.getParameterization()?.getName() ?? request.getName()} cannot be planned: its schema comes from a provider that plan does not start`,
  );

  readonly registerStackTransform = this.refused(
    () => "stack transforms cannot be planned; use transformations or component arguments",
  );

  readonly registerStackInvokeTransform = this.refused(
    () => `${pureFunction}, but it transforms invokes; remove the invokes`,
  );

  private refused<Request>(message: (request: Request) => string): Call<Request> {
    return this.answered((request: Request): never => {
      throw new Refusal(message(request));
    });
  }

  private answered<Request>(answer: (request: Request) => unknown): Call<Request> {
    return (request, ...rest) => {
      const callback = rest.at(-1) as Answered;
      const run = async () => answer(request);
      run().then(
        (response) => callback(null, response),
        async (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          const inputs = error instanceof Refusal ? error.inputs : {};
          await this.registry.refuse(message, inputs);
          const failure = new Error(`${invalidArgument} INVALID_ARGUMENT: ${message}`);
          callback(Object.assign(failure, { code: invalidArgument, details: message }));
        },
      );
    };
  }

  private async register(request: RegisterResourceRequest): Promise<RegisterResourceResponse> {
    const sent = request.getObject()?.toJavaScript() ?? {};
    const inputs = recorded(sent, this.stack.programDir) as PropertyMap;
    try {
      return await this.admitted(request, this.resourceOf(request, sent, inputs));
    } catch (error) {
      if (error instanceof Refusal) error.inputs = inputs;
      throw error;
    }
  }

  private async admitted(
    request: RegisterResourceRequest,
    resource: Registration,
  ): Promise<RegisterResourceResponse> {
    // Default providers that this registration called for come first, as with the engine.
    for (const provider of this.newProviders.splice(0)) await this.registry.admit(provider);
    this.add(resource);
    if (!resource.custom) this.rememberProviders(resource.urn, request);
    const { inputs: replaced, outputs = replaced, id } = await this.registry.admit(resource);
    const response = new RegisterResourceResponse();
    response.setUrn(resource.urn);
    // A provider's id exists from the beginning, and its value is what the next run decides.
    if (isProviderType(resource.type)) response.setId(unknownValue);
    else if (id !== undefined) response.setId(id);
    // The stack and components show their outputs only after registerOutputs.
    response.setObject(unpackedStruct(outputs ?? firstOutputs(resource)));
    return response;
  }

  private add(resource: Registration): void {
    if (this.known.has(resource.urn)) {
      throw new Refusal(
        `${resource.urn} is registered twice; give one of the two resources another name`,
      );
    }
    this.known.set(resource.urn, resource);
  }

  private resourceOf(
    request: RegisterResourceRequest,
    sent: Record<string, unknown>,
    inputs: PropertyMap,
  ): Registration {
    const type = request.getType();
    const name = request.getName();
    if (request.getRemote()) {
      throw new Refusal(
        `remote component ${name} (${type}) cannot be planned: a provider builds its resources, so neither plan nor policies can see into it; build them in the program`,
      );
    }
    if (request.getTransformsList().length > 0) {
      throw new Refusal(
        `transforms of ${name} (${type}) cannot be planned; use transformations or component arguments`,
      );
    }
    const parent = request.getParent() === "" ? undefined : request.getParent();
    const above = parent === undefined ? undefined : this.known.get(parent);
    if (parent !== undefined && above === undefined) {
      throw new Refusal(`parent ${parent} of ${name} (${type}) must be registered before it`);
    }
    if (isProviderType(type)) this.completeProvider(inputs, request);
    const custom = request.getCustom();
    const provider =
      custom && !isProviderType(type) ? this.providerOf(request, parent, above) : undefined;
    return {
      urn: newUrn(this.stack.stack, this.stack.project, parent, type, name),
      type,
      name,
      custom,
      inputs,
      ...(parent !== undefined && { parent }),
      dependencies: [...new Set(request.getDependenciesList())],
      propertyDependencies: this.propertyDependenciesOf(request, sent),
      ...(provider !== undefined && { provider }),
      options: optionsOf(request, above?.options ?? {}),
    };
  }

  private propertyDependenciesOf(
    request: RegisterResourceRequest,
    sent: Record<string, unknown>,
  ): Record<string, string[]> {
    const given = request.getPropertydependenciesMap();
    // A program that names no dependencies per property means all of them for each.
    const all = given.getLength() === 0 ? request.getDependenciesList() : [];
    const entries = new Map<string, string[]>();
    for (const [property, dependencies] of given.entries()) {
      entries.set(property, dependencies.getUrnsList());
    }
    for (const [property, value] of Object.entries(sent)) {
      const direct = entries.get(property) ?? all;
      entries.set(property, [...new Set([...direct, ...outputDependencies(value)])]);
    }
    return Object.fromEntries(entries);
  }

  /** The engine keeps a provider's version among its inputs, beside an empty map for its own use. */
  private completeProvider(inputs: PropertyMap, request: RegisterResourceRequest): void {
    const version = request.getVersion();
    const url = request.getPlugindownloadurl();
    if (version !== "") Object.assign(inputs, { __internal: {}, version });
    if (url !== "") inputs["__internal"] = { pluginDownloadURL: url };
  }

  /** The resource's own provider, its parents' one for the package, or the package's default one. */
  private providerOf(
    request: RegisterResourceRequest,
    parent: string | undefined,
    above: Registration | undefined,
  ): string {
    const pkg = packageOf(request.getType());
    if (request.getProvider() !== "") return withoutVersion(request.getProvider());
    if (above?.provider !== undefined && urnType(above.provider) === providerType(pkg)) {
      return above.provider;
    }
    const fromMap = request.getProvidersMap().get(pkg);
    if (fromMap !== undefined) return withoutVersion(fromMap);
    const inherited =
      parent === undefined ? undefined : this.componentProviders.get(parent)?.get(pkg);
    return inherited ?? this.defaultProvider(pkg, request);
  }

  private rememberProviders(urn: string, request: RegisterResourceRequest): void {
    const providers = new Map(this.componentProviders.get(request.getParent()) ?? []);
    for (const [pkg, reference] of request.getProvidersMap().entries()) {
      providers.set(pkg, withoutVersion(reference));
    }
    this.componentProviders.set(urn, providers);
  }

  /** Registers the provider that the engine makes for resources that name none. */
  private defaultProvider(pkg: string, request: RegisterResourceRequest): string {
    const version = request.getVersion();
    const url = request.getPlugindownloadurl().replace(/\/$/, "");
    const name = ["default", ...version.split(/[.+-]/), url]
      .filter((part) => part !== "")
      .join("_");
    const type = providerType(pkg);
    const urn = newUrn(this.stack.stack, this.stack.project, undefined, type, name);
    if (this.known.has(urn)) return urn;
    const inputs = this.packageConfig(pkg);
    this.completeProvider(inputs, request);
    const resource: Registration = {
      urn,
      type,
      name,
      custom: true,
      inputs,
      dependencies: [],
      propertyDependencies: {},
      options: {},
    };
    this.known.set(urn, resource);
    this.newProviders.push(resource);
    return urn;
  }

  /** Configuration of a package's default provider: all keys in the package's namespace. */
  private packageConfig(pkg: string): PropertyMap {
    const secret = new Set(this.stack.secretKeys);
    return Object.fromEntries(
      Object.entries(this.stack.values)
        .filter(([key]) => key.startsWith(`${pkg}:`))
        .map(([key, text]) => [
          key.slice(pkg.length + 1),
          secret.has(key) ? makeSecret(text) : text,
        ]),
    );
  }

  private async registerOutputs(request: RegisterResourceOutputsRequest): Promise<void> {
    const urn = request.getUrn();
    if (!this.known.has(urn)) throw new Refusal(`${urn} must be registered before its outputs`);
    const outputs = recorded(request.getOutputs()?.toJavaScript() ?? {}, this.stack.programDir);
    await this.registry.complete(urn, outputs as PropertyMap);
  }
}
