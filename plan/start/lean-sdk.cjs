// Takes from the SDK in a program's process what it does for each resource for the sake of an engine or of a debugger:
// a third of the time that a program takes.
const path = require("node:path");

const sdk = path.join("@pulumi", "pulumi", path.sep);
const registrations = path.join(sdk, "runtime", "resource.js");
/** The release whose parts are known here. Any other runs as it is. */
const known = "3.248.0";
const versions = new Map();

/** True for a file of the known release. */
function isKnown(file, load) {
  const start = file.lastIndexOf(sdk);
  if (start < 0) return false;
  const folder = file.slice(0, start + sdk.length);
  if (!versions.has(folder)) versions.set(folder, load(path.join(folder, "version.js")).version);
  return versions.get(folder) === known;
}

/** Promises that are never settled are counted as ever; the stack trace of each would be empty. */
function countPromises(debuggable, { getStore }) {
  const { debuggablePromise } = debuggable;
  let counting = false;
  debuggable.debuggablePromise = (promise, context) => {
    // With the first the SDK begins to wait for the end of the process.
    if (!counting) {
      counting = true;
      return debuggablePromise(promise, context);
    }
    const store = getStore();
    store.leakCandidates.add(promise);
    return promise
      .then((value) => {
        store.leakCandidates.delete(promise);
        return value;
      })
      .catch((error) => {
        store.leakCandidates.delete(promise);
        error.promise = promise;
        throw error;
      });
  };
}

const lean = new WeakSet();

function once(module, change) {
  if (!lean.has(module)) change();
  lean.add(module);
}

/** What `request` gives a file of the SDK, where `load` loads it. */
function leanModule(request, file, load) {
  const loaded = load(request);
  if (request.endsWith("/struct_pb") && file.endsWith(registrations)) {
    const { unpackedStruct } = require("../unpacked-struct.ts");
    return { ...loaded, Struct: { fromJavaScript: unpackedStruct } };
  }
  if (request === "./debuggable") once(loaded, () => countPromises(loaded, load("./state")));
  // Where in a program a resource is made is for an engine to know.
  if (/^\.\.?\/resource$/.test(request) && loaded.Resource)
    once(loaded, () => Object.assign(loaded.Resource, { callsites: () => [] }));
  return loaded;
}

module.exports = { isKnown, leanModule };
