import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planCommand } from "../support/node-command";
import type { Outcome } from "../support/node-command";
import { projectWith, sshMode, stackFile, vpnMode } from "../support/planned";

// Each case is the whole command, beside other tests.
jest.setTimeout(120_000);

/** The section of a plan that says what the internet reaches, without the paths: the port, what it does, and for whom. */
function exposure({ out }: Outcome): string[] {
  const [, section = ""] = /^Exposure\n((?: .*\n)+)/m.exec(out) ?? [];
  return section
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().replace(/ by (internet gateway .*|an endpoint of AWS)/, ""));
}

/** A configuration of the pack, as the manual has it, in a file of the project. */
function packConfig(dir: string, name: string): string {
  const manual = readFileSync(join(__dirname, "../../docs/operations.md"), "utf8");
  const [, json] = manual.split(`cat > ${name} <<'END'\n`);
  if (json === undefined) throw new Error(`the manual must have a ${name}`);
  const file = join(dir, name);
  writeFileSync(file, json.replace(/\nEND\n[^]*/, ""));
  return file;
}

describe("the plan's section Exposure", () => {
  it("names one set of listeners in prod: HTTPS and its redirect", async () => {
    const dir = projectWith("prod", stackFile("prod"));
    const outcome = await planCommand(dir, "--stack", "prod");
    expect(outcome).toMatchObject({ code: 0, errors: [] });
    expect(exposure(outcome)).toEqual([
      "aws:lb/loadBalancer:LoadBalancer entry",
      "HTTP 80 (redirects only) from 0.0.0.0/0",
      "HTTPS 443 from 0.0.0.0/0",
    ]);
  });

  it("names the same in dev, for the networks that may come", async () => {
    const dir = projectWith("dev", stackFile("dev"));
    const outcome = await planCommand(dir, "--stack", "dev");
    expect(outcome).toMatchObject({ code: 0, errors: [] });
    expect(exposure(outcome)).toEqual([
      "aws:lb/loadBalancer:LoadBalancer entry",
      "HTTP 80 (redirects only) from 203.0.113.0/24",
      "HTTPS 443 from 203.0.113.0/24",
    ]);
  });

  it("names the bastion's port in ssh mode as well, for trusted networks only", async () => {
    const dir = projectWith("prod", stackFile("prod", sshMode));
    // The pack has to be told, by name, that there should be a public bastion.
    expect(await planCommand(dir, "--stack", "prod")).toMatchObject({ code: 1, errors: [] });
    const file = packConfig(dir, "public-bastion.json");
    const outcome = await planCommand(dir, "--stack", "prod", "--policy-pack-config", file);
    expect(outcome).toMatchObject({ code: 0, errors: [] });
    expect(exposure(outcome)).toEqual([
      "aws:lb/loadBalancer:LoadBalancer entry",
      "HTTP 80 (redirects only) from 0.0.0.0/0",
      "HTTPS 443 from 0.0.0.0/0",
      "aws:autoscaling/group:Group bastion",
      "port 22 from 198.51.100.16/28, 203.0.113.0/24",
    ]);
  });

  it("names the VPN and the subnets behind it in vpn mode as well", async () => {
    const dir = projectWith("dev", stackFile("dev", vpnMode("111122223333")));
    // The pack has to be told that there should be a VPN.
    expect(await planCommand(dir, "--stack", "dev")).toMatchObject({ code: 1, errors: [] });
    const file = packConfig(dir, "public-vpn.json");
    const outcome = await planCommand(dir, "--stack", "dev", "--policy-pack-config", file);
    expect(outcome).toMatchObject({ code: 0, errors: [] });
    expect(exposure(outcome)).toEqual([
      "aws:ec2clientvpn/endpoint:Endpoint vpn",
      "VPN 443 from 0.0.0.0/0, subnet network-nodes-eu-west-1a, subnet network-nodes-eu-west-1b, subnet network-nodes-eu-west-1c",
      "aws:lb/loadBalancer:LoadBalancer entry",
      "HTTP 80 (redirects only) from 203.0.113.0/24",
      "HTTPS 443 from 203.0.113.0/24",
    ]);
  });
});
