import { securityKey } from "../support/public-keys";
import { accountOf } from "./stack-config";

/** How a stack is rehearsed in another access mode than its own. */
export interface AccessMode {
  /** What its stack file says then, by key without the project's name. */
  changes: (config: Record<string, unknown>) => Record<string, unknown>;
  /** What the pack has to be told, by rule. */
  packConfig: Record<string, Record<string, unknown>>;
}

const told = (rules: string[], config: Record<string, unknown>) =>
  Object.fromEntries(rules.map((rule) => [rule, config]));

export const accessModes: Record<string, AccessMode> = {
  ssh: {
    changes: () => ({
      accessMode: "ssh",
      ssh: { people: [{ name: "alice", publicKey: securityKey() }], securityKeys: true },
    }),
    packConfig: told(
      ["net-nodes-private-subnets", "net-eip-only-nat-bastion", "net-only-bastion-and-alb-public"],
      { publicBastion: true },
    ),
  },
  vpn: {
    changes: (config) => {
      const { accountId } = accountOf(config);
      const place = `${String(config["region"])}:${accountId}`;
      return {
        accessMode: "vpn",
        vpn: {
          clientCidr: "192.168.0.0/22",
          serverCertificateArn: `arn:aws:acm:${place}:certificate/12345678-1234-1234-1234-123456789012`,
          samlProviderArn: `arn:aws:iam::${accountId}:saml-provider/people`,
          groups: ["platform", "on-call"],
        },
      };
    },
    packConfig: told(["net-only-bastion-and-alb-public"], { publicVpn: true }),
  },
};
