import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Purpose = "sslclient" | "sslserver";

/** Whether `openssl verify` accepts a certificate when `anchor` alone is trusted; `between` may help to reach it. */
export async function verifies(
  certificate: string,
  between: string[],
  anchor: string,
  purpose?: Purpose,
): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "drawbridge-verify-"));
  const file = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  // A relying party may trust an authority that is signed by another one, as an API server does.
  const args = ["verify", "-partial_chain", "-no-CApath", "-x509_strict"];
  args.push("-CAfile", file("anchor", anchor));
  if (between.length > 0) args.push("-untrusted", file("between", between.join("\n")));
  if (purpose) args.push("-purpose", purpose);
  try {
    await run("openssl", [...args, file("certificate", certificate)]);
    return true;
  } catch (error) {
    // It ends with 2 when it does not verify; what cannot be run or read at all is another matter.
    if ((error as { code?: unknown }).code === 2) return false;
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A request for a certificate with a key of its own. */
export async function signingRequest(...asked: Parameters<typeof keyAndRequest>): Promise<string> {
  return (await keyAndRequest(...asked)).csr;
}

/** A key, and a request for a certificate with it; both PEM. */
export async function keyAndRequest(
  commonName: string,
  alternatives: string[],
  kind: string[] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
): Promise<{ key: string; csr: string }> {
  const directory = mkdtempSync(join(tmpdir(), "drawbridge-request-"));
  try {
    const [type = "", ...options] = kind;
    const keyFile = join(directory, "key");
    const made = ["req", "-new", "-newkey", type, ...options, "-nodes"];
    const subject = ["-keyout", keyFile, "-subj", `/CN=${commonName}`];
    const extensions =
      alternatives.length > 0 ? ["-addext", `subjectAltName=${alternatives.join(",")}`] : [];
    const usage = ["-addext", "extendedKeyUsage=serverAuth,clientAuth"];
    const { stdout } = await run("openssl", [...made, ...subject, ...extensions, ...usage]);
    return { key: readFileSync(keyFile, "utf8"), csr: stdout };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
