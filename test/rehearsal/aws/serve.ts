import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import {
  answer as answerAs,
  common,
  decoded,
  diffResponse,
  properties,
  serve,
  struct,
  typeOf,
} from "../provider";
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
import { changeWorld, readWorld } from "./world";

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
      ...common,
      diffConfig: answer((request: messages.DiffRequest) => configDiff(request)),
      configure: answer((request: messages.ConfigureRequest) => this.configure(request)),
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

/** Type and inputs of a resource. */
function wantedOf(urn: string, inputs: Struct | undefined) {
  return { type: typeOf(urn), urn, inputs: properties(inputs) };
}

/** Runs a call; an error shows its stack only where the stand-in itself is at fault. */
function answer<Q, A>(handle: (request: Q) => A) {
  return answerAs(handle, (error) =>
    error instanceof AwsError ? error.message : (error.stack ?? ""),
  );
}

function main(): void {
  const worldFile = process.env[worldVariable];
  if (worldFile === undefined) throw new Error(`${worldVariable} must name the file of the world`);
  const standIn = new StandIn(worldFile);
  serve({ ...standIn.lifecycle(), ...standIn.resources() });
}

if (require.main === module) main();
