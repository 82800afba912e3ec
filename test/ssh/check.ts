import type { Ended } from "./server";

/** What a command that must say nothing has said. */
export function complaints({ status, stderr }: Ended): string[] {
  return status === 0 && stderr === "" ? [] : [`ended with ${status ?? "a signal"}: ${stderr}`];
}
