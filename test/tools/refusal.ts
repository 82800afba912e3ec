// Forbidden, not found, gone, unavailable for legal reasons. A proxy that is at fault, or slow, has not refused.
const refusingStatus =
  /(?:403 Forbidden|404 Not Found|410 Gone|451 Unavailable For Legal Reasons)/i;
const unreachable =
  /connection refused|no such host|name or service not known|no address associated|temporary failure in name resolution|could not resolve host|network is unreachable/i;

/** The line in which Go says that a module's source was refused; undefined when it failed for another reason. */
export function refusalOfGo(stderr: string): string | undefined {
  return lastRefusal(
    stderr,
    // What a proxy answered, that it cannot be reached, and the same of a repository that is asked directly.
    /: reading \S+: |: Get "[^"]+": |unable to access '[^']+': /,
    (line) => refusingStatus.test(line) || unreachable.test(line) || /error: 40[34]$/.test(line),
  );
}

/**
 * The line in which pip's log (`--log`) says that the source of a package was refused; undefined when it failed for
 * another reason. Of an index that refuses, pip's last error says only that there is no version.
 */
export function refusalOfPip(log: string): string | undefined {
  const [error = ""] = lines(log).filter((line) => /\bERROR: /.test(line));
  if (/HTTP error (?:403|404|410|451) while getting/.test(error)) return error;
  if (!error.includes("(from versions: none)")) return undefined;
  const refusing = /: (?:403|404|410|451) Client Error/;
  return lastRefusal(
    log,
    /Could not fetch URL /,
    (line) => refusing.test(line) || unreachable.test(line),
  );
}

/** The last of the lines that tell of a source, if it is a refusal. */
function lastRefusal(
  log: string,
  ofSource: RegExp,
  isRefusal: (line: string) => boolean,
): string | undefined {
  const last = lines(log)
    .filter((line) => ofSource.test(line))
    .at(-1);
  return last !== undefined && isRefusal(last) ? last : undefined;
}

const lines = (log: string): string[] => log.split("\n").map((line) => line.trim());
