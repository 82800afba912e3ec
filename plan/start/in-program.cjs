// Preloaded by the process of a program: its SDK finds the monitor in the same process in place of a connection to one.
/* oxlint-disable no-underscore-dangle -- Node names the loader's parts so. */
const Module = require("node:module");
const path = require("node:path");
const { isKnown, leanModule } = require("./lean-sdk.cjs");

const sdk = path.join("@pulumi", "pulumi", path.sep);
const settings = path.join(sdk, "runtime", "settings.js");
const client = /^\.\.\/proto\/resource_grpc_pb(\.js)?$/;
const callbacks = /^\.\/callbacks(\.js)?$/;

// Credentials are made for the connection only, and what makes them takes long to load.
const credentials = { createInsecure: () => undefined };

let monitor;

function makeMonitor(address) {
  const { ResourceMonitor } = require("../monitor.ts");
  const { MonitorLink } = require("../monitor-link.ts");
  // Arguments of a process are for everybody to read, so the configuration is not among them.
  const { PULUMI_CONFIG: values, PULUMI_CONFIG_SECRET_KEYS: secretKeys } = process.env;
  const config = { values: JSON.parse(values), secretKeys: JSON.parse(secretKeys) };
  return new ResourceMonitor({ ...JSON.parse(address), ...config }, new MonitorLink());
}

/** The one monitor, which each copy of the SDK in a program makes as it makes a client: with an address. */
function monitorAt(address) {
  monitor ??= makeMonitor(address);
  return monitor;
}

/**
 * What an engine calls back is served by the SDK. A plan calls no hooks back, as these act when resources are created,
 * changed or deleted; a server for them would take longer to start than a program does.
 */
function withoutHooks(loaded) {
  function CallbackServer(target) {
    let server;
    const served =
      (name) =>
      (...args) => {
        server ??= new loaded.CallbackServer(target);
        return server[name](...args);
      };
    return {
      registerResourceHook: () => Promise.resolve(),
      registerErrorHook: () => Promise.resolve(),
      registerTransform: served("registerTransform"),
      registerStackTransform: served("registerStackTransform"),
      registerStackInvokeTransform: served("registerStackInvokeTransform"),
      awaitStackRegistrations: () => server?.awaitStackRegistrations(),
      shutdown: () => server?.shutdown(),
    };
  }
  return { __esModule: true, CallbackServer };
}

const loadNow = Module._load;

function loadOfSdk(request, parent) {
  const load = (wanted) => loadNow(wanted, parent, false);
  // Whoever looks for the place of a fault wants to see all of it.
  const lean = Error.stackTraceLimit === 0 && isKnown(parent.filename, load);
  return lean ? leanModule(request, parent.filename, load) : load(request);
}

Module._load = (request, parent, isMain) => {
  const file = parent?.filename ?? "";
  if (!file.endsWith(settings))
    return file.includes(sdk) ? loadOfSdk(request, parent) : loadNow(request, parent, isMain);
  if (client.test(request)) return { __esModule: true, ResourceMonitorClient: monitorAt };
  const loaded = loadNow(request, parent, isMain);
  if (callbacks.test(request)) return withoutHooks(loaded);
  return request === "@grpc/grpc-js"
    ? Object.create(loaded, { credentials: { value: credentials } })
    : loaded;
};
