import type { Ended } from "./server";

/** One counted check: what is wrong, a line each; nothing when all is well. */
export type Check = [title: string, run: () => string[] | Promise<string[]>];

export function expected(what: string, got: string | undefined, wanted: string): string[] {
  return got === wanted ? [] : [`${what} must be ${wanted}, got ${got ?? "nothing"}`];
}

/** What a command that must say nothing has said. */
export function complaints({ status, stderr }: Ended): string[] {
  return status === 0 && stderr === "" ? [] : [`ended with ${status ?? "a signal"}: ${stderr}`];
}
