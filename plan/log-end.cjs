// Preloaded by the process of a program. Without an engine the SDK logs on stderr, where its messages have several lines
// and no end; this ends each, so that what the program itself prints after it is not taken for a part of it.
const begin = /^(error|warning): \[runtime\] /;
const end = "\u0003";

for (const method of ["error", "warn"]) {
  const print = console[method];
  console[method] = (first, ...rest) => {
    if (rest.length === 0 && typeof first === "string" && begin.test(first)) print(first + end);
    else print(first, ...rest);
  };
}
