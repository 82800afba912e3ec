import {
  Server,
  ServerCredentials,
  status,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

/** What stands in for a provider has in common with the others, whatever its resources are. */
export type Properties = Record<string, unknown>;

type Handler<Q, A> = (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>) => void;

/** Runs a call; what it throws becomes the call's error, in the words of `describe`. */
export function answer<Q, A>(
  handle: (request: Q) => A | Promise<A>,
  describe: (error: Error) => string = ({ message }) => message,
): Handler<Q, A> {
  return (call, callback) => {
    void (async () => handle(call.request))().then(
      (given) => callback(null, given),
      (error: Error) => callback({ code: status.UNKNOWN, details: describe(error) }),
    );
  };
}

/** The calls of a provider's life that every stand-in answers alike. */
export const common = {
  getPluginInfo: answer(() => new PluginInfo().setVersion("0.0.0")),
  getSchema: answer(() => new messages.GetSchemaResponse().setSchema("{}")),
  checkConfig: answer((request: messages.CheckRequest) =>
    new messages.CheckResponse().setInputs(request.getNews()),
  ),
  cancel: answer(() => new Empty()),
};

export function diffResponse(differs: boolean): messages.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  return new messages.DiffResponse().setChanges(differs ? DIFF_SOME : DIFF_NONE);
}

/** Names of the inputs that a change is about. */
export function changedInputs(request: messages.DiffRequest): string[] {
  const [olds, news] = [properties(request.getOldInputs()), properties(request.getNews())];
  return [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]),
  );
}

/** The type of a resource is the last of the types in its URN. */
export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

export function properties(value: Struct | undefined): Properties {
  return value?.toJavaScript() ?? {};
}

export function struct(value: Properties): Struct {
  const known = JSON.parse(JSON.stringify(value)) as Record<string, JavaScriptValue>;
  return Struct.fromJavaScript(known);
}

/** Structured provider configuration arrives as JSON text. */
export function decoded(value: unknown): unknown {
  return typeof value === "string" ? (JSON.parse(value) as unknown) : value;
}

/** Serves a plugin as the engine starts one: the port is the first line of its output. */
export function serve(
  calls: UntypedServiceImplementation,
  service: ServiceDefinition = ResourceProviderService,
): void {
  const server = new Server();
  server.addService(service, calls);
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(port);
  });
}
