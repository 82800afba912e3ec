import type { ZodError } from "zod";
import { InputError } from "../input-error";
import type { Place } from "../report/result";
import type { StackResource } from "../stack-resource";

/** What a file describes. */
export interface Source {
  /** Project and stack, when the file says them. */
  identity?: { project: string; stack: string };
  resources: StackResource[];
  /** Line of each resource, by URN, when it is known. */
  places: Map<string, Place>;
}

/** The faults of a file's content, one line each. */
export function contentFaults(file: string, { issues }: ZodError): InputError {
  return new InputError(
    issues.map(({ path, message }) =>
      [file, ...(path.length > 0 ? [path.join(".")] : []), message].join(": "),
    ),
  );
}
