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

/** The messages in what came through the channel; none when it is somebody else's. */
export function unpacked(message: unknown): readonly unknown[] {
  return typeof message === "object" && message !== null && key in message
    ? (message[key] as unknown[])
    : [];
}

/** As many go together as take no longer to make than the other side takes to read them. */
const mostTogether = 16;

/** Messages that go through the channel some at a time: each of its own costs more than what it says. */
export class Outbox<Message extends Report | Answer> {
  private messages: Message[] = [];

  constructor(private readonly post: (packed: Record<string, unknown>) => void) {}

  /** Takes a message, which goes when the others of this moment have come. */
  put(message: Message): void {
    this.messages.push(message);
    if (this.messages.length === 1) process.nextTick(() => this.flush());
    if (this.messages.length === mostTogether) this.flush();
  }

  private flush(): void {
    if (this.messages.length === 0) return;
    this.post({ [key]: this.messages });
    this.messages = [];
  }
}

/** Reports from the process of a program to plan, which started it. */
export class MonitorLink implements Registry {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private readonly reports = new Outbox<Report>((packed) => process.send?.(packed));
  private calls = 0;

  constructor() {
    process.on("message", (message) => {
      for (const answer of unpacked(message)) this.take(answer as Answer);
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
      this.reports.put(report(call));
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
