import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { promisify } from "node:util";
import { hostKeyAlgorithms, hostKeyTypes, mozillaModern } from "../../components/aws/sshd-config";
import type { Check } from "../support/checks";
import { Checked, expected } from "../support/checks";
import { reportCannotRun } from "../tools/build";
import { findOpenSsh, findPamOath, findSshAudit } from "../tools/openssh";
import { complaints } from "./check";
import { codeChecks } from "./codes";
import { SshServer, listening } from "./server";

/**
 * `npm run verify:ssh`: the rendered `sshd_config` on a real OpenSSH server, looked at by ssh-audit and by a client, and
 * the rendered file of PAM with a real module for codes. For PAM the machine must let it make mount namespaces, by root
 * or by user namespaces; where it does not, these checks are skipped.
 */
async function main(): Promise<void> {
  const openSsh = await findOpenSsh();
  const audited = await findSshAudit();
  const pamOath = await findPamOath();
  const whyNoPam = SshServer.whyNoPam();
  const server = new SshServer(openSsh);
  const codeServer = new SshServer(openSsh, pamOath);
  const api = await listening(createServer((socket) => socket.end("the API\n")));
  const other = await listening(createServer((socket) => socket.end("another host\n")));
  const [target, elsewhere] = [api, other].map(
    (one) => `127.0.0.1:${(one.address() as AddressInfo).port}`,
  ) as [string, string];
  const ofCodes = codeChecks(codeServer, target);
  const checked = new Checked();
  try {
    await checked.run(checks(server, audited, target, elsewhere));
    if (whyNoPam === undefined) await checked.run(ofCodes);
    else checked.skip(ofCodes, `no mount namespace, ${whyNoPam}`);
  } finally {
    server.close();
    codeServer.close();
    for (const one of [api, other]) one.close();
  }
  checked.close();
}

