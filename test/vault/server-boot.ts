import { spawnSync } from "node:child_process";
import { serverUserData } from "../../components/vault/server-boot";
import type { Check } from "../support/checks";

/** What of a server's user data can be looked at without an instance, beside the unit tests: its Python. */
export function serverBootChecks(): Check[] {
  return [
    [
      "the script that fetches a server's files is sound Python",
      () => {
        const userData = serverUserData({
          region: "eu-central-1",
          filesSecret: "files",
          logGroupName: "logs",
          snapshots: "s3://snapshots/vault",
          serverId: "vault.internal",
        });
        const [, script = ""] = /^cat > \S+-files <<'END'\n(.*?)^END$/ms.exec(userData) ?? [];
        const compile = "import sys; compile(sys.stdin.read(), 'files', 'exec')";
        const { status, stderr } = spawnSync("python3", ["-c", compile], {
          input: script,
          encoding: "utf8",
        });
        return [
          ...(script.startsWith("#!/usr/bin/python3\n") ? [] : ["the script must be there"]),
          ...(status === 0 ? [] : [stderr]),
        ];
      },
    ],
  ];
}
