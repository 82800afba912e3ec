// Keeps from run to run what TypeScript was translated to and what V8 compiled: half of what a process of a plan does
// before it works. A file is known by its time and size, a package also by npm's lock file. Whatever is not as expected
// is loaded as usual, and a folder that cannot be written to costs time and nothing else.
/* oxlint-disable no-underscore-dangle -- Node names the loader's parts so. */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { deserialize, serialize } = require("node:v8");
const { Script, constants } = require("node:vm");

const root = path.join(__dirname, "../..");
const packages = path.join(root, "node_modules", path.sep);
// Rarely more is loaded after this pause; a process that is ended from outside has saved by then.
const quietMilliseconds = 200;

/** What the content of the cache depends on, beside the files: Node and its flags, the translator and its settings. */
function cacheKey() {
  const hash = createHash("sha256").update(process.version + process.execArgv.join(" "));
  const files = [__filename, "node_modules/.package-lock.json", "tsconfig.json"];
  for (const file of files) hash.update(readFileSync(path.resolve(root, file)));
  return hash.digest("hex");
}

/** One file for each entry and folder, so that a cache is replaced when it is out of date. */
function cacheFile() {
  const entry = process.argv[1] ?? "";
  const hash = createHash("sha256").update(`${entry} ${process.cwd()}`);
  const name = hash.digest("hex").slice(0, 12);
  return path.join(root, ".cache/compiled", `${path.basename(entry)}-${name}`);
}

function readCache(file, key) {
  try {
    const cache = deserialize(readFileSync(file));
    if (cache.key === key) return cache;
  } catch {
    // None was written yet, or another version of Node wrote it.
  }
  return { key, files: new Map(), resolved: new Map() };
}

function writeCache(file, cache) {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const draft = [file, process.pid].join(".");
    writeFileSync(draft, serialize(cache));
    renameSync(draft, file);
  } catch {
    // The next run compiles again.
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

function run(script, module, file) {
  const { exports } = module;
  script
    .runInThisContext()
    .call(exports, exports, requireOf(module), module, file, path.dirname(file));
}

function compile(code, filename, cachedData) {
  return new Script(Module.wrap(code.replace(/^#!.*/, "")), {
    filename,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function stampOf(file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "missing" : `${stat.mtimeMs} ${stat.size}`;
}

/** Files that this process compiled, and the cache that they go to. */
class Cache {
  constructor(file, key) {
    this.file = file;
    this.known = readCache(file, key);
    this.fresh = new Map();
    process.on("exit", () => this.save());
  }

  /** The script of a file that has not changed since it was compiled. */
  script(file) {
    const entry = this.known.files.get(file);
    if (entry?.stamp !== stampOf(file)) return undefined;
    const script = compile(entry.code, file, entry.data);
    if (script.cachedDataRejected) this.add(file, entry.code, script);
    return script;
  }

  add(file, code, script) {
    this.fresh.set(file, { stamp: stampOf(file), code, script });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), quietMilliseconds).unref();
  }

  save() {
    if (this.fresh.size === 0) return;
    for (const [file, { stamp, code, script }] of this.fresh) {
      // Functions that ran by now are in the data, too.
      this.known.files.set(file, { stamp, code, data: script.createCachedData() });
    }
    this.fresh.clear();
    writeCache(this.file, this.known);
  }
}

/** Compiles a script, where the code is one: Node takes ES modules by `require` as well. */
function scriptOf(code, file) {
  try {
    return compile(code, file);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Loads files as `load` does, which hands their code to `module._compile`, from the cache where it has them. ES modules
 * are loaded with `translate`, which makes scripts of them.
 */
function compiledBefore(cache, load, translate) {
  const compiling = (module, file, otherwise) => {
    module._compile = (code, filename, format) => {
      delete module._compile;
      const script = format === "module" ? undefined : scriptOf(code, filename);
      if (script === undefined) return otherwise(code, filename, format);
      cache.add(file, code, script);
      return run(script, module, filename);
    };
  };
  return (module, file) => {
    const known = cache.script(file);
    if (known) return run(known, module, file);
    compiling(module, file, () => {
      compiling(module, file, (...given) => module._compile(...given));
      return translate(module, file);
    });
    return load(module, file);
  };
}

/** Finds files as `find` does. What is found among the packages stays there until the next installation. */
function resolvedBefore({ known: { resolved } }, find) {
  return (request, parent, isMain, options) => {
    const key = [parent?.path, request].join(" ");
    const known = options === undefined ? resolved.get(key) : undefined;
    if (known !== undefined) return known;
    const file = find(request, parent, isMain, options);
    if (options === undefined && file.includes(packages)) resolved.set(key, file);
    return file;
  };
}

/**
 * Opens the cache of this process. There is none in other projects, whose settings may translate TypeScript in another
 * way, nor for stack traces, whose positions come from what tsx knows of the files that it translated.
 */
function openCache() {
  const here = `${process.cwd()}${path.sep}`.startsWith(`${root}${path.sep}`);
  if (!here || Error.stackTraceLimit > 0) return undefined;
  try {
    return new Cache(cacheFile(), cacheKey());
  } catch {
    return undefined;
  }
}

module.exports = { compiledBefore, openCache, resolvedBefore };
