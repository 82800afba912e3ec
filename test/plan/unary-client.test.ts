import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import { CallError, UnaryClient } from "../../plan/unary-client";

const bytes = {
  requestStream: false,
  responseStream: false,
  requestSerialize: (message: Buffer) => message,
  requestDeserialize: (message: Buffer) => message,
  responseSerialize: (message: Buffer) => message,
  responseDeserialize: (message: Buffer) => message,
};
type Handler = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => void;

/** A server of the library that packs serve with. */
async function serve(handlers: Record<string, Handler>): Promise<{ server: Server; port: number }> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  const service = Object.fromEntries(
    Object.keys(handlers).map((name) => [name, { ...bytes, path: `/test.Echo/${name}` }]),
  );
  server.addService(service, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { server, port };
}

async function failureOf(call: Promise<unknown>): Promise<CallError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CallError))
    throw new Error("the call did not fail as it must", { cause: error });
  return error;
}

describe("UnaryClient", () => {
  const words = `'ümlaut' 100 %\nand a second line`;
  let server: Server;
  let client: UnaryClient;

  beforeAll(async () => {
    const served = await serve({
      echo: ({ request }, answer) => answer(null, request),
      nothing: (_, answer) => answer(null, Buffer.alloc(0)),
      fail: (_, answer) => answer({ code: status.INVALID_ARGUMENT, details: words }),
      never: () => undefined,
    });
    ({ server } = served);
    client = new UnaryClient(served.port);
  });

  afterAll(() => {
    client.close();
    server.forceShutdown();
  });

  const call = (method: string, message: Uint8Array) =>
    client.call(`/test.Echo/${method}`, message);

  it("brings messages to and fro", async () => {
    expect(Buffer.from(await call("echo", Buffer.from("héllo"))).toString()).toBe("héllo");
    expect(await call("nothing", Buffer.from("x"))).toHaveLength(0);
    expect(await call("echo", Buffer.alloc(0))).toHaveLength(0);
  });

  it("brings messages that are larger than any window", async () => {
    const large = Buffer.alloc(20 * 2 ** 20, "abcdefg");
    expect(Buffer.compare(Buffer.from(await call("echo", large)), large)).toBe(0);
  });

  it("tells the answers of calls apart that go on at once", async () => {
    const sent = Array.from({ length: 500 }, (_, index) => `message ${index}`);
    const answers = await Promise.all(sent.map((text) => call("echo", Buffer.from(text))));
    expect(answers.map((answer) => Buffer.from(answer).toString())).toEqual(sent);
  });

  it("fails with the code and the words of the other side", async () => {
    const { code, details } = await failureOf(call("fail", Buffer.alloc(1)));
    expect({ code, details }).toEqual({ code: status.INVALID_ARGUMENT, details: words });
  });

  it("fails for a method that is not there", async () => {
    expect((await failureOf(call("other", Buffer.alloc(1)))).code).toBe(status.UNIMPLEMENTED);
  });

  it("fails as unavailable when the connection ends without an answer, and after it", async () => {
    const gone = await serve({ never: () => undefined });
    const lonely = new UnaryClient(gone.port);
    const waiting = failureOf(lonely.call("/test.Echo/never", Buffer.alloc(1)));
    // The call is under way when the server has seen it.
    await new Promise((resolve) => setTimeout(resolve, 200));
    gone.server.forceShutdown();
    expect((await waiting).code).toBe(status.UNAVAILABLE);
    const late = failureOf(lonely.call("/test.Echo/never", Buffer.alloc(1)));
    expect((await late).code).toBe(status.UNAVAILABLE);
    lonely.close();
  });

  it("fails as unavailable where nobody listens", async () => {
    const nobody = await serve({ never: () => undefined });
    nobody.server.forceShutdown();
    const lonely = new UnaryClient(nobody.port);
    const { code, details } = await failureOf(lonely.call("/test.Echo/never", Buffer.alloc(1)));
    expect(code).toBe(status.UNAVAILABLE);
    expect(details).toMatch(/ECONNREFUSED/);
    lonely.close();
  });
});
