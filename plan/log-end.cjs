// Preloaded by the process of a program. Without an engine the SDK logs on stderr, where its messages have several lines
// and no end; this ends each, so that what the program itself prints after it is not taken for a part of it.
const util = require("node:util");

const begin = /^(error|warning): \[runtime\] /;
const end = "\u0003";

// The SDK has stacks coloured, which nobody sees. Node looks for the end of a package's name, and for ever when there is
// none: the SDK's source maps make `node_modules/@pulumi/resource.ts` of a frame that every asynchronous program has.
const plain = (options) => (typeof options === "object" ? { ...options, colors: false } : options);
util.inspect = new Proxy(util.inspect, {
  apply: (inspect, self, [value, options, ...rest]) =>
    Reflect.apply(inspect, self, [value, plain(options), ...rest]),
});

for (const method of ["error", "warn"]) {
  const print = console[method];
  console[method] = (first, ...rest) => {
    if (rest.length === 0 && typeof first === "string" && begin.test(first)) print(first + end);
    else print(first, ...rest);
  };
}
