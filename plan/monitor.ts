import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { handleUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Callback } from "@pulumi/pulumi/proto/callback_pb";
import { CallResponse, InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import {
  ReadResourceResponse,
  RegisterPackageResponse,
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
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Server as Listener } from "node:net";
import { makeSecret, outputDependencies, recorded, unknownValue } from "./property-values";
import type { PropertyMap } from "./property-values";
import { Redactor } from "./redactor";
import { optionsOf } from "./registration";
import type { StackConfig } from "./stack-file";
import type { StackResource } from "./stack-resource";
import { isProviderType, newUrn, packageOf, providerType, stackType, urnType } from "./urn";

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

/**
 * May replace a resource's inputs before its registration is answered, as remediation does, or complete its id and its
 * outputs.
 */
export type Admit = (resource: StackResource) => Promise<PropertyMap | undefined>;

const pureFunction = "the program must be a pure function of its configuration";

/** What the program asked for and the plan cannot give: it holds no credentials and no state. */
class Refusal extends Error {}

function withoutVersion(reference: string): string {
  // A provider reference is the provider's URN and its id.
  return reference.slice(0, reference.lastIndexOf("::"));
}

/** In a first preview the outputs are the inputs, but for what the SDK keeps to itself. */
function knownOutputs(inputs: PropertyMap): PropertyMap {
  if (!Object.hasOwn(inputs, "__internal")) return inputs;
  const { __internal: _internal, ...outputs } = inputs;
  return outputs;
}

/**
 * The engine's resource monitor: records every registration and answers with the inputs as outputs,
 * which is what the program sees in a first preview.
 */
export class ResourceMonitor {
  /** Registered resources by URN, in the order of their registration. */
  readonly resources = new Map<string, StackResource>();
  /** Outputs of the program, as registered for the stack. */
  outputs: PropertyMap = {};
  /** True once the program has registered the stack's outputs, which it does when it is complete. */
  complete = false;
  /** When the program last called or was answered; absent while it waits for an answer. */
  idleSince: number | undefined = Date.now();
  /** Faults that no run can get past, in the order of their first occurrence. */
  readonly faults = new Set<string>();

  /** Secrets of all inputs and outputs, also of what was refused. */
  readonly secrets = new Redactor();

  private readonly componentProviders = new Map<string, Map<string, string>>();
  private pending = 0;
  private readonly newProviders: StackResource[] = [];
  private readonly server = new Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.enable_channelz": 0,
  });

  constructor(
    private readonly config: StackConfig,
    private readonly programDir: string,
    private readonly admit: Admit,
  ) {}

  /** Serves the connections that `listener` accepts. */
  serve(listener: Listener): void {
    this.server.addService(ResourceMonitorService, this.implementation());
    const injector = this.server.createConnectionInjector(ServerCredentials.createInsecure());
    listener.on("connection", (socket) => {
      injector.injectConnection(socket);
    });
  }

  /** Closes all connections. */
  stop(): void {
    this.server.forceShutdown();
  }

  private implementation(): UntypedServiceImplementation {
    const refuse =
      <Request>(message: (request: Request) => string) =>
      (request: Request): never => {
        throw new Refusal(message(request));
      };
    return {
      supportsFeature: this.unary((request: SupportsFeatureRequest) => {
        const response = new SupportsFeatureResponse();
        response.setHassupport(features.has(request.getId()));
        return response;
      }),
      registerResource: this.unary((request: RegisterResourceRequest) => this.register(request)),
      registerResourceOutputs: this.unary((request: RegisterResourceOutputsRequest) => {
        this.registerOutputs(request);
        return new Empty();
      }),
      signalAndWaitForShutdown: this.unary(() => new Empty()),
      invoke: this.unary<ResourceInvokeRequest, InvokeResponse>(
        refuse(
          (request) =>
            `${pureFunction}, but it calls ${request.getTok()}; put the value that it looks up into the configuration`,
        ),
      ),
      call: this.unary<ResourceCallRequest, CallResponse>(
        refuse(
          (request) =>
            `${pureFunction}, but it calls the method ${request.getTok()}; compute its result in the program`,
        ),
      ),
      readResource: this.unary<ReadResourceRequest, ReadResourceResponse>(
        refuse(
          (request) =>
            `${pureFunction}, but it reads the existing resource ${request.getName()} (${request.getType()}); put what it needs of it into the configuration`,
        ),
      ),
      registerPackage: this.unary<RegisterPackageRequest, RegisterPackageResponse>(
        refuse(
          (request) =>
            `parameterized package ${request.getParameterization()?.getName() ?? request.getName()} cannot be planned: its schema comes from a provider that plan does not start`,
        ),
      ),
      registerStackTransform: this.unary<Callback, Empty>(
        refuse(
          () => "stack transforms cannot be planned; use transformations or component arguments",
        ),
      ),
      registerStackInvokeTransform: this.unary<Callback, Empty>(
        refuse(() => `${pureFunction}, but it transforms invokes; remove the invokes`),
      ),
      // Hooks act when resources are created, changed or deleted, which a plan does not do.
      registerResourceHook: this.unary(() => new Empty()),
      registerErrorHook: this.unary(() => new Empty()),
    };
  }

  private unary<Request, Response>(
    answer: (request: Request) => Response | Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const run = async () => answer(call.request);
      this.pending += 1;
      this.idleSince = undefined;
      const answered = () => {
        this.pending -= 1;
        if (this.pending === 0) this.idleSince = Date.now();
      };
      run()
        .finally(answered)
        .then(
          (response) => {
            callback(null, response);
          },
          (error: unknown) => {
            const message = error instanceof Error ? error.message : String(error);
            for (const line of message.split("\n")) this.faults.add(line);
            callback({ code: status.INVALID_ARGUMENT, details: message });
          },
        );
    };
  }

  private async register(request: RegisterResourceRequest): Promise<RegisterResourceResponse> {
    const resource = this.resourceOf(request);
    // Default providers that this registration called for come first, as with the engine.
    for (const provider of this.newProviders.splice(0)) await this.admit(provider);
    this.add(resource);
    if (!resource.custom) this.rememberProviders(resource.urn, request);
    const replaced = await this.admit(resource);
    if (replaced !== undefined) {
      this.secrets.learn(replaced);
      resource.inputs = replaced;
      resource.outputs = replaced;
    }
    const response = new RegisterResourceResponse();
    response.setUrn(resource.urn);
    // A provider's id exists from the beginning, and its value is what the next run decides.
    if (isProviderType(resource.type)) response.setId(unknownValue);
    else if (resource.id !== undefined) response.setId(resource.id);
    // The stack and components show their outputs only after registerOutputs.
    response.setObject(Struct.fromJavaScript((resource.custom ? resource.outputs : {}) as never));
    return response;
  }

  private add(resource: StackResource): void {
    if (this.resources.has(resource.urn)) {
      throw new Refusal(
        `${resource.urn} is registered twice; give one of the two resources another name`,
      );
    }
    this.resources.set(resource.urn, resource);
  }

  private resourceOf(request: RegisterResourceRequest): StackResource {
    const type = request.getType();
    const name = request.getName();
    const sent = request.getObject()?.toJavaScript() ?? {};
    const inputs = recorded(sent, this.programDir) as PropertyMap;
    this.secrets.learn(inputs);
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
    const above = parent === undefined ? undefined : this.resources.get(parent);
    if (parent !== undefined && above === undefined) {
      throw new Refusal(`parent ${parent} of ${name} (${type}) must be registered before it`);
    }
    if (isProviderType(type)) this.completeProvider(inputs, request);
    const custom = request.getCustom();
    const provider =
      custom && !isProviderType(type) ? this.providerOf(request, parent, above) : undefined;
    const outputs = custom ? knownOutputs(inputs) : {};
    return {
      urn: newUrn(this.config.stack, this.config.project, parent, type, name),
      type,
      name,
      custom,
      inputs,
      outputs,
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
    above: StackResource | undefined,
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
    const urn = newUrn(this.config.stack, this.config.project, undefined, type, name);
    if (this.resources.has(urn)) return urn;
    const inputs = this.packageConfig(pkg);
    this.secrets.learn(inputs);
    this.completeProvider(inputs, request);
    const resource: StackResource = {
      urn,
      type,
      name,
      custom: true,
      inputs,
      outputs: knownOutputs(inputs),
      dependencies: [],
      propertyDependencies: {},
      options: {},
    };
    this.resources.set(urn, resource);
    this.newProviders.push(resource);
    return urn;
  }

  /** Configuration of a package's default provider: all keys in the package's namespace. */
  private packageConfig(pkg: string): PropertyMap {
    const secret = new Set(this.config.secretKeys);
    return Object.fromEntries(
      Object.entries(this.config.values)
        .filter(([key]) => key.startsWith(`${pkg}:`))
        .map(([key, text]) => [
          key.slice(pkg.length + 1),
          secret.has(key) ? makeSecret(text) : text,
        ]),
    );
  }

  private registerOutputs(request: RegisterResourceOutputsRequest): void {
    const urn = request.getUrn();
    const resource = this.resources.get(urn);
    if (resource === undefined) throw new Refusal(`${urn} must be registered before its outputs`);
    const outputs = recorded(request.getOutputs()?.toJavaScript() ?? {}, this.programDir);
    // The engine completes the stack's outputs only after the stack rules have run.
    this.secrets.learn(outputs);
    if (resource.type === stackType) {
      this.outputs = outputs as PropertyMap;
      this.complete = true;
    } else resource.outputs = outputs as PropertyMap;
  }
}
