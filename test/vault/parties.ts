import { X509Certificate } from "node:crypto";
import { mock } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Rotations, Step } from "../../components/vault/rotation";
import type { Rehearsal } from "../rehearsal/engine";
import type { Visitor } from "./cases";
import { keyAndRequest, verifies } from "./certificates";
import { handshake, type Leaf } from "./handshake";
import type { VaultServer } from "./server";

/** Where those are who have certificates and verify them. */
export interface PartiesSite {
  rehearsal: Rehearsal;
  server: VaultServer;
  /** Those who ask for certificates, each with a token that is new. */
  visitors: () => Promise<Record<string, Visitor>>;
  /** What the authorities go through, by the program as it runs now. */
  rotations: () => Rotations;
  /** From now on the program has authorities go through these. */
  rotate: (rotations: Rotations) => void;
}

/** Somebody who proves himself by a certificate, and whose certificates others hold to verify it. */
export interface Party {
  path: string;
  user: string;
  /** The authority that others trust. */
  anchor: string;
  /** What it asks for; the path decides whether Vault makes the key or signs a request. */
  name: (visitors: Record<string, Visitor>) => string;
}

/** A server and a client who prove themselves to each other. */
interface Meeting {
  what: string;
  server: string;
  client: string;
  /** The one whose authority both trust. */
  trusts: string;
}

export interface Company {
  parties: Readonly<Record<string, Party>>;
  meetings: readonly Meeting[];
}

const hostname = (user: string) => (visitors: Record<string, Visitor>) =>
  visitors[user]?.hostname ?? "";
const named = (name: string) => () => name;

/** Those of a self-managed control plane. */
export const nodesAndMesh: Company = {
  parties: {
    server: {
      path: "pki/kubernetes/issue/kubelet-server",
      user: "worker",
      anchor: "kubernetes",
      name: hostname("worker"),
    },
    client: {
      path: "pki/front-proxy/issue/front-proxy-client",
      user: "control-plane",
      anchor: "front-proxy",
      name: named("front-proxy-client"),
    },
    member: {
      path: "pki/etcd-k8s/issue/member",
      user: "etcd",
      anchor: "etcd-k8s",
      name: hostname("etcd"),
    },
    workload: {
      path: "pki/mesh/sign/workload",
      user: "mesh",
      anchor: "mesh",
      name: named("istiod.istio-system.svc"),
    },
  },
  meetings: [
    // By TLS the client proves itself to who trusts the authority above its own.
    { what: "kubelet and API server", server: "server", client: "client", trusts: "server" },
    { what: "members of etcd", server: "member", client: "member", trusts: "member" },
  ],
};

/** Those of a cluster that AWS operates: what runs in it. */
export const podsOfCluster: Company = {
  parties: {
    service: {
      path: "pki/kubernetes/sign/services",
      user: "services",
      anchor: "kubernetes",
      name: named("webhook.team.svc"),
    },
    typha: {
      path: "pki/etcd-overlay/sign/typha",
      user: "calico",
      anchor: "etcd-overlay",
      name: named("typha-server"),
    },
    felix: {
      path: "pki/etcd-overlay/sign/felix",
      user: "calico",
      anchor: "etcd-overlay",
      name: named("typha-client"),
    },
    workload: {
      path: "pki/mesh/sign/workload",
      user: "mesh",
      anchor: "mesh",
      name: named("istiod.istio-system.svc"),
    },
  },
  meetings: [{ what: "Typha and Felix", server: "typha", client: "felix", trusts: "typha" }],
};

/** Certificates that were issued together, while the rotations were as they are. */
type Issued = Readonly<Record<string, Leaf>>;

/** PEM of the certificates to trust, by authority. */
type Trust = Record<string, string>;

/** Those who have certificates, and those who verify them. All of what is valid at a time must verify with all of it. */
export class Parties {
  private readonly valid: { issued: Issued; rotations: Rotations }[] = [];
  /** What relying parties hold: those that were slow have that of the phase before. */
  private held: Trust[] = [];
  private visitors: Record<string, Visitor> = {};

  constructor(
    private readonly site: PartiesSite,
    private readonly company: Company,
  ) {}

