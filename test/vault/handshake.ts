import { connect, createServer } from "node:tls";
import type { AddressInfo } from "node:net";

/** A certificate with its key, and the authorities between it and the one that signs itself. */
export interface Leaf {
  certificate: string;
  key: string;
  between: string[];
}

interface Side {
  leaf: Leaf;
  /** Certificates that it trusts, PEM. */
  trusts: string;
}

const patienceMilliseconds = 10_000;

/** A server and a client prove themselves to each other by TLS; what goes wrong is thrown. */
export async function handshake(server: Side, client: Side, serverName: string): Promise<void> {
  const listener = createServer(
    { ...of(server), requestCert: true, rejectUnauthorized: true },
    (socket) => socket.end("welcome"),
  );
  // What the server refuses reaches the client as an alert.
  listener.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = listener.address() as AddressInfo;
    const said = await new Promise<string>((resolve, reject) => {
      const host = "127.0.0.1";
      const socket = connect({ ...of(client), host, port, servername: serverName });
      let text = "";
      socket.setTimeout(patienceMilliseconds, () => socket.destroy(new Error("no answer")));
      socket.on("data", (part: Buffer) => (text += part.toString()));
      socket.on("end", () => resolve(text));
      socket.on("error", reject);
    });
    if (said !== "welcome") throw new Error(`the server must say welcome, got ${said}`);
  } finally {
    listener.close();
  }
}

function of({ leaf, trusts }: Side) {
  return {
    key: leaf.key,
    cert: [leaf.certificate, ...leaf.between].join("\n"),
    ca: trusts,
  };
}
