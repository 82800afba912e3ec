import { authoritiesTable, type ControlPlane } from "../../components/vault/authorities";
import { identities, type Visitor } from "./cases";
import { apiAudience, type ClusterApi } from "./cluster";
import type { VaultServer } from "./server";

/** The service accounts of the table, each logged in anew. */
export async function accountVisitors(
  controlPlane: ControlPlane,
  { server, cluster }: { server: VaultServer; cluster: ClusterApi },
): Promise<Record<string, Visitor>> {
  const visitors: Record<string, Visitor> = {};
  for (const [user, account] of identities(controlPlane).accounts) {
    const audience = [account.audience, apiAudience];
    const jwt = cluster.token({ ...account, audience, seconds: 600 });
    const { auth } = await server.must(undefined, "POST", "auth/cluster/login", {
      role: user,
      jwt,
    });
    visitors[user] = { token: String(auth["client_token"]) };
  }
  return visitors;
}

/** Certificates of the authorities of the table, by name. Anybody may read them. */
export async function authoritiesOf(server: VaultServer): Promise<Record<string, string>> {
  const entries = authoritiesTable.authorities.map(async ({ name }) => {
    const { data } = await server.must(undefined, "GET", `pki/${name}/cert/ca`);
    return [name, String(data["certificate"])] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