  /** An `up` on a day. Whoever asks and verifies goes on doing so meanwhile. */
  async enter(rotations: Rotations, on: string): Promise<string[]> {
    const { rehearsal } = this.site;
    this.visitors = await this.site.visitors();
    // A phase is entered only when everybody holds what belongs to the one before.
    this.held = this.held.slice(-1);
    this.endOf(rotations);
    const before = this.site.rotations();
    this.site.rotate(rotations);
    const meanwhile = { going: true, rounds: 0 };
    const up = onDay(on, () => rehearsal.up()).finally(() => (meanwhile.going = false));
    const problems: string[] = [];
    while (meanwhile.going && this.held.length > 0) {
      problems.push(...(await this.round(before)));
      meanwhile.rounds += 1;
      await pause(500);
    }
    const { failure } = await up;
    if (failure !== undefined) return [failure];
    const { rounds } = meanwhile;
    if (this.held.length > 0 && rounds < 3) {
      problems.push(`must verify at least three times meanwhile, got ${rounds}`);
    }
    this.held.push(await this.published());
    return [...problems, ...(await this.round(rotations))].slice(0, 5);
  }

  /** Before the former authority goes, the last certificate of it has ended; only the newest of others is of interest. */
  private endOf(rotations: Rotations): void {
    const ends = (walk: readonly Step[] = []) => walk.at(-1)?.phase === "distrust";
    const current = this.site.rotations();
    const isLeft = Object.entries(rotations).some(
      ([name, walk]) => ends(walk) && !ends(current[name]),
    );
    const later = isLeft ? this.valid.filter((one) => one.rotations === current) : this.valid;
    this.valid.splice(0, this.valid.length, ...later.slice(-3));
  }

  /** New certificates; these and those of before verify for everybody. */
  private async round(rotations: Rotations): Promise<string[]> {
    try {
      const issued = await this.ask();
      const last = this.valid.at(-1);
      if (last?.rotations !== rotations) this.valid.push({ issued, rotations });
      const all = [...this.valid.map((one) => one.issued), issued];
      const problems: string[] = [];
      for (const trust of this.held) {
        for (const one of all) problems.push(...(await this.verify(one, issued, trust)));
      }
      return problems;
    } catch (error) {
      return [(error as Error).message];
    }
  }

  private async ask(): Promise<Issued> {
    const entries = await Promise.all(
      Object.entries(this.company.parties).map(
        async ([role, party]) => [role, await this.issue(party)] as const,
      ),
    );
    return Object.fromEntries(entries);
  }

  private async issue({ path, user, name }: Party): Promise<Leaf> {
    const wanted = name(this.visitors);
    const request = path.includes("/sign/") ? await keyAndRequest(wanted, []) : undefined;
    const body = request ? { csr: request.csr } : { common_name: wanted };
    const token = this.visitors[user]?.token;
    const { data } = await this.site.server.must(token, "POST", path, body);
    return {
      certificate: String(data["certificate"]),
      key: request?.key ?? String(data["private_key"]),
      between: ((data["ca_chain"] as string[] | undefined) ?? []).filter(
        (pem) => !signsItself(pem),
      ),
    };
  }

  private async verify(one: Issued, other: Issued, trust: Trust): Promise<string[]> {
    const { parties, meetings } = this.company;
    const problems: string[] = [];
    const fail = (what: string) => problems.push(`${what} must verify`);
    const held = (role: string) => trust[parties[role]?.anchor ?? ""] ?? "";
    for (const { what, server, client, trusts } of meetings) {
      for (const [serves, calls] of [
        [one, other],
        [other, one],
      ] as const) {
        const [serving, calling] = [serves[server], calls[client]];
        if (!serving || !calling) throw new Error(`${what} must have certificates`);
        const name = parties[server]?.name(this.visitors) ?? "";
        const anchors = held(trusts);
        await handshake(
          { leaf: serving, trusts: anchors },
          { leaf: calling, trusts: anchors },
          name,
        ).catch((error: Error) => fail(`${what}, ${error.message}:`));
      }
    }
    for (const [role, { certificate, between }] of Object.entries(one)) {
      if (!(await verifies(certificate, between, held(role)))) fail(role);
    }
    return problems;
  }

  /** What the program gives to relying parties. */
  private async published(): Promise<Trust> {
    const { resources } = await this.site.rehearsal.state();
    const pki = resources.find(({ type }) => type === "drawbridge:vault:Pki");
    return pki?.outputs?.["certificates"] as Trust;
  }
}

function signsItself(pem: string): boolean {
  const certificate = new X509Certificate(pem);
  return certificate.verify(certificate.publicKey);
}

/** Something on another day, for the program, which runs in this process; Vault has a clock of its own. */
export async function onDay<T>(day: string, run: () => Promise<T>): Promise<T> {
  mock.timers.enable({ apis: ["Date"], now: Date.parse(`${day}T12:00:00Z`) });
  try {
    return await run();
  } finally {
    mock.timers.reset();
  }
}
