import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output, RunError, type CustomResource, type Output } from "@pulumi/pulumi";
import { untilOpen, vaultProvider } from "../../../components/vault/door";
import { created, ofType } from "../../support/created";
import { nodeCommand } from "../../support/node-command";
import { selfSigned, type Identity } from "../../vault/server";

// Some cases are processes of their own, beside other tests.
jest.setTimeout(60_000);

const root = join(__dirname, "../../..");
const serverName = "vault.p.internal";
const folder = mkdtempSync(join(tmpdir(), "drawbridge-door-"));
let identity: Identity;
let server: Server;
/** What the server answers to each question about its health; the last one from then on. */
let statuses: number[] = [];

beforeAll(async () => {
  identity = await selfSigned(folder, "vault", [serverName]);
  const [key, cert] = [identity.keyFile, identity.certificateFile].map((file) =>
    readFileSync(file),
  );
  server = createServer({ key, cert }, (_request, response) => {
    const [status = 200] = statuses.length > 1 ? statuses.splice(0, 1) : statuses;
    response.writeHead(status).end("{}");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const patience = { seconds: 0, sealedSeconds: 0, pauseSeconds: 0 };
const address = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** As an `up` waits, in little: five minutes, two while Vault is sealed. */
const up = { seconds: 5 * 60, sealedSeconds: 2 * 60, pauseSeconds: 0 };

/** Runs with a clock on which a minute goes by with each question. */
async function inMinutes(wait: () => Promise<void>): Promise<void> {
  let now = 0;
  const clock = jest.spyOn(Date, "now").mockImplementation(() => now);
  const ask = () => (now += 60_000);
  server.on("request", ask);
  try {
    await wait();
  } finally {
    server.off("request", ask);
    clock.mockRestore();
  }
}

/** What an `up` ends with. */
async function refusal(door = { address: address(), serverName }): Promise<string> {
  try {
    await untilOpen(door, identity.certificate, patience);
    return "open";
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return error.message;
  }
}

describe("untilOpen", () => {
  it("goes through when Vault is unsealed", async () => {
    statuses = [200];
    await expect(refusal()).resolves.toBe("open");
  });

  it.each([
    [429, "has no active server: two of its three servers must be in service"],
    [474, "has no active server, a standby that answers there has lost it: two of its three"],
    [501, "is uninitialised: its first server sets it up"],
    [503, "is sealed: enable the KMS key of its seal"],
    [530, "has no active server, one that was removed from its peers answers there: two of"],
    [404, "is unreachable, what answers there has status 404: reach it from a network"],
  ])("says what a status of %s means, and what to do", async (status, said) => {
    statuses = [status];
    await expect(refusal()).resolves.toContain(`Vault at ${address()} ${said}`);
  });

  it("asks as the load balancer does, and has no standby pass for the active server", async () => {
    statuses = [200];
    const asked = new Promise<IncomingMessage>((resolve) => server.once("request", resolve));
    await refusal();
    expect((await asked).url).toBe("/v1/sys/health");
  });

  it("waits for a Vault that is coming", async () => {
    statuses = [501, 501, 503, 429, 200];
    const waiting = { seconds: 30, sealedSeconds: 30, pauseSeconds: 0 };
    await untilOpen({ address: address(), serverName }, identity.certificate, waiting);
    expect(statuses).toEqual([200]);
  });

  it.each([
    ["has just begun to listen, however long it took to come", [404, 404, 404, 503, 200]],
    ["is sealed again", [503, 503, 501, 503, 503, 200]],
  ])("does not give up on a Vault that %s", async (_is, answers) => {
    statuses = answers;
    await inMinutes(() => untilOpen({ address: address(), serverName }, identity.certificate, up));
    expect(statuses).toEqual([200]);
  });

  it.each([
    ["stays sealed", [404, 503], "sealed: enable the KMS key of its seal", 4],
    ["finds no active server", [474, 429], "has no active server: two of its three servers", 5],
    ["does not come", [404], "unreachable, what answers there has status 404", 5],
  ])("gives up on a Vault that %s", async (_it, answers, said, questions) => {
    statuses = answers;
    const asked = jest.fn();
    server.on("request", asked);
    await expect(
      inMinutes(() => untilOpen({ address: address(), serverName }, identity.certificate, up)),
    ).rejects.toThrow(said);
    server.off("request", asked);
    expect(asked).toHaveBeenCalledTimes(questions);
  });

  it("says that nobody answers", async () => {
    const closed = { address: "https://127.0.0.1:1", serverName };
    await expect(refusal(closed)).resolves.toMatch(/is unreachable, connect ECONNREFUSED/);
  });

  it("takes no other server for Vault", async () => {
    statuses = [200];
    const other = { address: address(), serverName: "vault.other.internal" };
    await expect(refusal(other)).resolves.toMatch(/is unreachable, Hostname.* does not match/);
  });
});

describe("vaultProvider", () => {
  it("logs in by IAM over TLS that is verified, and holds no token, once Vault is open [J7]", async () => {
    statuses = [200];
    const resources = await created(() =>
      vaultProvider("vault", {
        address: address(),
        serverName,
        region: "eu-west-1",
        caCertificate: identity.certificate,
        servers: [],
        caFile: join(folder, "ca.pem"),
      }),
    );
    const provider = ofType(resources, "pulumi:providers:vault")["vault"];
    expect(provider).not.toHaveProperty("token");
    expect(provider).toMatchObject({
      address: address(),
      authLoginAws: JSON.stringify({
        role: "deployer",
        awsRegion: "eu-west-1",
        headerValue: serverName,
      }),
      caCertFile: join(folder, "ca.pem"),
      skipChildToken: "true",
      tlsServerName: serverName,
    });
    expect(readFileSync(join(folder, "ca.pem"), "utf8")).toBe(identity.certificate);
  });

  it("does not wait for servers that an up leaves out", async () => {
    const missing = output(Promise.resolve("")) as Output<string> & { isKnown: Promise<boolean> };
    missing.isKnown = Promise.resolve(false);
    const asked = jest.fn();
    server.once("request", asked);
    await created(() =>
      vaultProvider("vault", {
        address: address(),
        serverName,
        region: "eu-west-1",
        caCertificate: identity.certificate,
        servers: [{ id: missing as Output<string> } as CustomResource],
        caFile: join(folder, "ca.pem"),
      }),
    );
    server.off("request", asked);
    expect(asked).not.toHaveBeenCalled();
  });

  it("asks Vault when its servers are there, and not before", async () => {
    statuses = [200];
    const order: string[] = [];
    server.once("request", () => order.push("asked"));
    const made = new Promise<string>((resolve) => {
      setTimeout(() => {
        order.push("made");
        resolve("i-1");
      }, 300);
    });
    const instance = { id: output(made) } as CustomResource;
    await created(() =>
      vaultProvider("vault", {
        address: address(),
        serverName,
        region: "eu-west-1",
        caCertificate: identity.certificate,
        servers: [instance],
        caFile: join(folder, "ca.pem"),
      }),
    );
    expect(order).toEqual(["made", "asked"]);
  });

  it.each([
    [429, "has no active server"],
    [501, "is uninitialised"],
    [503, "is sealed"],
    [404, "is unreachable"],
  ])(
    "ends an up at a status of %s before anything of Vault is registered",
    async (status, said) => {
      statuses = [status];
      const { code, out, errors } = await run({ preview: false, servers: ["known", "known"] });
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(errors).toContain(`Vault at ${address()} ${said}`);
    },
  );

  it.each([
    ["that stand", ["known", "known"]],
    ["of which one is about to be replaced", ["unknown", "known"]],
  ] as const)("ends a preview of servers %s at once when Vault is sealed", async (_of, servers) => {
    statuses = [503];
    const { code, out, errors } = await run({ preview: true, servers });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(errors).toContain(
      `Vault at ${address()} is sealed: enable the KMS key of its seal and let the role of its servers use it; it unseals by itself then; pulumi up --skip-preview waits for it`,
    );
  });

  it("lets a preview through to servers that stand when Vault is open", async () => {
    statuses = [200];
    const { code, out } = await run({ preview: true, servers: ["known", "known"] });
    expect({ code, out }).toEqual({ code: 0, out: registered });
  });

  it("asks nobody in a preview of servers that are not there", async () => {
    statuses = [503];
    const { code, out } = await run({ preview: true, servers: ["unknown", "unknown"] });
    expect({ code, out }).toEqual({ code: 0, out: registered });
  });

  describe("while the CA is to get another certificate", () => {
    const unknown =
      "pulumi:providers:vault vault of what is not known\nvault:index/mount:Mount kept\n";
    const renewed = { preview: true, servers: ["known", "known"], ca: "unknown" } as const;

    beforeEach(() => {
      writeFileSync(join(folder, "ca.pem"), identity.certificate);
      statuses = [200];
    });

    it("previews by the file of the former one", async () => {
      await expect(run(renewed)).resolves.toMatchObject({ code: 0, out: registered });
      expect(readFileSync(join(folder, "ca.pem"), "utf8")).toBe(identity.certificate);
    });

    it.each<[when: string, told: RegExp, arrange: () => void | Promise<void>]>([
      [
        "there is none",
        /ca\.pem has the certificate by which Vault is verified .*\(ENOENT.*pulumi up writes it\. So all/,
        () => rmSync(join(folder, "ca.pem")),
      ],
      [
        "it cannot be read",
        /\(EISDIR.*pulumi up writes it\. So all that is in Vault is shown as updates/,
        () => {
          rmSync(join(folder, "ca.pem"));
          mkdirSync(join(folder, "ca.pem"));
        },
      ],
      [
        "it is of another CA",
        /Vault at https:\S+ is unreachable, .*certificate/,
        async () => {
          const other = await selfSigned(folder, "other", [serverName]);
          writeFileSync(join(folder, "ca.pem"), other.certificate);
        },
      ],
      [
        "Vault is sealed",
        /Vault at https:\S+ is sealed: enable the KMS key .*\. So all/,
        () => void (statuses = [503]),
      ],
    ])("leaves what is in Vault to the up and says so when %s", async (_when, told, arrange) => {
      await arrange();
      const { code, out, errors } = await run(renewed);
      rmSync(join(folder, "ca.pem"), { recursive: true, force: true });
      expect({ code, out }).toEqual({ code: 0, out: unknown });
      expect(errors).toMatch(told);
    });

    it("asks nobody by it when servers are not there", async () => {
      const asked = jest.fn();
      server.once("request", asked);
      const { code, out } = await run({ ...renewed, servers: ["unknown", "unknown"] });
      server.off("request", asked);
      expect({ code, out }).toEqual({ code: 0, out: unknown });
      expect(asked).not.toHaveBeenCalled();
    });
  });
});

/** What a program registers when it is let through. */
const registered = "pulumi:providers:vault vault of ca.pem\nvault:index/mount:Mount kept\n";

interface Case {
  preview: boolean;
  /** Whether the id of each server is known. */
  servers: readonly ("known" | "unknown")[];
  /** The same of the certificate of their CA. @default known */
  ca?: "known" | "unknown";
}

/** Runs a program that configures a Vault in a process of its own, against mocks that print what is registered. */
async function run(of: Case): Promise<{ code: number | null; out: string; errors: string }> {
  const { errors, ...ended } = await nodeCommand(["-r", "tsx/cjs", "-e", program(of)], root);
  return { ...ended, errors: errors.join("\n") };
}

function program({ preview, servers, ca = "known" }: Case): string {
  const args = {
    address: address(),
    serverName,
    region: "eu-west-1",
    caCertificate: identity.certificate,
    caFile: join(folder, "ca.pem"),
    patience,
  };
  return `
    const pulumi = require("@pulumi/pulumi");
    const { Mount } = require("@pulumi/vault");
    const { vaultProvider } = require("./components/vault/door");
    const { basename } = require("node:path");
    const newResource = ({ type, name, inputs: { caCertFile } }) => {
      const file = typeof caCertFile === "string" ? basename(caCertFile) : "what is not known";
      console.log(type, name, ...(type.startsWith("pulumi:providers:") ? ["of", file] : []));
      return { id: name, state: {} };
    };
    pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "drawbridge", "dev", ${preview}).then(() => {
      const servers = ${JSON.stringify(servers)}.map((is) => {
        const id = pulumi.output("i-1");
        id.isKnown = Promise.resolve(is === "known");
        return { id };
      });
      const args = ${JSON.stringify(args)};
      if (${ca === "unknown"}) args.caCertificate = pulumi.output(pulumi.unknown);
      const provider = vaultProvider("vault", { ...args, servers });
      new Mount("kept", { path: "kept", type: "pki" }, { provider });
    });
  `;
}
