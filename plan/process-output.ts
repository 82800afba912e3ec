/** Node shows the line that threw, and a mark below it, before the error itself. */
const codeFrame = /^.*:\d+\r?\n.*\r?\n\s*\^+\r?\n/gm;
const stackFrame = /^\s+at /;
const nodeVersion = /^Node\.js v/;
/** An error without a stack is shown in brackets. */
const bracketed = /^\[(\w*Error(?: \[\w+\])?: .*)\]$/;
/** Also when its message has several lines. */
const bracketedText = /^\s*\[(\w*Error(?: \[\w+\])?: [^]*)\]\s*$/;
/** The fields of an error, which Node shows after its message. */
const fieldsOfError = /^(\s*\[\w*Error(?: \[\w+\])?: [^]*?\]) \{\r?\n(?: .*\r?\n)*\}\s*$/;
/** Who required a module that is missing, the nearest first. */
const requireStack = /\r?\nRequire stack:\r?\n- (.*?)((?:\r?\n- .*?)*)(?=\]|\r?\n|$)/g;
/** Names that say no more than that it is an error. */
const plainName = /^(Uncaught )?(Error|RunError): /;

/** What Node shows of a gRPC call that reached nobody: its message, then its fields over several lines. */
const unreachable = /^.*14 UNAVAILABLE: .*?\bconnect (E[A-Z]+) (127\.0\.0\.1)(?:.*\n)*?\}$/gm;

/** What a process that failed wrote about its fault: one text per line, without its stack. */
export function faultLines(output: string): string[] {
  const lines = output
    .replaceAll(
      unreachable,
      (_dump, code: string, host: string) =>
        `the plan must be reachable on ${host}, got ${code}; bring the loopback interface up`,
    )
    .replaceAll(codeFrame, "")
    .replaceAll(requireStack, ", which $1 requires")
    .replace(fieldsOfError, "$1")
    .replace(bracketedText, "$1")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !stackFrame.test(line) && !nodeVersion.test(line))
    .map((line) => line.trimEnd().replace(bracketed, "$1").replace(plainName, ""));
  return [...new Set(lines)];
}

/** How a process ended, for those that wrote nothing. */
export function endOf(code: number | null, signal: string | null): string {
  return `ended with ${signal ?? `exit code ${code ?? "unknown"}`} and wrote no error`;
}
