import type { Admission, Registry } from "./monitor";
import type { PropertyMap } from "./property-values";
import type { Registration } from "./stack-resource";

/** What the process of a program tells plan; each waits for the answer of its number. */
export type Report =
  | { call: number; kind: "resource"; resource: Registration }
  | { call: number; kind: "outputs"; urn: string; outputs: PropertyMap }
  | { call: number; kind: "refusal"; message: string; inputs: PropertyMap };

/** What plan answers. */
export interface Answer extends Admission {
  call: number;
  /** Why the registration fails. @default - it does not */
  fault?: string;
}

// A program may send messages of its own through the channel of its process; ours have this key.
const key = "drawbridge";

/** A message as it goes through the channel. */
export function packed(message: Report | Answer): Record<string, unknown> {
  return { [key]: message };
}

/** The message in what came through the channel; undefined when it is somebody else's. */
export function unpacked(message: unknown): unknown {
  return typeof message === "object" && message !== null && key in message
    ? message[key]
    : undefined;
}

/** Reports from the process of a program to plan, which started it. */
export class MonitorLink implements Registry {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private calls = 0;

  constructor() {
    process.on("message", (message) => {
      const answer = unpacked(message) as Answer | undefined;
      if (answer !== undefined) this.take(answer);
    });
    process.channel?.unref();
  }

  private take(answer: Answer): void {
    const resolve = this.waiting.get(answer.call);
    this.waiting.delete(answer.call);
    // A program ends when it waits for nothing, as it does with an engine.
    if (this.waiting.size === 0) process.channel?.unref();
    resolve?.(answer);
  }

  private send(report: (call: number) => Report): Promise<Answer> {
    const call = (this.calls += 1);
    if (this.waiting.size === 0) process.channel?.ref();
    return new Promise((resolve) => {
      this.waiting.set(call, resolve);
      process.send?.(packed(report(call)));
    });
  }

  async admit(resource: Registration): Promise<Admission> {
    const { fault, ...admission } = await this.send((call) => ({
      call,
      kind: "resource",
      resource,
    }));
    if (fault !== undefined) throw new Error(fault);
    return admission;
  }

  async complete(urn: string, outputs: PropertyMap): Promise<void> {
    await this.send((call) => ({ call, kind: "outputs", urn, outputs }));
  }

  async refuse(message: string, inputs: PropertyMap): Promise<void> {
    await this.send((call) => ({ call, kind: "refusal", message, inputs }));
  }
}
