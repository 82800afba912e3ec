import type { StackResource } from "../../plan/stack-resource";
import { planned, sshMode, vpnMode } from "./planned";

/** What a stack with a public bastion tells the pack. */
export const publicBastion = Object.fromEntries(
  ["net-nodes-private-subnets", "net-eip-only-nat-bastion", "net-only-bastion-and-alb-public"].map(
    (id) => [id, { publicBastion: true }],
  ),
);

/** What a stack with a Client VPN tells the pack. */
export const publicVpn = { "net-only-bastion-and-alb-public": { publicVpn: true } };

/** The repository's prod stack in ssh mode. */
export function planWithSsh(): Promise<StackResource[]> {
  return planned("prod", sshMode);
}

/** The repository's prod stack in vpn mode. */
export function planWithVpn(): Promise<StackResource[]> {
  return planned("prod", vpnMode("444455556666"));
}
