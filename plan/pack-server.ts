import type { Policies, PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import type { AnalyzeResponse, PolicyNotApplicable } from "@pulumi/pulumi/proto/analyzer_pb";
import {
  addedInfo,
  analyzeRequest,
  analyzeStackRequest,
  packedResponse,
} from "./analyzer-protocol";
import type { PropertyMap } from "./property-values";
import { decoded, encoded, struct } from "./wire";
import type { Message } from "./wire";

type Policy = Policies[number];
/** A method of the SDK's server, which reads nothing else of a call. */
type Handler = (call: { request: unknown }, answer: (...given: unknown[]) => void) => unknown;
/** What the SDK makes a handler of. */
type Pack = [name: string, version: string, level: string, policies: readonly Policy[]];

/** The parts of the server of @pulumi/policy that a pack was loaded with. */
interface PolicyServer {
  makeAnalyzeRpcFun(...pack: Pack): Handler;
  makeAnalyzeStackRpcFun(...pack: Pack): Handler;
}

type Request = Message<typeof analyzeRequest>;
type StackRequest = Message<typeof analyzeStackRequest>;

/** The properties of a resource as bytes, which are read when somebody needs them. */
interface Unread {
  readonly bytes: Uint8Array;
  toJavaScript(): PropertyMap;
}

const unread = new Map<string, Unread>();

/** Each resource brings the properties of its provider again, and the stack those of all. */
function unreadProperties(urn: string, bytes: Uint8Array): Unread {
  const known = unread.get(urn);
  if (known && Buffer.compare(known.bytes, bytes) === 0) return known;
  const properties = { bytes, toJavaScript: () => decoded(struct, bytes) };
  unread.set(urn, properties);
  return properties;
}

function identity({ type, properties, urn, name }: NonNullable<Request["provider"]>) {
  const unpacked = properties && unreadProperties(urn, properties);
  return {
    getType: () => type,
    getProperties: () => unpacked,
    getUrn: () => urn,
    getName: () => name,
  };
}

function options(given: NonNullable<Request["options"]>) {
  const { customTimeouts } = given;
  const timeouts = customTimeouts && {
    getCreate: () => customTimeouts.create,
    getUpdate: () => customTimeouts.update,
    getDelete: () => customTimeouts.delete,
  };
  return {
    getProtect: () => given.protect,
    getIgnorechangesList: () => given.ignoreChanges,
    getAliasesList: () => given.aliases,
    getCustomtimeouts: () => timeouts,
    getAdditionalsecretoutputsList: () => given.additionalSecretOutputs,
    getDeletebeforereplacedefined: () => given.deleteBeforeReplaceDefined,
    getDeletebeforereplace: () => given.deleteBeforeReplace,
    getParent: () => given.parent,
  };
}

/** A request with the methods by which the SDK's handlers read it. */
function readable(request: Request) {
  const given = request.options && options(request.options);
  const provider = request.provider && identity(request.provider);
  return { ...identity(request), getOptions: () => given, getProvider: () => provider };
}

function readableInStack(resource: StackRequest["resources"][number]) {
  const byProperty = new Map(
    resource.propertyDependencies
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ key, value }) => [key, { getUrnsList: () => value?.urns ?? [] }]),
  );
  return {
    ...readable(resource),
    getParent: () => resource.parent,
    getDependenciesList: () => resource.dependencies,
    getPropertydependenciesMap: () => byProperty,
  };
}

const excusesByText = new Map<string, Uint8Array>();

/** That a policy does not apply: the same for all resources of a type. */
function packedExcuse(excuse: PolicyNotApplicable): Uint8Array {
  const key = `${excuse.getPolicyName()}\n${excuse.getReason()}`;
  const known = excusesByText.get(key) ?? excuse.serializeBinary();
  excusesByText.set(key, known);
  return known;
}

