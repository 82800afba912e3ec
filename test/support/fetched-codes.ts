import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchCodes } from "../../components/aws/one-time-codes";

const place = { region: "eu-west-1", accountId: "111122223333" };

/** The ARN of the secret of a person's codes. */
export function secretOf(name: string, accountId = place.accountId): string {
  return `arn:aws:secretsmanager:${place.region}:${accountId}:secret:totp/${name}-a1B2c3`;
}

/** What Secrets Manager answers: the text of a secret, or an error by its name. */
export type Answer = { text: string } | { error: string };

/** How the script of the instance ended, and what it left. */
export interface FetchedCodes {
  status: number | null;
  /** The file that the PAM module reads; nothing when there is none. */
  keys: string | undefined;
  /** Every file in its folder. */
  files: string[];
  /** What went to the log. */
  logged: string;
}

/** Runs the script that fetches people's keys for codes as the instance does, with answers in place of AWS'. */
export function fetchedCodes(answers: Record<string, Answer>, before?: string): FetchedCodes {
  const folder = mkdtempSync(join(tmpdir(), "drawbridge-codes-"));
  const at = (...names: string[]) => join(folder, ...names);
  try {
    for (const name of ["bin", "answers", "codes"]) mkdirSync(at(name));
    for (const [name, answer] of Object.entries(answers)) {
      const file = at("answers", secretOf(name).replaceAll(/[:/]/g, "_"));
      writeFileSync(file, "text" in answer ? `echo '${answer.text}'` : failure(answer.error));
    }
    if (before !== undefined) writeFileSync(at("codes", "keys"), before);
    command(at("bin", "aws"), `. ${at("answers")}/$(printf %s "$4" | tr :/ __)`);
    command(at("bin", "logger"), `{ echo "$@"; test "$5" != -f || cat "$6"; } >> ${at("log")}`);
    writeFileSync(at("log"), "");
    const people = Object.keys(answers).map((name) => ({
      name,
      publicKey: "",
      totpSecretArn: secretOf(name),
    }));
    const { status } = spawnSync("sh", [], {
      input: fetchCodes({ ...place, people, folder }),
      env: { PATH: `${at("bin")}:${process.env["PATH"] ?? ""}` },
    });
    const keys = at("codes", "keys");
    return {
      status,
      keys: existsSync(keys) ? readFileSync(keys, "utf8") : undefined,
      files: readdirSync(at("codes")).toSorted(),
      logged: readFileSync(at("log"), "utf8"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How the AWS CLI tells of an error. */
function failure(name: string): string {
  return `echo 'An error occurred (${name}) when calling the GetSecretValue operation' >&2; exit 254`;
}

function command(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
