import type { Flow, GroupName } from "../../../components/aws/flows";
import { flows } from "../../../components/aws/flows";

const groupNames: string[] = [
  "api",
  "nodes",
  "endpoints",
  "bastion",
  "vpn",
  "entry",
  "log-store",
  "log-delivery",
] satisfies GroupName[];
const modes = ["ssm", "ssh", "vpn", "direct"] as const;

const mirror = ({ on, direction, peer, port }: Flow) =>
  `${direction === "ingress" ? "egress" : "ingress"} on ${peer} from ${on} ${port}`;
const key = ({ on, direction, peer, port }: Flow) => `${direction} on ${on} from ${peer} ${port}`;

describe("flows", () => {
  it.each(modes)("meets every rule with its other end, in %s mode", (mode) => {
    const rows = flows(mode);
    const known = new Set(rows.map(key));
    const between = rows.filter(({ peer }) => groupNames.includes(peer));
    expect(between.filter((row) => !known.has(mirror(row))).map(key)).toEqual([]);
  });

  it.each(modes)("lets clients in at the entry and nowhere else, in %s mode [J16]", (mode) => {
    const open = flows(mode).filter(
      (row) => row.direction === "ingress" && ["internet", "clients"].includes(row.peer),
    );
    expect(open.map(({ on, peer, port }) => [on, peer, port])).toEqual([
      ["entry", "clients", 443],
      ["entry", "clients", 80],
    ]);
  });

  it.each(modes)("lets the entry reach the mesh gateway and nothing else, in %s mode", (mode) => {
    const out = flows(mode).filter((row) => row.on === "entry" && row.direction === "egress");
    expect(out.map(({ peer, port }) => [peer, port])).toEqual([
      ["nodes", 8443],
      ["nodes", 15021],
    ]);
  });

  it.each(modes)("says why for each row, in %s mode", (mode) => {
    expect(flows(mode).filter(({ why }) => why.length < 10)).toEqual([]);
  });

  it.each(modes)("has no row twice, in %s mode", (mode) => {
    const keys = flows(mode).map(key);
    expect(keys.filter((one, i) => keys.indexOf(one) < i)).toEqual([]);
  });

  it("opens the API to the bastion, the VPN or joined networks, by the mode [S13]", () => {
    const onApi = (mode: (typeof modes)[number]) =>
      flows(mode)
        .filter((row) => row.on === "api" && row.direction === "ingress")
        .map(({ peer, port }) => [peer, port]);
    expect(onApi("ssm")).toEqual([
      ["nodes", 443],
      ["vault", 443],
      ["bastion", 443],
    ]);
    expect(onApi("ssh")).toEqual(onApi("ssm"));
    expect(onApi("vpn")).toEqual([
      ["nodes", 443],
      ["vault", 443],
      ["vpn", 443],
    ]);
    expect(onApi("direct")).toEqual([
      ["nodes", 443],
      ["vault", 443],
      ["trusted", 443],
    ]);
  });

  it("opens Vault by its load balancer to nodes and people, and its servers to each other [J6]", () => {
    const into = (on: string, mode: (typeof modes)[number]) =>
      flows(mode)
        .filter((row) => row.on === on && row.direction === "ingress")
        .map(({ peer, port }) => [peer, port]);
    for (const mode of modes) {
      expect(into("vault", mode)).toEqual([
        ["vault-door", 8200],
        ["vault", 8200],
        ["vault", 8201],
      ]);
    }
    expect(modes.map((mode) => into("vault-door", mode))).toEqual(
      ["bastion", "bastion", "vpn", "trusted"].map((people) => [
        ["nodes", 8200],
        [people, 8200],
      ]),
    );
  });

  it("opens the log store to those who write and search, on HTTPS only [S1]", () => {
    const onStore = (mode: (typeof modes)[number]) =>
      flows(mode)
        .filter((row) => row.on === "log-store")
        .map(({ direction, peer, port }) => [direction, peer, port]);
    const writers = [
      ["ingress", "nodes", 443],
      ["ingress", "log-delivery", 443],
    ];
    expect(onStore("ssm")).toEqual([...writers, ["ingress", "bastion", 443]]);
    expect(onStore("ssh")).toEqual(writers);
    expect(onStore("vpn")).toEqual([...writers, ["ingress", "vpn", 443]]);
    expect(onStore("direct")).toEqual([...writers, ["ingress", "trusted", 443]]);
  });

  it("opens SSH of the bastion to trusted networks in ssh mode alone [J17]", () => {
    const bySsh = (mode: (typeof modes)[number]) =>
      flows(mode)
        .filter(({ port }) => port === 22)
        .map(({ on, direction, peer }) => [on, direction, peer]);
    expect(modes.map(bySsh)).toEqual([[], [["bastion", "ingress", "trusted"]], [], []]);
  });

  it("lets people of the VPN reach the API, the log store and Vault, and nothing else", () => {
    const ofVpn = flows("vpn").filter(({ on }) => on === "vpn");
    expect(ofVpn.map(({ direction, peer, port }) => [direction, peer, port])).toEqual([
      ["egress", "api", 443],
      ["egress", "log-store", 443],
      ["egress", "vault-door", 8200],
    ]);
    expect(flows("vpn").filter(({ on, peer }) => on === "bastion" || peer === "bastion")).toEqual(
      [],
    );
  });

  it("lets the bastion reach what its people may, AWS APIs, and nothing on the internet [J18]", () => {
    const out = (mode: (typeof modes)[number]) =>
      flows(mode)
        .filter((row) => row.on === "bastion" && row.direction === "egress")
        .map(({ peer, port }) => [peer, port]);
    expect(out("ssm")).toEqual([
      ["api", 443],
      ["vault-door", 8200],
      ["log-store", 443],
      ["endpoints", 443],
    ]);
    expect(out("ssh")).toEqual([
      ["api", 443],
      ["vault-door", 8200],
      ["endpoints", 443],
      ["s3", 443],
    ]);
  });
});