function packed(response: AnalyzeResponse): Buffer {
  return encoded(packedResponse, {
    diagnostics: response.getDiagnosticsList().map((said) => said.serializeBinary()),
    notApplicable: response.getNotApplicableList().map(packedExcuse),
  });
}

/** A policy whose function is marked with types: one by the SDK, which asks it about no other, several by a pack. */
interface Marked {
  policy: Policy;
  types: readonly string[];
  bySdk: boolean;
}

function markedWith(policy: Policy): Marked | undefined {
  const validate = "validateResource" in policy ? policy.validateResource : undefined;
  const marks = typeof validate === "function" ? marksOf(validate) : undefined;
  return marks && { policy, ...marks };
}

function marksOf(validate: object): Omit<Marked, "policy"> | undefined {
  const { __pulumiType: type, types } = validate as { __pulumiType?: string; types?: string[] };
  if (type !== undefined) return { types: [type], bySdk: true };
  return types && { types, bySdk: false };
}

/** The only types of which policies correct resources; undefined when there is a policy that may correct any. */
function correctedTypes(policies: readonly Policy[]): string[] | undefined {
  const marks = policies.flatMap((policy) => {
    const correct = "remediateResource" in policy ? policy.remediateResource : undefined;
    return correct ? [marksOf(correct)] : [];
  });
  const types = marks.flatMap((mark) => mark?.types ?? []);
  return marks.every((mark) => mark !== undefined) ? [...new Set(types)] : undefined;
}

/** The policies that are asked about resources of a type, and what the others say: that they do not apply. */
interface Concerned {
  ask: Handler;
  excuses: Buffer;
}

/** What is known until the pack is configured anew. */
interface Known {
  /** What marked policies say of other types, by their names. */
  excuses: Map<string, Uint8Array>;
  /** By type. */
  concerned: Map<string, Concerned>;
}

/**
 * Judges resources with the SDK's handler. A policy that is marked with types always says the same of resources of other
 * types, so it is asked about one of them.
 */
class ResourceAnalysis {
  private readonly marked: readonly Marked[];
  private known!: Known;

  constructor(
    private readonly server: PolicyServer,
    private readonly pack: Pack,
  ) {
    const [, , , policies] = pack;
    this.marked = policies.flatMap((policy) => markedWith(policy) ?? []);
    this.forget();
  }

  forget(): void {
    this.known = { excuses: new Map(), concerned: new Map() };
  }

  readonly analyze: Handler = ({ request }, answer) => {
    const { known } = this;
    const type = (request as ReturnType<typeof readable>).getType();
    const { ask, excuses } = this.concernedWith(type, known);
    return ask({ request }, (error, response) => {
      if (error) return answer(error);
      const said = response as AnalyzeResponse;
      this.learn(type, said, known);
      // Two messages, one after the other, are one with the lists of both.
      return answer(undefined, Buffer.concat([packed(said), excuses]));
    });
  };

  /** Takes note of the excuses of marked policies that are heard for the first time. */
  private learn(type: string, said: AnalyzeResponse, { excuses, concerned }: Known): void {
    const heard = new Map(said.getNotApplicableList().map((one) => [one.getPolicyName(), one]));
    for (const { policy, types } of this.marked) {
      const excuse = heard.get(policy.name);
      if (!excuse || types.includes(type) || excuses.has(policy.name)) continue;
      excuses.set(policy.name, packedExcuse(excuse));
      concerned.clear();
    }
  }

  private concernedWith(type: string, { excuses, concerned }: Known): Concerned {
    const before = concerned.get(type);
    if (before) return before;
    const [name, version, level, policies] = this.pack;
    const others = this.marked.filter(
      ({ policy, types }) => excuses.has(policy.name) && !types.includes(type),
    );
    // A pack may keep what it is asked about, so it is asked about every resource that the SDK would ask it about.
    const first = others.find(({ bySdk }) => !bySdk);
    const unasked = others.filter((other) => other !== first).map(({ policy }) => policy);
    const asked = policies.filter((policy) => !unasked.includes(policy));
    const now: Concerned = {
      ask: this.server.makeAnalyzeRpcFun(name, version, level, asked),
      excuses: encoded(packedResponse, {
        diagnostics: [],
        notApplicable: unasked.flatMap((policy) => excuses.get(policy.name) ?? []),
      }),
    };
    concerned.set(type, now);
    return now;
  }
}

