// Keeps what V8 made of the packages' files from run to run: compiling them is a third of what a process of a plan does
// before it works. Where anything is not as expected the files are compiled as usual.
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { basename, dirname, join } = require("node:path");
const { deserialize, serialize } = require("node:v8");
const { Script, constants } = require("node:vm");

const root = join(__dirname, "..");
// Rarely more is loaded after this pause; a process that is ended from outside has saved by then.
const quietMilliseconds = 200;

/** The file for this entry, this Node and these packages: npm writes the hidden lock file at every installation. */
function cacheFile() {
  try {
    const packages = readFileSync(join(root, "node_modules/.package-lock.json"));
    const hash = createHash("sha256").update(process.version).update(packages);
    hash.update(process.execArgv.join("\0")).update(process.argv[1] ?? "");
    const name = `${basename(process.argv[1] ?? "node")}-${hash.digest("hex").slice(0, 16)}`;
    return join(root, ".cache/compiled", name);
  } catch {
    return undefined;
  }
}

function readCache(file) {
  try {
    return deserialize(readFileSync(file));
  } catch {
    return new Map();
  }
}

function writeCache(file, entries) {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, serialize(entries));
    renameSync(draft, file);
  } catch {
    // A folder that cannot be written to costs time, and nothing else.
  }
}

function requireOf(module) {
  const require = (id) => module.require(id);
  require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  require.main = process.mainModule;
  require.extensions = Module._extensions;
  require.cache = Module._cache;
  return require;
}

function compiled(source, filename, cachedData) {
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  try {
    return new Script(Module.wrap(source), { filename, cachedData, importModuleDynamically });
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Loads JavaScript files as `loadScript` does, from the cache where it has them. */
exports.loader = (loadScript) => {
  const file = constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER ? cacheFile() : undefined;
  if (file === undefined) return loadScript;
  const known = readCache(file);
  const fresh = new Map();
  let timer;
  const save = () => {
    if (fresh.size === 0) return;
    for (const [path, { script, stamp }] of fresh) {
      known.set(path, { stamp, data: script.createCachedData() });
    }
    fresh.clear();
    writeCache(file, known);
  };
  process.on("exit", save);
  const saveSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(save, quietMilliseconds).unref();
  };

  return (module, path) => {
    const { mtimeMs, size } = statSync(path);
    const stamp = `${mtimeMs} ${size}`;
    const entry = known.get(path);
    const cachedData = entry?.stamp === stamp ? entry.data : undefined;
    const source = readFileSync(path, "utf8").replace(/^#!.*/, "");
    const script = compiled(source, path, cachedData);
    // An ES module, which Node takes by `require` as well, but not as a script.
    if (script === undefined) return loadScript(module, path);
    if (cachedData === undefined || script.cachedDataRejected) {
      fresh.set(path, { script, stamp });
      saveSoon();
    }
    const run = script.runInThisContext();
    const { exports } = module;
    return run.call(exports, exports, requireOf(module), module, path, dirname(path));
  };
};
