// Preloaded by the processes that plan starts. Starting is most of what a plan takes, so this lets
// Node load TypeScript, as `-r tsx/cjs` does, with two differences.
/* oxlint-disable no-underscore-dangle, import/no-unassigned-import -- Node names the loader's parts so. */
const Module = require("node:module");
const { sep } = require("node:path");

const packages = ["", "node_modules", ""].join(sep);
const sdk = ["", "node_modules", "@pulumi", "pulumi", ""].join(sep);

// What the SDK requires at its start but needs only to serialize functions or to send traces:
// a third of the time that it takes to load. Each is loaded when something of it is used.
const rarelyUsed = new Set([
  "./automation",
  "typescript",
  "@npmcli/arborist",
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
]);

// The SDK's own reader of source maps does not find those of tsx, so it would show wrong lines, and
// it reads the maps of the SDK at each start. Node's reader, which tsx turns on, does both better.
const sourceMaps = "source-map-support/register";

const load = Module._load;

function loadedOnUse(request, parent, isMain) {
  return new Proxy(
    {},
    {
      // Compiled imports ask for this key first; the answer keeps them from copying all others.
      get: (_, key) => (key === "__esModule" ? true : load(request, parent, isMain)[key]),
      has: (_, key) => key in load(request, parent, isMain),
    },
  );
}

Module._load = (request, parent, isMain) => {
  if (parent?.filename?.includes(sdk)) {
    if (rarelyUsed.has(request)) return loadedOnUse(request, parent, isMain);
    if (request === sourceMaps) return {};
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