function isStackPolicy(policy: Policy): policy is StackValidationPolicy {
  return "validateStack" in policy && typeof policy.validateStack === "function";
}

/** `policy` with another function, which is marked with the same type. */
function withValidation(
  policy: StackValidationPolicy,
  validate: StackValidationPolicy["validateStack"],
): StackValidationPolicy {
  const validateStack = Object.assign(validate, policy.validateStack);
  return Object.assign(Object.create(policy) as object, policy, { validateStack });
}

/**
 * Judges a stack with the SDK's handler, which builds all resources anew for every policy. It finds them in the list
 * until the first policy has them, and the others are shown the same, since policies only read them.
 */
function analyzeStack(server: PolicyServer, [name, version, level, policies]: Pack): Handler {
  return ({ request }, answer) => {
    const resources = (request as StackRequest).resources.map(readableInStack);
    let shown: readonly PolicyResource[] | undefined;
    const list = {
      some: resources.some.bind(resources),
      [Symbol.iterator]: () => (shown ? [] : resources).values(),
    };
    const sharing = policies.map((policy) => {
      if (!isStackPolicy(policy)) return policy;
      return withValidation(policy, (args, report) => {
        shown ??= args.resources;
        return policy.validateStack({ ...args, resources: [...shown] }, report);
      });
    });
    const handle = server.makeAnalyzeStackRpcFun(name, version, level, sharing);
    return handle({ request: { getResourcesList: () => list } }, answer);
  };
}

/** A promise that a policy left rejected ends the process before the answer, so the call is known that did it. */
function settled(handle: Handler): Handler {
  return (call, answer) => handle(call, (...given) => setImmediate(answer, ...given));
}

/** The handlers that the SDK serves a pack with, where policies share what is the same for all of them. */
export function sharingHandlers(
  server: PolicyServer,
  pack: Pack,
  handlers: Record<"configure" | "analyze" | "analyzeStack", Handler>,
): Record<string, Handler> {
  const analysis = new ResourceAnalysis(server, pack);
  const configure: Handler = (call, answer) => {
    analysis.forget();
    return handlers.configure(call, answer);
  };
  const { analyze } = analysis;
  const ours = { ...handlers, configure, analyze, analyzeStack: analyzeStack(server, pack) };
  return Object.fromEntries(Object.entries(ours).map(([name, handle]) => [name, settled(handle)]));
}

interface Methods {
  analyze: object;
  analyzeStack: object;
  getAnalyzerInfo: object;
}

/** gRPC's description of the SDK's methods, with messages that are read and written without google-protobuf. */
export function quickMethods(methods: Methods, [, , , policies]: Pack): object {
  const types = correctedTypes(policies);
  const added = encoded(addedInfo, { corrected: types && { types } });
  return {
    ...methods,
    getAnalyzerInfo: {
      ...methods.getAnalyzerInfo,
      // Two messages, one after the other, are one with the fields of both.
      responseSerialize: (info: { serializeBinary(): Uint8Array }) =>
        Buffer.concat([info.serializeBinary(), added]),
    },
    analyze: {
      ...methods.analyze,
      requestDeserialize: (bytes: Uint8Array) => readable(decoded(analyzeRequest, bytes)),
      responseSerialize: (bytes: Buffer) => bytes,
    },
    analyzeStack: {
      ...methods.analyzeStack,
      requestDeserialize: (bytes: Uint8Array) => decoded(analyzeStackRequest, bytes),
      responseSerialize: packed,
    },
  };
}
