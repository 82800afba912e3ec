import { gzipSync } from "node:zlib";

/** Answers of the stream, in order: which records of a call it refuses. */
let refusals: ((index: number) => boolean)[] = [];
let calls: { DeliveryStreamName: string; Records: { Data: Buffer }[] }[] = [];

// The client is part of Lambda's runtime, not of this repository.
jest.mock(
  "@aws-sdk/client-firehose",
  () => ({
    FirehoseClient: class {
      send({ input }: { input: (typeof calls)[number] }) {
        calls.push(input);
        const refuses = refusals.shift() ?? (() => false);
        return Promise.resolve({
          RequestResponses: input.Records.map((_record, i) =>
            refuses(i) ? { ErrorCode: "ServiceUnavailableException" } : { RecordId: `${i}` },
          ),
        });
      }
    },
    PutRecordBatchCommand: class {
      constructor(readonly input: (typeof calls)[number]) {}
    },
  }),
  { virtual: true },
);

interface Answer {
  records: { recordId: string; result: string; data: string }[];
}
// eslint-disable-next-line typescript/no-require-imports -- CommonJS, as Lambda loads it
const { handler } = require("../../../components/aws/log-events.cjs") as {
  handler: (event: object) => Promise<Answer>;
};

const base64 = (bytes: Buffer) => bytes.toString("base64");
const batch = (messages: string[], more: object = {}) =>
  base64(
    gzipSync(
      JSON.stringify({
        messageType: "DATA_MESSAGE",
        logGroup: "/aws/eks/p/cluster",
        logStream: "kube-apiserver-audit-1",
        logEvents: messages.map((message, i) => ({
          id: `${i}`,
          timestamp: 1_700_000_000_000,
          message,
        })),
        ...more,
      }),
    ),
  );
const invoke = (...data: string[]) =>
  handler({
    deliveryStreamArn: "arn:aws:firehose:eu-west-1:111122223333:deliverystream/of-another",
    records: data.map((one, i) => ({ recordId: `r${i}`, data: one })),
  });
const sent = () =>
  calls.map(({ Records }) => Records.map(({ Data }) => JSON.parse(String(Data)) as object));

beforeEach(() => {
  refusals = [];
  calls = [];
  jest.replaceProperty(process, "env", { ...process.env, DELIVERY_STREAM: "p-control-plane" });
  jest.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe("log-events", () => {
  it("puts each event back as a document of its own, and drops the batch [S1]", async () => {
    const data = batch(['{"kind":"Event"}', "I1121 plain text"]);
    expect(await invoke(data)).toEqual({
      records: [{ recordId: "r0", result: "Dropped", data }],
    });
    const document = (event_id: string, message: string) => ({
      "@timestamp": "2023-11-14T22:13:20.000Z",
      log_group: "/aws/eks/p/cluster",
      log_stream: "kube-apiserver-audit-1",
      event_id,
      message,
    });
    // Whatever it is invoked with.
    expect(calls[0]?.DeliveryStreamName).toBe("p-control-plane");
    expect(sent()).toEqual([
      [document("0", '{"kind":"Event"}'), document("1", "I1121 plain text")],
    ]);
  });

  it("lets pass what has been here before", async () => {
    const data = base64(Buffer.from('{"message":"one"}'));
    expect(await invoke(data)).toEqual({ records: [{ recordId: "r0", result: "Ok", data }] });
    expect(calls).toEqual([]);
  });

  it("drops a message that only tries the way", async () => {
    const data = batch(["CWL CONTROL MESSAGE"], { messageType: "CONTROL_MESSAGE" });
    expect((await invoke(data)).records[0]?.result).toBe("Dropped");
    expect(calls).toEqual([]);
  });

  it("writes no document with a line break in it: OpenSearch would take it for two", async () => {
    await invoke(batch(["one\ntwo\r\nthree"]));
    const [text = ""] = calls.flatMap(({ Records }) => Records.map(({ Data }) => String(Data)));
    expect(text).not.toMatch(/[\r\n]/);
    expect(JSON.parse(text)).toMatchObject({ message: "one\ntwo\r\nthree" });
  });

  it("sends no more at once than the stream takes: 500 records, 4 MiB", async () => {
    await invoke(batch(Array.from({ length: 1201 }, (_one, i) => `event ${i}`)));
    expect(calls.map(({ Records }) => Records.length)).toEqual([500, 500, 201]);
    calls = [];
    await invoke(batch(Array.from({ length: 10 }, () => "x".repeat(900_000))));
    const sizes = calls.map(({ Records }) =>
      Records.reduce((sum, { Data }) => sum + Data.length, 0),
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(calls.flatMap(({ Records }) => Records)).toHaveLength(10);
  });

  it("sends again only what the stream was too busy for", async () => {
    refusals = [(i) => i === 1];
    const answer = await invoke(batch(["a", "b", "c"]));
    expect(answer.records[0]?.result).toBe("Dropped");
    expect(sent().map((documents) => documents.length)).toEqual([3, 1]);
    expect(sent()[1]).toMatchObject([{ message: "b" }]);
  });

  it("hands a batch back as it came when the stream stays too busy", async () => {
    refusals = Array.from({ length: 5 }, () => () => true);
    const data = batch(["a"]);
    expect(await invoke(data)).toEqual({
      records: [{ recordId: "r0", result: "ProcessingFailed", data }],
    });
    expect(calls).toHaveLength(5);
  });

  it("hands back what is broken, and does the rest", async () => {
    const broken = base64(Buffer.from([0x1f, 0x8b, 1, 2, 3]));
    const answer = await invoke(broken, batch(["a"]));
    expect(answer.records.map(({ result }) => result)).toEqual(["ProcessingFailed", "Dropped"]);
  });
});
