import type { StackResource } from "../../plan/stack-resource";
import { planned, sshMode, vpnMode } from "./planned";

/** The repository's prod stack in ssh mode. */
export function planWithSsh(): Promise<StackResource[]> {
  return planned("prod", sshMode);
}

/** The repository's prod stack in vpn mode. */
export function planWithVpn(): Promise<StackResource[]> {
  return planned("prod", vpnMode("444455556666"));
}
