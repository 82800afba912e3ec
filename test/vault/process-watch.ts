import { readFileSync, readdirSync } from "node:fs";

const milliseconds = 25;

/** Reads, again and again, what the processes of some groups show of themselves: their arguments and their environment. */
export class ProcessWatch {
  private readonly seen = new Set<string>();
  private readonly timer = setInterval(() => this.look(), milliseconds);

  /** @param groups The process groups of the moment. */
  constructor(private readonly groups: () => number[]) {}

  /** Ends, and gives all that was seen. */
  stop(): string {
    clearInterval(this.timer);
    return [...this.seen].join("\n");
  }

  private look(): void {
    const groups = new Set(this.groups());
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        if (!groups.has(groupOf(pid))) continue;
        for (const file of ["cmdline", "environ"]) {
          this.seen.add(readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " "));
        }
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}

/** The name of the command, in parentheses, may hold anything; state, parent and group follow: proc_pid_stat(5). */
function groupOf(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
}
