// Loads what packages require at their start but a plan rarely needs when something of it is used, or not at all.
/* oxlint-disable no-underscore-dangle -- Node names the loader's parts so. */
const Module = require("node:module");
const { sep } = require("node:path");

const providers = ["", "node_modules", "@pulumi", ""].join(sep);
const sdk = `${providers}pulumi${sep}`;

// What the SDK needs only to serialize functions, to send traces, to drive other programs and to speak with an engine
// itself: most of its start.
const rarelyUsed = new Set([
  "./automation",
  "@grpc/grpc-js",
  "../proto/callback_grpc_pb",
  "../proto/engine_grpc_pb",
  "../proto/plugin_grpc_pb",
  "../proto/provider_grpc_pb",
  "../proto/resource_grpc_pb",
  "typescript",
  "normalize-package-data",
  "semver",
  "@npmcli/arborist",
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
]);

// zod's messages in forty languages.
const translations = "../locales/index.cjs";

// The SDK's own reader of source maps does not find those of tsx, so it would show wrong lines, and it reads the maps
// of the SDK at each start. Node's reader, which tsx turns on, does both better.
const sourceMaps = "source-map-support/register";

// A debugger session in every program, for the file names in messages about functions that cannot be serialized.
// Without it these messages lack the name.
const debuggerSession = "../../runtime/closure/v8Hooks";
const runner = `${sdk}cmd${sep}`;

// The SDK of policies unpacks the inputs of a resource once more for every policy.
const unpacking = "./deserialize";
const policyServer = `${providers}policy${sep}server.js`;

function loadedOnUse(load) {
  return new Proxy(
    {},
    {
      // Compiled imports ask for this key first; the answer keeps them from copying all others.
      get: (_, key) => (key === "__esModule" ? true : load()[key]),
      has: (_, key) => key in load(),
      ownKeys: () => Reflect.ownKeys(load()),
      getOwnPropertyDescriptor: (_, key) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(load(), key);
        return descriptor && { ...descriptor, configurable: true };
      },
    },
  );
}

/** The index of a provider's SDK requires all of its modules, hundreds for AWS, of which a program uses a few. */
function isProviderModule(request, file) {
  const start = file.lastIndexOf(providers);
  const [, within, ...deeper] = start < 0 ? [] : file.slice(start + providers.length).split(sep);
  return within === "index.js" && deeper.length === 0 && request.startsWith("./");
}

/** Policies only read what is unpacked for them, so once is enough: half of the time that a pack takes. */
function unpackingOnce(module) {
  const unpacked = new WeakMap();
  const deserializeProperties = (properties, keepSecrets) => {
    // A remediation changes what it gets.
    if (keepSecrets) return module.deserializeProperties(properties, keepSecrets);
    const value = unpacked.get(properties) ?? module.deserializeProperties(properties, keepSecrets);
    unpacked.set(properties, value);
    return value;
  };
  return { ...module, deserializeProperties };
}

function loadOfSdk(request, file, load) {
  if (rarelyUsed.has(request)) return loadedOnUse(load);
  if (request === sourceMaps) return {};
  if (request === debuggerSession && file.startsWith(runner, file.lastIndexOf(sdk))) {
    return { isInitializedAsync: () => Promise.resolve() };
  }
  return load();
}

/** Changes how this process loads packages, from here on. */
function loadPackagesOnUse() {
  const loadNow = Module._load;
  Module._load = (request, parent, isMain) => {
    const file = parent?.filename ?? "";
    const load = () => loadNow(request, parent, isMain);
    if (file.includes(sdk)) return loadOfSdk(request, file, load);
    if (request === unpacking && file.endsWith(policyServer)) return unpackingOnce(load());
    if (request === translations || isProviderModule(request, file)) return loadedOnUse(load);
    return load();
  };
}

module.exports = { loadPackagesOnUse };