/** In this order: the server is started by one of them. */
function checks(
  server: SshServer,
  audited: Awaited<ReturnType<typeof findSshAudit>>,
  target: string,
  elsewhere: string,
): Check[] {
  let report: Audit | undefined;
  const nobodyElse = "Permission denied (publickey).";
  const tunnel = (to: string) => server.connect(server.account, "key", "-W", to);
  return [
    ["sshd -t takes the file", () => complaints(server.test(false))],
    ["sshd -t takes the file for security keys", () => complaints(server.test(true))],
    [
      "sshd -T answers with Mozilla's modern algorithms, spelled as the user data compares them",
      () => {
        const effective = server.effective();
        return Object.entries(mozillaModern).flatMap(([keyword, names]) =>
          expected(keyword, effective.get(keyword.toLowerCase()), names.join(",")),
        );
      },
    ],
    [
      "tunnels lead nowhere before the API's host is known, and to it afterwards",
      () => {
        const before = server.effective().get("permitopen");
        server.permit(target);
        const after = server.effective().get("permitopen");
        return [
          ...expected("permitopen", before, "none"),
          ...expected("permitopen", after, target),
        ];
      },
    ],
    ["the filter keeps moduli of 3072 bits and more", () => complaints(server.filterModuli())],
    [
      "the server starts",
      async () => {
        await server.start();
        server.tellHostKeys(hostKeyTypes);
        return [];
      },
    ],
    [
      "ssh-audit sees Mozilla's modern algorithms and no other",
      async () => {
        report = await audit(audited, server.port);
        const names = (list: Algorithm[]) => list.map(({ algorithm }) => algorithm).join(",");
        // Not an algorithm but a sign that the server counters Terrapin (CVE-2023-48795).
        const kex = report.kex.filter(({ algorithm }) => !algorithm.startsWith("kex-strict-"));
        return [
          ...expected("kex", names(kex), mozillaModern.KexAlgorithms.join(",")),
          ...expected("ciphers", names(report.enc), mozillaModern.Ciphers.join(",")),
          ...expected("macs", names(report.mac), mozillaModern.MACs.join(",")),
          ...expected("host keys", names(report.key), hostKeyAlgorithms.join(",")),
        ];
      },
    ],
    [
      "ssh-audit fails nothing but the NIST curves, which Mozilla's guidelines have",
      () =>
        algorithmsOf(report)
          .filter(({ algorithm, notes }) => notes.fail && !/nistp\d+$/.test(algorithm))
          .map(({ algorithm, notes }) => `${algorithm}: ${notes.fail?.join(", ") ?? ""}`),
    ],
    [
      "group exchange and RSA host keys have 3072 bits and more",
      () => {
        const sized = algorithmsOf(report).filter(({ algorithm }) =>
          /^(diffie-hellman-group-exchange|rsa-)/.test(algorithm),
        );
        const small = sized.filter(({ keysize = 0 }) => keysize < 3072);
        return [
          ...expected("sized algorithms", `${sized.length}`, "3"),
          ...small.map(({ algorithm, keysize }) => `${algorithm} has ${keysize ?? "no"} bits`),
        ];
      },
    ],
    [
      "a person reaches the API through a tunnel",
      async () => expected("answer", (await tunnel(target)).stdout, "the API\n"),
    ],
    [
      "a person reaches nothing else",
      async () => {
        const { stdout, stderr } = await tunnel(elsewhere);
        return [
          ...expected("answer", stdout, ""),
          ...(stderr.includes("administratively prohibited") ? [] : [`got ${stderr}`]),
        ];
      },
    ],
    [
      "a person opens no port of the bastion, and gets no terminal",
      async () => {
        const remote = await server.connect(
          server.account,
          "key",
          "-N",
          "-oExitOnForwardFailure=yes",
          `-R0:${target}`,
        );
        const terminal = await server.connect(server.account, "key", "-tt");
        return [
          ...(remote.stderr.includes("remote port forwarding failed") ? [] : [remote.stderr]),
          ...(terminal.stderr.includes("PTY allocation request failed") ? [] : [terminal.stderr]),
        ];
      },
    ],
    [
      "a person runs no command, and neither reads nor leaves files",
      async () => {
        const command = await server.connect(server.account, "key", "-oRemoteCommand=echo ran");
        // The server may write into the one, beside its own files, and the client into the other.
        const [left, fetched] = [`${server.folder}-left`, server.path("fetched")];
        const { status } = await server.transfer(
          server.account,
          "key",
          `put ${server.path("moduli")} ${left}`,
          `get /etc/passwd ${fetched}`,
        );
        const found = [
          ...(command.stdout.includes("ran") ? ["a command ran"] : []),
          ...expected("exit code of sftp", status, "255"),
          ...(existsSync(left) ? ["a file was left"] : []),
          ...(existsSync(fetched) ? ["a file came out"] : []),
        ];
        rmSync(left, { force: true });
        return found;
      },
    ],
    [
      "nobody comes in with another key, by another account, as root or with a password",
      async () => {
        const attempts = await Promise.all([
          server.connect(server.account, "stranger"),
          server.connect("somebody", "key"),
          server.connect("root", "key"),
          server.connect(server.account, "key", "-o", "PreferredAuthentications=password"),
        ]);
        return attempts
          .filter(({ status, stderr }) => status !== 255 || !stderr.includes(nobodyElse))
          .map(({ stderr }) => `must be refused, got ${stderr}`);
      },
    ],
    [
      "the log names the key of each login",
      () => (/Accepted publickey for \S+ .* SHA256:/.test(server.logged) ? [] : [server.logged]),
    ],
    [
      "a client that was told other host keys does not connect",
      async () => {
        server.tellHostKeys([]);
        const { status, stderr } = await tunnel(target);
        return status === 255 && stderr.includes("Host key verification failed") ? [] : [stderr];
      },
    ],
  ];
}

interface Algorithm {
  algorithm: string;
  keysize?: number;
  notes: { fail?: string[] };
}

/** What `ssh-audit --json` says, as far as it is read here. */
type Audit = Record<"kex" | "key" | "enc" | "mac", Algorithm[]>;

function algorithmsOf(report: Audit | undefined): Algorithm[] {
  if (!report) throw new Error("ssh-audit must have reported");
  return [...report.kex, ...report.key, ...report.enc, ...report.mac];
}

async function audit(
  { command, env }: Awaited<ReturnType<typeof findSshAudit>>,
  port: number,
): Promise<Audit> {
  const args = [command, "--json", "--skip-rate-test", "--port", `${port}`, "127.0.0.1"];
  const ended = promisify(execFile)("python3", args, {
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  // It ends with 2 and 3 when it has something to say about an algorithm.
  const { stdout } = await ended.catch((error: Error & { stdout?: string }) => {
    if (!error.stdout?.startsWith("{")) throw error;
    return { stdout: error.stdout };
  });
  return JSON.parse(stdout) as Audit;
}

main().catch(reportCannotRun);
