import pc from "picocolors";

/** One counted check: what is wrong, a line each; nothing when all is well. */
export type Check = [title: string, run: () => string[] | Promise<string[]>];

/** Counts of a command that runs checks one after the other. */
export class Checked {
  private passed = 0;
  private failed = 0;
  private skipped = 0;

  async run(checks: Iterable<Check> | AsyncIterable<Check>): Promise<void> {
    for await (const [title, check] of checks) {
      const problems = await problemsOf(check);
      const isFine = problems.length === 0;
      this[isFine ? "passed" : "failed"] += 1;
      console.log(`${isFine ? pc.green("passed") : pc.red("failed")} ${title}`);
      for (const problem of problems) console.log(`       ${problem}`);
    }
  }

  /** Checks that this machine cannot run, and why. */
  skip(checks: Iterable<Check>, why: string): void {
    for (const [title] of checks) {
      this.skipped += 1;
      console.log(`${pc.yellow("skipped")} ${title}: ${why}`);
    }
  }

  /** The closing line, which CI counts, and the exit code. */
  close(): void {
    const also = this.skipped === 0 ? "" : `, ${this.skipped} skipped`;
    console.log(`${this.passed} passed, ${this.failed} failed${also}`);
    process.exitCode = this.failed === 0 ? 0 : 1;
  }
}

/** Nothing when what was got reads as what was wanted. */
export function expected(
  what: string,
  got: string | number | null | undefined,
  wanted: string,
): string[] {
  return String(got) === wanted ? [] : [`${what} must be ${wanted}, got ${got ?? "nothing"}`];
}

/** What a check finds; what it throws is a problem. */
export async function problemsOf(run: Check[1]): Promise<string[]> {
  try {
    return await run();
  } catch (error) {
    return [(error as Error).message];
  }
}
