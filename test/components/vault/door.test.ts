import { mkdtempSync, readFileSync, rmSync } from "node:fs";
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
    [501, "uninitialised: its first server sets it up"],
    [503, "sealed: enable the KMS key of its seal"],
    [404, "unreachable, what answers there has status 404: reach it from a network"],
  ])("says what a status of %s means, and what to do", async (status, said) => {
    statuses = [status];
    await expect(refusal()).resolves.toContain(`Vault at ${address()} is ${said}`);
  });

  it("waits for a Vault that is coming", async () => {
    statuses = [501, 501, 503, 200];
    const waiting = { seconds: 30, sealedSeconds: 30, pauseSeconds: 0 };
    await untilOpen({ address: address(), serverName }, identity.certificate, waiting);
    expect(statuses).toEqual([200]);
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
    [501, "uninitialised"],
    [503, "sealed"],
    [404, "unreachable"],
  ])("ends an up at a status of %s before anything of Vault is registered", async (status, is) => {
    statuses = [status];
    const { code, out, errors } = await nodeCommand(["-r", "tsx/cjs", "-e", program()], root);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(errors.join("\n")).toContain(`Vault at ${address()} is ${is}`);
  });
});

/** A program that configures a Vault in a process of its own, against mocks that print what is registered. */
function program(): string {
  const args = {
    address: address(),
    serverName,
    region: "eu-west-1",
    caCertificate: identity.certificate,
    servers: [],
    caFile: join(folder, "ca.pem"),
    patience,
  };
  return `
    const pulumi = require("@pulumi/pulumi");
    const { Mount } = require("@pulumi/vault");
    const { vaultProvider } = require("./components/vault/door");
    const newResource = ({ type, name }) => {
      console.log(type, name);
      return { id: name, state: {} };
    };
    pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "drawbridge", "dev", false).then(() => {
      const provider = vaultProvider("vault", ${JSON.stringify(args)});
      new Mount("kept", { path: "kept", type: "pki" }, { provider });
    });
  `;
}
