import {
  Server,
  ServerCredentials,
  status,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import {
  create,
  diff,
  missingInputs,
  previewCreate,
  previewUpdate,
  read,
  remove,
  update,
} from "./cloud";
import { AwsError, isObject, type Scope } from "./row";
import { changeWorld, readWorld, type Properties } from "./world";

/** Environment variable that names the file of the world. */
export const worldVariable = "DRAWBRIDGE_REHEARSAL_WORLD";

/**
 * The stand-in as a Pulumi resource provider: it translates the engine's calls and decides nothing itself.
 * `check` gives the inputs back as they came, so that what the program registered can be held against the plan.
 */
class StandIn {
  private scope: Scope = { region: "", defaultTags: {} };

  constructor(private readonly worldFile: string) {}

  /** The calls of a provider's life. */
  lifecycle() {
    return {
      getPluginInfo: answer(() => new PluginInfo().setVersion("0.0.0")),
      getSchema: answer(() => new messages.GetSchemaResponse().setSchema("{}")),
      checkConfig: answer((request: messages.CheckRequest) =>
        new messages.CheckResponse().setInputs(request.getNews()),
      ),
      diffConfig: answer((request: messages.DiffRequest) => configDiff(request)),
      configure: answer((request: messages.ConfigureRequest) => this.configure(request)),
      cancel: answer(() => new Empty()),
    };
  }

  /** The calls on one resource. */
  resources() {
    return {
      check: answer((request: messages.CheckRequest) => check(request)),
      diff: answer((request: messages.DiffRequest) => difference(request)),
      create: answer((request: messages.CreateRequest) => this.create(request)),
      read: answer((request: messages.ReadRequest) => this.read(request)),
      update: answer((request: messages.UpdateRequest) => this.update(request)),
      delete: answer((request: messages.DeleteRequest) => this.delete(request)),
    };
  }

  private configure(request: messages.ConfigureRequest): messages.ConfigureResponse {
    const args = properties(request.getArgs());
    const { accountId } = readWorld(this.worldFile);
    const allowed = decoded(args["allowedAccountIds"]);
    if (Array.isArray(allowed) && !allowed.includes(accountId)) {
      throw new AwsError("AccountNotAllowed", `AWS account ID not allowed: ${accountId}`);
    }
    const tags = decoded(args["defaultTags"]);
    const defaultTags = isObject(tags) && isObject(tags["tags"]) ? tags["tags"] : {};
    this.scope = {
      region: String(args["region"]),
      defaultTags: defaultTags as Record<string, string>,
    };
    return new messages.ConfigureResponse()
      .setAcceptsecrets(false)
      .setSupportspreview(true)
      .setAcceptresources(false)
      .setAcceptoutputs(false);
  }

  private create(request: messages.CreateRequest): messages.CreateResponse {
    const wanted = wantedOf(request.getUrn(), request.getProperties());
    if (request.getPreview()) {
      const outputs = previewCreate(readWorld(this.worldFile), this.scope, wanted);
      return new messages.CreateResponse().setProperties(struct(outputs));
    }
    const { id, outputs } = changeWorld(this.worldFile, (world) =>
      create(world, this.scope, wanted),
    );
    return new messages.CreateResponse().setId(id).setProperties(struct(outputs));
  }

  private read(request: messages.ReadRequest): messages.ReadResponse {
    const { type } = wantedOf(request.getUrn(), undefined);
    const found = read(readWorld(this.worldFile), this.scope, type, request.getId());
    // An empty id says that it is gone.
    if (found === undefined) return new messages.ReadResponse();
    // The provider knows which inputs the program gave: what it made up, such as a name, is not one of them.
    const given = Object.keys(properties(request.getInputs()));
    const inputs = Object.entries(found.inputs).filter(([key]) => given.includes(key));
    return new messages.ReadResponse()
      .setId(request.getId())
      .setProperties(struct(found.outputs))
      .setInputs(struct(Object.fromEntries(inputs)));
  }

  private update(request: messages.UpdateRequest): messages.UpdateResponse {
    const wanted = { ...wantedOf(request.getUrn(), request.getNews()), id: request.getId() };
    const outputs = request.getPreview()
      ? previewUpdate(readWorld(this.worldFile), this.scope, wanted)
      : changeWorld(this.worldFile, (world) => update(world, this.scope, wanted));
    return new messages.UpdateResponse().setProperties(struct(outputs));
  }

  private delete(request: messages.DeleteRequest): Empty {
    const { type } = wantedOf(request.getUrn(), undefined);
    changeWorld(this.worldFile, (world) => [remove(world, type, request.getId()), undefined]);
    return new Empty();
  }
}

function check(request: messages.CheckRequest): messages.CheckResponse {
  const { type, inputs } = wantedOf(request.getUrn(), request.getNews());
  const failures = missingInputs(type, inputs).map((property) =>
    new messages.CheckFailure().setProperty(property).setReason("is required"),
  );
  return new messages.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
}

function difference(request: messages.DiffRequest): messages.DiffResponse {
  const { type } = wantedOf(request.getUrn(), undefined);
  const [olds, news] = [properties(request.getOldInputs()), properties(request.getNews())];
  const { changed, replaces, deleteBeforeReplace } = diff(type, olds, news);
  return diffResponse(changed.length > 0)
    .setDiffsList(changed)
    .setReplacesList(replaces)
    .setDeletebeforereplace(deleteBeforeReplace);
}

/** Another region is another provider; all else of its configuration changes in place. */
function configDiff(request: messages.DiffRequest): messages.DiffResponse {
  const [olds, news] = [properties(request.getOldInputs()), properties(request.getNews())];
  const changed = JSON.stringify(olds) !== JSON.stringify(news);
  const replaces = olds["region"] === news["region"] ? [] : ["region"];
  return diffResponse(changed).setReplacesList(replaces);
}

function diffResponse(changed: boolean): messages.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  return new messages.DiffResponse().setChanges(changed ? DIFF_SOME : DIFF_NONE);
}

/** Type and inputs of a resource; the type is the last of the types in its URN. */
function wantedOf(urn: string, inputs: Struct | undefined) {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  return { type, urn, inputs: properties(inputs) };
}

function properties(value: Struct | undefined): Properties {
  return value?.toJavaScript() ?? {};
}

function struct(value: Properties): Struct {
  const plain = JSON.parse(JSON.stringify(value)) as Record<string, JavaScriptValue>;
  return Struct.fromJavaScript(plain);
}

/** Structured provider configuration arrives as JSON text. */
function decoded(value: unknown): unknown {
  return typeof value === "string" ? (JSON.parse(value) as unknown) : value;
}

type Handler<Q, A> = (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>) => void;

/** Runs a call; what it throws becomes the call's error, with a stack only where the stand-in itself is at fault. */
function answer<Q, A>(handle: (request: Q) => A): Handler<Q, A> {
  return (call, callback) => {
    try {
      callback(null, handle(call.request));
    } catch (error) {
      const refusal = error as Error;
      const details = refusal instanceof AwsError ? refusal.message : (refusal.stack ?? "");
      callback({ code: status.UNKNOWN, details });
    }
  };
}

function main(): void {
  const worldFile = process.env[worldVariable];
  if (worldFile === undefined) throw new Error(`${worldVariable} must name the file of the world`);
  const standIn = new StandIn(worldFile);
  const server = new Server();
  server.addService(ResourceProviderService, { ...standIn.lifecycle(), ...standIn.resources() });
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    // The engine reads the port from the first line.
    console.log(port);
  });
}

if (require.main === module) main();
