// Preloaded by the processes that plan starts. Starting is most of what a plan takes, so this lets Node load TypeScript
// as `-r tsx/cjs` does, but leaves out what a plan does not need and keeps what does not change.
/* oxlint-disable no-underscore-dangle, import/no-unassigned-import -- Node names the loader's parts so. */
const Module = require("node:module");
const { sep } = require("node:path");
const { setFlagsFromString } = require("node:v8");
const { compiledBefore, openCache, resolvedBefore } = require("./compiled.cjs");
const { loadPackagesOnUse } = require("./on-use.cjs");

// V8 of Node 20 optimizes on a second thread what ran a few hundred times: a plan of hundreds of resources is over
// before that pays, and one of thousands still gets it with eight times the budget. Later versions wait by themselves.
if (process.versions.v8.startsWith("11.")) setFlagsFromString("--interrupt-budget=1000000");

const packages = ["", "node_modules", ""].join(sep);
const node = { load: Module._extensions[".js"], resolve: Module._resolveFilename };
let tsx;

/** What tsx makes of the loader. It takes as long to load as to translate, so it waits for a file that needs it. */
function withTsx() {
  if (tsx) return tsx;
  const { _extensions: extensions } = Module;
  const ours = { resolve: Module._resolveFilename, extensions: { ...extensions } };
  Module._resolveFilename = node.resolve;
  extensions[".js"] = node.load;
  delete extensions[".ts"];
  require("tsx/cjs");
  // Without stack traces nobody sees what source maps correct, and each costs time.
  if (Error.stackTraceLimit === 0) process.setSourceMapsEnabled(false);
  tsx = { load: extensions[".js"], resolve: Module._resolveFilename };
  Object.assign(extensions, ours.extensions);
  Module._resolveFilename = ours.resolve;
  return tsx;
}

function translate(module, file) {
  return withTsx().load(module, file);
}

/** The files of packages are JavaScript: Node loads them in half the time that it takes to look for TypeScript. */
function load(module, file) {
  return file.includes(packages) ? node.load(module, file) : translate(module, file);
}

function resolve(request, parent, ...rest) {
  try {
    return node.resolve(request, parent, ...rest);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND" || parent?.filename?.includes(packages)) throw error;
    return withTsx().resolve(request, parent, ...rest);
  }
}

loadPackagesOnUse();
const cache = openCache();
Module._resolveFilename = cache ? resolvedBefore(cache, resolve) : resolve;
Module._extensions[".js"] = cache ? compiledBefore(cache, load, translate) : load;
Module._extensions[".ts"] = Module._extensions[".js"];
