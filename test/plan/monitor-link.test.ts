import { Outbox, unpacked } from "../../plan/monitor-link";
import type { Answer } from "../../plan/monitor-link";

describe("messages through the channel of a process", () => {
  function sent() {
    const posts: number[][] = [];
    const outbox = new Outbox<Answer>((packed) => {
      posts.push(unpacked(packed).map((answer) => (answer as Answer).call));
    });
    return { posts, outbox };
  }
  const put = (outbox: Outbox<Answer>, calls: readonly number[]) => {
    for (const call of calls) outbox.put({ call });
  };
  const tick = () => new Promise((resolve) => process.nextTick(resolve));

  it("go together when they come together, and in their order", async () => {
    const { posts, outbox } = sent();
    put(outbox, [1, 2, 3]);
    expect(posts).toEqual([]);
    await tick();
    expect(posts).toEqual([[1, 2, 3]]);
    put(outbox, [4]);
    await tick();
    expect(posts).toEqual([[1, 2, 3], [4]]);
  });

  it("do not wait for more than the other side can begin with", async () => {
    const { posts, outbox } = sent();
    const calls = Array.from({ length: 35 }, (_, call) => call);
    put(outbox, calls);
    expect(posts).toEqual([calls.slice(0, 16), calls.slice(16, 32)]);
    await tick();
    expect(posts).toEqual([calls.slice(0, 16), calls.slice(16, 32), calls.slice(32)]);
    await tick();
    expect(posts).toHaveLength(3);
  });

  it.each([[undefined], [null], ["a text"], [{ own: 1 }]])(
    "of a program are its own: %j",
    (own) => {
      expect(unpacked(own)).toEqual([]);
    },
  );
});
