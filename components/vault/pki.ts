import * as pulumi from "@pulumi/pulumi";
import { Authority } from "./authority";
import { childOf } from "./child";
import { issuances, tableFaults, usersOf, type Names } from "./issuance";
import { Logins, type LoginsArgs } from "./logins";
import { advice, rotationFaults, type Rotations } from "./rotation";

export interface PkiArgs extends Omit<LoginsArgs, "serverId"> {
  /** Private zone of the stack. */
  domain: string;
  /** Name of Vault in that zone, by which it is reached on port 8200. */
  vaultName: string;
  /** Whether Pulumi refuses to delete or to replace authorities. */
  deletionProtection: boolean;
  /** What authorities went through since they were made. @default - nothing */
  rotations?: Rotations;
}

/**
 * Everything of the reviewed table in Vault: three authorities that have nothing in common, those below them, who may
 * ask them for what. Throws with a line for each fault when the table has any.
 */
export class Pki extends pulumi.ComponentResource {
  static readonly requirements = ["J5", "J6", "J7", "J8"];

  /** Of each authority by its name, the certificates to trust: one, or two while it is rotated; PEM, one after the other. */
  readonly certificates: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: PkiArgs, opts?: pulumi.ComponentResourceOptions) {
    const { table, controlPlane, domain, vaultName, deletionProtection } = args;
    const { rotations = {} } = args;
    const faults = [
      ...tableFaults(table),
      ...nodeFaults(args),
      ...rotationFaults(table, rotations).map(
        ({ path, rule, value }) => `rotations.${path} ${rule}, got ${String(value)}`,
      ),
    ];
    if (faults.length > 0) throw new Error(faults.join("\n"));
    super("drawbridge:vault:Pki", name, {}, opts);
    const child = childOf(this, opts);
    const serverId = `${vaultName}.${domain}`;
    const { nodeName: node } = new Logins(`${name}-logins`, { ...args, serverId }, child);
    const names: Names = node ? { domain, node } : { domain };

    const all = issuances(table, controlPlane);
    const made = new Map<string, Authority>();
    // An authority below another one is never above a third.
    const roots = table.authorities.filter(({ parent }) => parent === undefined);
    const others = table.authorities.filter(({ parent }) => parent !== undefined);
    for (const data of [...roots, ...others]) {
      const parent = data.parent === undefined ? undefined : made.get(data.parent);
      const todo = advice(table, data, rotations, controlPlane);
      const authority = new Authority(
        `${name}-${data.name}`,
        {
          data,
          ...(parent && { parent }),
          rotations,
          ...(todo !== undefined && { advice: todo }),
          signsAuthorities: others.some((other) => other.parent === data.name),
          issuances: all.filter((issuance) => issuance.authority === data),
          names,
          address: `https://${serverId}:8200`,
          deletionProtection,
        },
        child,
      );
      made.set(data.name, authority);
    }
    this.certificates = Object.fromEntries(
      [...made].map(([key, { certificates }]) => [key, certificates]),
    );
    this.registerOutputs({ certificates: this.certificates });
  }
}

function nodeFaults({ table, controlPlane, nodes }: PkiArgs): string[] {
  return usersOf(table, controlPlane, "node").flatMap(([user]) => {
    const { roleArns = [], instanceProfileArns = [] } = nodes[user] ?? {};
    return roleArns.length > 0 && instanceProfileArns.length > 0
      ? []
      : [`nodes.${user} must have roleArns and instanceProfileArns, got none`];
  });
}
