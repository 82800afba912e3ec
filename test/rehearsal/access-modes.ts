import { publicBastion, publicVpn } from "../support/public-access";
import { ed25519, securityKey } from "../support/public-keys";
import { CannotRun } from "../tools/build";
import { accountOf, placedArn, type Values } from "./stack-config";

/** How a stack is rehearsed in another access mode than its own. */
export interface AccessMode {
  /** What its stack file says then, by key without the project's name. */
  changes: (config: Values) => Values;
  /** What changes of that while the stack is up. */
  later: (config: Values) => Record<string, Values>;
  /** What the pack has to be told, by rule. */
  packConfig: Record<string, Values>;
}

export const accessModes: Record<string, AccessMode> = {
  ssh: {
    changes: () => ({
      accessMode: "ssh",
      ssh: { people: [{ name: "alice", publicKey: securityKey() }], securityKeys: true },
    }),
    later: (config) => ({
      ssh: {
        people: ["alice", "bob"].map((name, i) => ({
          name,
          publicKey: ed25519(i + 1),
          totpSecretArn: placedArn(config, "secretsmanager", `secret:totp/${name}-a1B2c3`),
        })),
        securityKeys: false,
        mfa: "totp",
      },
    }),
    packConfig: publicBastion,
  },
  vpn: {
    changes: (config) => {
      const { accountId } = accountOf(config);
      return {
        accessMode: "vpn",
        vpn: {
          clientCidr: "192.168.0.0/22",
          serverCertificateArn: placedArn(
            config,
            "acm",
            "certificate/12345678-1234-1234-1234-123456789012",
          ),
          samlProviderArn: `arn:aws:iam::${accountId}:saml-provider/people`,
          groups: ["platform", "on-call"],
        },
      };
    },
    later: (config) => ({
      vpn: {
        groups: ["platform", "security"],
        serverCertificateArn: placedArn(
          config,
          "acm",
          "certificate/87654321-4321-4321-4321-210987654321",
        ),
        sessionHours: 10,
        zones: (config["zones"] as string[]).slice(0, 1),
      },
    }),
    packConfig: publicVpn,
  },
};

/** The mode of a name on the command line. */
export function modeNamed(mode: string): AccessMode {
  const found = accessModes[mode];
  if (found) return found;
  throw new CannotRun(
    `--access must be one of ${Object.keys(accessModes).join(", ")}, got ${mode}`,
  );
}
