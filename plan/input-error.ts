/** A fault of what the user gave: shown as it is, one line per fault, with exit code 2. */
export class InputError extends Error {
  /** One line per fault. */
  readonly lines: readonly string[];

  constructor(lines: string | readonly string[]) {
    const all = typeof lines === "string" ? [lines] : lines;
    super(all.join("\n"));
    this.name = "InputError";
    this.lines = all;
  }
}

/** What the operating system says about a failed file operation, without its stack and its repeated path. */
export function systemReason(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  const known: Record<string, string> = {
    ENOENT: "no such file or directory",
    EACCES: "permission denied",
    EPERM: "operation not permitted",
    EISDIR: "it is a directory",
    ENOTDIR: "part of the path is not a directory",
    EROFS: "the file system is read-only",
    ENOSPC: "no space left on the device",
    ENAMETOOLONG: "the name is too long",
  };
  return known[String(code)] ?? (error instanceof Error ? error.message : String(error));
}

/** A fault of the user's program, which a run with stack traces can say more about. */
export class ProgramError extends InputError {}

/** Ends the message of a fault that a stack trace says more about. */
export const traceHint = "; --verbose shows where";
