import type { StackResource } from "../../plan/stack-resource";
import { planned, sshWithCodes, vpnMode } from "./planned";

/** The repository's prod stack in ssh mode, with codes. */
export function planWithSsh(): Promise<StackResource[]> {
  return planned("prod", sshWithCodes("444455556666"));
}

/** The repository's prod stack in vpn mode. */
export function planWithVpn(): Promise<StackResource[]> {
  return planned("prod", vpnMode("444455556666"));
}
