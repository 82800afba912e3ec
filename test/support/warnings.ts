import { AsyncLocalStorage } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";

/** The program that is running, as the SDK keeps it: by the context of a call. */
export const program = new AsyncLocalStorage<string>();

/** What people are warned of. */
interface Warnings {
  /** The messages, in order. */
  told: string[];
  /** The programs that they came from; undefined where the SDK would not know. */
  programs: (string | undefined)[];
}

/** Keeps what people are warned of in each test of the block. */
export function keptWarnings(): Warnings {
  const kept: Warnings = { told: [], programs: [] };
  beforeEach(() => {
    kept.told.length = 0;
    kept.programs.length = 0;
    jest.spyOn(pulumi.log, "warn").mockImplementation((message) => {
      kept.told.push(message);
      kept.programs.push(program.getStore());
      return Promise.resolve();
    });
  });
  afterEach(() => jest.restoreAllMocks());
  return kept;
}
