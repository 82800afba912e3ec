// Preloaded by the process of a pack: its SDK serves it over gRPC as it does for the engine, in less time.
/* oxlint-disable no-underscore-dangle -- Node names the loader's parts so. */
const Module = require("node:module");
const path = require("node:path");

const policies = path.join("@pulumi", "policy", "policy.js");
/** The release whose server plan/pack-server.ts knows. Any other serves by itself. */
const known = "1.21.0";

function quickened(server, { prototype }) {
  const serve = (name, version, level, args, initialConfig) => {
    const { quickMethods, sharingHandlers } = require("../pack-server.ts");
    const pack = [name, version, level, args.policies ?? []];
    const { addService } = prototype;
    prototype.addService = function add(methods, handlers) {
      const quick = quickMethods(methods, pack);
      return addService.call(this, quick, sharingHandlers(server, pack, handlers));
    };
    try {
      server.serve(name, version, level, args, initialConfig);
    } finally {
      prototype.addService = addService;
    }
  };
  return { ...server, serve };
}

const loadNow = Module._load;
Module._load = (request, parent, isMain) => {
  const loaded = loadNow(request, parent, isMain);
  if (request !== "./server" || !parent?.filename?.endsWith(path.sep + policies)) return loaded;
  const load = (name) => loadNow(name, parent, false);
  return load("./version").version === known
    ? quickened(loaded, load("@grpc/grpc-js").Server)
    : loaded;
};
