import type { Plan } from "../schema";
import type { Result } from "./result";

/** The plan file; its format is described in docs/plan.md. */
export function jsonReport({ project, stack, resources, judgement, cost }: Result): string {
  const plan: Plan = {
    formatVersion: 1,
    project,
    stack,
    resources,
    verdicts: judgement.verdicts,
    notes: judgement.notes,
    ...(cost && { cost }),
  };
  return `${JSON.stringify(plan, undefined, 2)}\n`;
}
