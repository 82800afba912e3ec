import type { Child } from "./child-process";
import { Outbox, unpacked } from "./monitor-link";
import type { Answer, Report } from "./monitor-link";
import type { Admission } from "./monitor";
import type { PropertyMap } from "./property-values";
import { Redactor } from "./redactor";
import { firstOutputs } from "./stack-resource";
import type { Registration, StackResource } from "./stack-resource";
import { stackType } from "./urn";

/** Sees each resource before its registration is answered, and may answer with something else. */
export type Admit = (resource: StackResource) => Promise<Admission>;

/** Keeps what the monitor in a program's process reports. */
export class Registrations {
  /** By URN, in the order of their registration. */
  readonly resources = new Map<string, StackResource>();
  /** Outputs of the program, as registered for the stack. */
  outputs: PropertyMap = {};
  /** True once the program has registered the stack's outputs, which it does when it is complete. */
  complete = false;
  /** When the program last reported or was answered; absent while it waits for an answer. */
  idleSince: number | undefined = Date.now();
  /** Faults that no run can get past, in the order of their first occurrence. */
  readonly faults = new Set<string>();
  /** Secrets of all inputs and outputs, also of what was refused. */
  readonly secrets = new Redactor();
  private pending = 0;
  private readonly answers = new Outbox<Answer>((packed) => {
    // A program that has ended meanwhile needs no answer.
    if (this.child.connected) this.child.send(packed, () => undefined);
  });

  constructor(
    private readonly child: Child,
    private readonly admit: Admit,
  ) {
    child.on("message", (message) => {
      for (const report of unpacked(message)) void this.answer(report as Report);
    });
  }

  private async answer(report: Report): Promise<void> {
    this.pending += 1;
    this.idleSince = undefined;
    const answer: Answer = { call: report.call, ...(await this.outcome(report)) };
    this.pending -= 1;
    if (this.pending === 0) this.idleSince = Date.now();
    this.answers.put(answer);
  }

  private async outcome(report: Report): Promise<Omit<Answer, "call">> {
    try {
      return await this.take(report);
    } catch (error) {
      return { fault: error instanceof Error ? error.message : String(error) };
    }
  }

  private async take(report: Report): Promise<Admission> {
    if (report.kind === "resource") return this.admitted(report.resource);
    if (report.kind === "outputs") this.register(report.urn, report.outputs);
    else this.refuse(report.message, report.inputs);
    return {};
  }

  private async admitted(registration: Registration): Promise<Admission> {
    const resource: StackResource = { ...registration, outputs: firstOutputs(registration) };
    this.secrets.learn(resource.inputs);
    this.resources.set(resource.urn, resource);
    const admission = await this.admit(resource);
    const { inputs } = admission;
    if (inputs !== undefined) {
      this.secrets.learn(inputs);
      resource.inputs = inputs;
      resource.outputs = inputs;
    }
    return admission;
  }

  private register(urn: string, outputs: PropertyMap): void {
    const resource = this.resources.get(urn);
    // The engine completes the stack's outputs only after the stack rules have run.
    this.secrets.learn(outputs);
    if (resource?.type === stackType) {
      this.outputs = outputs;
      this.complete = true;
    } else if (resource) resource.outputs = outputs;
  }

  private refuse(message: string, inputs: PropertyMap): void {
    this.secrets.learn(inputs);
    for (const line of message.split("\n")) this.faults.add(line);
  }
}
