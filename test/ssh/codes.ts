import { fetchedCodes } from "../support/fetched-codes";
import { expected, type Check } from "../support/checks";
import { complaints } from "./check";
import type { Ended, SshServer } from "./server";
import { hostKeyTypes } from "../../components/aws/sshd-config";
import { codeOf } from "./totp";

const [key, otherKey] = ["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"];

/** What holds of a server that asks for a one-time code after the key, in this order: one of them starts it. */
export function codeChecks(server: SshServer, target: string): Check[] {
  const { account } = server;
  const fetch = (answers: Parameters<typeof fetchedCodes>[0]) => {
    const { keys = "" } = fetchedCodes(answers);
    server.giveKeys(keys);
  };
  const enroll = () => fetch({ [account]: { text: key }, other: { text: otherKey } });
  const enter = (code: string, clientKey = "key") =>
    server.connectWithCode(account, clientKey, code, "-W", target);
  const refused = ({ status, stdout, stderr }: Ended, left = "keyboard-interactive") => [
    ...expected("exit code", `${status ?? "none"}`, "255"),
    ...expected("answer", stdout, ""),
    ...(stderr.includes(`Permission denied (${left}).`) ? [] : [`must be refused, got ${stderr}`]),
  ];
  const entered = ({ stdout, stderr }: Ended) =>
    stdout === "the API\n" ? [] : [`must reach the API, got ${stdout}${stderr}`];
  return [
    ["sshd -t takes the file that asks for codes", () => complaints(server.test(false))],
    [
      "sshd -T asks for the key, then for a code, and for nothing else",
      () => {
        const effective = server.effective();
        return Object.entries({
          authenticationmethods: "publickey,keyboard-interactive:pam",
          kbdinteractiveauthentication: "yes",
          passwordauthentication: "no",
          usepam: "yes",
        }).flatMap(([keyword, value]) => expected(keyword, effective.get(keyword), value));
      },
    ],
    [
      "the server that asks for codes starts",
      async () => {
        enroll();
        server.permit(target);
        await server.start();
        server.tellHostKeys(hostKeyTypes);
        return [];
      },
    ],
    [
      "the right key and the right code reach the API",
      async () => {
        enroll();
        return entered(await enter(codeOf(key)));
      },
    ],
    [
      "a code is good once, and so is none before it",
      async () => {
        enroll();
        const [before, now] = [codeOf(key, -1), codeOf(key)];
        return [
          ...entered(await enter(now)),
          ...refused(await enter(now)),
          ...refused(await enter(before)),
          ...entered(await enter(codeOf(key, 1))),
        ];
      },
    ],
    [
      "a wrong code, an old one, none, and the code of another person are refused",
      async () => {
        const attempts = [];
        for (const code of ["000000", codeOf(key, -4), "", codeOf(otherKey)]) {
          enroll();
          attempts.push(await enter(code));
        }
        return attempts.flatMap((attempt) => refused(attempt));
      },
    ],
    [
      "the right code without the right key is refused, and not asked for",
      async () => {
        enroll();
        const attempts = [
          await enter(codeOf(key), "stranger"),
          await server.connectWithCode(account, "key", codeOf(key), "-oPubkeyAuthentication=no"),
          await server.connectWithCode(
            account,
            "key",
            codeOf(key),
            "-oPreferredAuthentications=keyboard-interactive,password",
          ),
        ];
        return attempts.flatMap((attempt) => refused(attempt, "publickey"));
      },
    ],
    [
      "the right key without a code, or with a password, is refused",
      async () => {
        enroll();
        const methods = "-oPreferredAuthentications=publickey,password";
        return [
          ...refused(await server.connect(account, "key", "-W", target)),
          ...refused(await server.connectWithCode(account, "key", "password", methods)),
        ];
      },
    ],
    [
      "a person whose secret is gone or holds no key is refused, and so is everybody without the file",
      async () => {
        fetch({ [account]: { error: "ResourceNotFoundException" }, other: { text: otherKey } });
        const gone = await enter(codeOf(key));
        fetch({ [account]: { text: "hunter2" }, other: { text: otherKey } });
        const malformed = await enter(codeOf(key));
        fetch({ [account]: { error: "AccessDeniedException" } });
        const empty = await enter(codeOf(key));
        return [gone, malformed, empty].flatMap((attempt) => refused(attempt));
      },
    ],
    [
      "nobody comes in while the module is missing",
      async () => {
        enroll();
        server.givePam("pam_missing.so");
        const attempt = await enter(codeOf(key));
        server.givePam();
        return [...refused(attempt), ...entered(await enter(codeOf(key)))];
      },
    ],
    [
      "after five wrong codes the right one is refused; four are forgotten with a right one",
      async () => {
        enroll();
        for (const code of Array<string>(4).fill("000000")) await enter(code);
        const fifth = await enter(codeOf(key));
        for (const code of Array<string>(5).fill("000000")) await enter(code);
        return [...entered(fifth), ...refused(await enter(codeOf(key, 1)))];
      },
    ],
    [
      "the log tells right codes from wrong ones",
      () =>
        [/Accepted keyboard-interactive\/pam for /, /Failed keyboard-interactive\/pam for /]
          .filter((pattern) => !pattern.test(server.logged))
          .map((pattern) => `must have ${pattern.source}, got ${server.logged}`),
    ],
  ];
}
