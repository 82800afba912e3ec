// Preloaded by the processes that plan starts. Starting is most of what a plan takes, so this lets
// Node load TypeScript, as `-r tsx/cjs` does, with two differences.
/* oxlint-disable no-underscore-dangle, import/no-unassigned-import -- Node names the loader's parts so. */
const Module = require("node:module");
const { sep } = require("node:path");

const packages = `${sep}node_modules${sep}`;
const providers = `${packages}@pulumi${sep}`;
const sdk = `${providers}pulumi${sep}`;

// What the SDK requires at its start but needs only to serialize functions or to send traces:
// half of the time that it takes to load. Each is loaded when something of it is used.
const rarelyUsed = new Set([
  "./automation",
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

// A debugger session in every program, for the file names in messages about functions that cannot be
// serialized. Without it these messages lack the name.
const debuggerSession = "../../runtime/closure/v8Hooks";
const runner = `${sdk}cmd${sep}`;

// Without stack traces nobody sees the positions that source maps would correct, and reading the
// map of every file costs more than running the file.
const withoutStacks = Error.stackTraceLimit === 0;
const sourceMaps = "source-map-support/register";

// zod's messages in forty languages.
const translations = "../locales/index.cjs";

const load = Module._load;

function loadedOnUse(request, parent, isMain) {
  const loaded = () => load(request, parent, isMain);
  return new Proxy(
    {},
    {
      // Compiled imports ask for this key first; the answer keeps them from copying all others.
      get: (_, key) => (key === "__esModule" ? true : loaded()[key]),
      has: (_, key) => key in loaded(),
      ownKeys: () => Reflect.ownKeys(loaded()),
      getOwnPropertyDescriptor: (_, key) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(loaded(), key);
        return descriptor && { ...descriptor, configurable: true };
      },
    },
  );
}

// The index of a provider's SDK requires all of its modules, hundreds for AWS, of which a program uses a few.
function isProviderModule(request, file) {
  return request.startsWith("./") && file.endsWith(`${sep}index.js`) && isProviderIndex(file);
}

function isProviderIndex(file) {
  const start = file.lastIndexOf(providers);
  return start >= 0 && file.slice(start + providers.length).split(sep).length === 2;
}

// The SDK of policies unpacks the inputs of a resource once more for every policy. Policies only read them, so once
// is enough: half of the time that a pack takes.
const unpacking = "./deserialize";
const policyServer = `${providers}policy${sep}server.js`;

function unpackingOnce(module) {
  const unpacked = new WeakMap();
  const deserializeProperties = (properties, keepSecrets) => {
    // A remediation changes what it gets.
    if (keepSecrets) return module.deserializeProperties(properties, keepSecrets);
    const known = unpacked.get(properties);
    if (known) return known;
    const value = module.deserializeProperties(properties, keepSecrets);
    unpacked.set(properties, value);
    return value;
  };
  return { ...module, deserializeProperties };
}

Module._load = (request, parent, isMain) => {
  const file = parent?.filename ?? "";
  if (file.includes(sdk)) {
    if (rarelyUsed.has(request)) return loadedOnUse(request, parent, isMain);
    if (withoutStacks && request === sourceMaps) return {};
    if (request === debuggerSession && file.includes(runner)) {
      return { isInitializedAsync: () => Promise.resolve() };
    }
  } else if (request === unpacking && file.endsWith(policyServer)) {
    return unpackingOnce(load(request, parent, isMain));
  } else if (isProviderModule(request, file) || request === translations) {
    return loadedOnUse(request, parent, isMain);
  }
  return load(request, parent, isMain);
};

// The files of packages are JavaScript: handed to Node itself, they load in half the time that they
// take when each is looked into for TypeScript.
const loadScript = Module._extensions[".js"];
const resolveNatively = Module._resolveFilename;
require("tsx/cjs");
const loadWithTsx = Module._extensions[".js"];
const resolveWithTsx = Module._resolveFilename;

Module._extensions[".js"] = (module, file) =>
  file.includes(packages) ? loadScript(module, file) : loadWithTsx(module, file);

Module._resolveFilename = (request, parent, ...rest) => {
  const resolve = parent?.filename?.includes(packages) ? resolveNatively : resolveWithTsx;
  return resolve(request, parent, ...rest);
};

// Without stack traces nobody sees what source maps correct, and each costs time.
if (Error.stackTraceLimit === 0) process.setSourceMapsEnabled(false);
