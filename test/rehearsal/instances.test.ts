import { Account, network, refusalOf, trust } from "./account";
import type { Properties } from "./aws/world";
import { missingDependencies } from "./order";

const image = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";

/** An account with an interface, a volume and a template for an instance. */
function prepared(): Account {
  const account = new Account();
  network(account);
  account.make("role", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
  account.make("rights", "rolePolicy", {
    role: account.id("role"),
    policy: trust("ec2.amazonaws.com"),
  });
  account.make("profile", "instanceProfile", { role: account.id("role") });
  account.make("card", "networkInterface", {
    subnetId: account.id("subnet-a"),
    securityGroups: [account.id("group")],
  });
  volume(account, "volume", "eu-west-1a");
  account.make("template", "launchTemplate", templateInputs(account, "card"));
  return account;
}

const templateInputs = (account: Account, card: string): Properties => ({
  imageId: image,
  instanceType: "t4g.medium",
  iamInstanceProfile: { arn: account.output("profile", "arn") },
  networkInterfaces: [{ deviceIndex: 0, networkInterfaceId: account.id(card) }],
});

function volume(account: Account, name: string, availabilityZone: string, size = 20): void {
  account.make(name, "volume", { availabilityZone, encrypted: true, type: "gp3", size });
}

const start = (account: Account, name = "instance", template = "template") =>
  account.make(name, "instance", {
    launchTemplate: { id: account.id(template), version: "$Default" },
  });
const attach = (account: Account, volumeName = "volume", deviceName = "/dev/sdf") =>
  account.make(`${volumeName} at ${deviceName}`, "volumeAttachment", {
    deviceName,
    instanceId: account.id("instance"),
    volumeId: account.id(volumeName),
  });

function running(): Account {
  const account = prepared();
  start(account);
  attach(account);
  return account;
}

describe("an instance with a fixed interface", () => {
  it("is where its interface is", () => {
    expect(running().output("instance", "availabilityZone")).toBe("eu-west-1a");
  });

  it("does not start without an image, a type or an interface", () => {
    const account = prepared();
    const { imageId: _image, ...noImage } = templateInputs(account, "card");
    const { networkInterfaces: _cards, ...noCard } = templateInputs(account, "card");
    account.make("no-image", "launchTemplate", noImage);
    account.make("no-card", "launchTemplate", noCard);
    expect(refusalOf(() => start(account, "one", "no-image")).code).toBe("MissingParameter");
    expect(refusalOf(() => start(account, "one", "no-card")).code).toBe("VPCIdNotSpecified");
  });

  it("is of the version of its template that was the default when it started", () => {
    const account = running();
    expect(account.read("instance")).toMatchObject({
      instanceType: "t4g.medium",
      launchTemplate: { version: "$Default" },
    });
    account.change("template", { instanceType: "m7g.large", updateDefaultVersion: true });
    expect(account.read("instance")).toMatchObject({
      instanceType: "t4g.medium",
      launchTemplate: { id: account.id("template"), version: "1" },
    });
  });

  it("starts from the version that it names", () => {
    const account = prepared();
    account.change("template", { instanceType: "m7g.large", updateDefaultVersion: true });
    const named = (version: string) =>
      account.make("instance", "instance", {
        launchTemplate: { id: account.id("template"), version },
      });
    expect(refusalOf(() => named("3")).code).toBe("InvalidLaunchTemplateId.VersionNotFound");
    named("1");
    expect(account.read("instance")).toMatchObject({ instanceType: "t4g.medium" });
    account.delete("instance");
    named("$Latest");
    expect(account.read("instance")).toMatchObject({ instanceType: "m7g.large" });
  });

  it("is read without its template when that is gone", () => {
    const account = running();
    account.delete("template");
    expect(account.read("instance")).not.toHaveProperty("launchTemplate");
  });

  it("does not share its interface with another one, and keeps it and its group", () => {
    const account = running();
    expect(refusalOf(() => start(account, "other")).code).toBe("InvalidNetworkInterface.InUse");
    expect(refusalOf(() => account.delete("card")).code).toBe("InvalidNetworkInterface.InUse");
    expect(refusalOf(() => account.delete("group")).code).toBe("DependencyViolation");
    account.delete("instance");
    account.delete("card");
  });

  it("takes volumes of its own zone, each on a device and an instance of its own", () => {
    const account = running();
    volume(account, "elsewhere", "eu-west-1b");
    volume(account, "second", "eu-west-1a");
    expect(refusalOf(() => attach(account, "elsewhere", "/dev/sdg")).code).toBe(
      "InvalidVolume.ZoneMismatch",
    );
    expect(refusalOf(() => attach(account, "second")).message).toContain("already in use");
    expect(refusalOf(() => attach(account, "volume", "/dev/sdg")).code).toBe("VolumeInUse");
    expect(refusalOf(() => account.delete("volume")).code).toBe("VolumeInUse");
    account.delete("instance");
    account.delete("volume");
  });

  it("has volumes of a size that is offered", () => {
    const account = prepared();
    expect(refusalOf(() => volume(account, "huge", "eu-west-1a", 70_000)).message).toContain(
      "70000GiB",
    );
    expect(
      refusalOf(() => account.make("none", "volume", { availabilityZone: "eu-west-1a" })).code,
    ).toBe("MissingParameter");
  });

  it("needs a way out and its rights before it starts", () => {
    const account = running();
    const state = account.names.map((name) => ({
      urn: account.urn(name),
      type: "any",
      dependencies: [],
    }));
    const needs = missingDependencies(account.world, state)
      .filter(({ urn }) => urn === account.urn("instance"))
      .map((missing) => missing.needs);
    expect(needs.toSorted()).toEqual(
      ["association-a", "rights", "route"].map((name) => account.urn(name)),
    );
  });
});

describe("a network load balancer", () => {
  function balanced(): Account {
    const account = running();
    account.make("balancer", "loadBalancer", {
      name: "vault",
      loadBalancerType: "network",
      internal: true,
      subnets: [account.id("subnet-a")],
      securityGroups: [account.id("group")],
    });
    account.make("targets", "targetGroup", {
      name: "vault",
      port: 8200,
      protocol: "TCP",
      vpcId: account.id("vpc"),
    });
    account.make("target", "target", {
      targetGroupArn: account.id("targets"),
      targetId: account.id("instance"),
    });
    return account;
  }

  it("may be in one zone, and has names of its own in a zone of its own", () => {
    const account = balanced();
    expect(account.id("balancer")).toContain(":loadbalancer/net/vault/");
    account.make("zone", "zone", {
      name: "vault.internal",
      vpcs: [{ vpcId: account.id("vpc") }],
    });
    const alias = (zoneId: unknown) => () =>
      account.make("record", "record", {
        zoneId: account.id("zone"),
        name: "vault.internal",
        type: "A",
        aliases: [{ name: account.output("balancer", "dnsName"), zoneId }],
      });
    expect(refusalOf(alias("Z32O12XQLNTSW2")).code).toBe("InvalidChangeBatch");
    alias(account.output("balancer", "zoneId"))();
    expect(refusalOf(() => account.delete("zone")).code).toBe("HostedZoneNotEmpty");
    account.delete("record");
    account.delete("zone");
  });

  it("loses the targets that are gone", () => {
    const account = balanced();
    account.delete("instance");
    expect(account.read("target")).toBeUndefined();
  });
});

describe("a hosted zone", () => {
  it("is the only one of its name in a VPC", () => {
    const account = prepared();
    const zone = (name: string) =>
      account.make(name, "zone", { name: "a.internal", vpcs: [{ vpcId: account.id("vpc") }] });
    zone("one");
    expect(refusalOf(() => zone("two")).code).toBe("ConflictingDomainExists");
  });
});

describe("a secret", () => {
  const secret = (account: Account, changes: Properties = {}, name = "secret") =>
    account.make(name, "secret", { name: "files", ...changes });
  const version = (account: Account, secretString: string) =>
    account.make("version", "secretVersion", { secretId: account.id("secret"), secretString });

  it("has a name of its own", () => {
    const account = new Account();
    secret(account);
    expect(refusalOf(() => secret(account, {}, "other")).code).toBe("ResourceExistsException");
    secret(account, { name: undefined, namePrefix: "files-" }, "third");
    expect(account.output("third", "name")).toMatch(/^files-[0-9a-f]{26}$/);
  });

  it("can be had back for 7 to 30 days, or not at all", () => {
    const account = new Account();
    expect(refusalOf(() => secret(account, { recoveryWindowInDays: 3 })).message).toContain(
      "got 3",
    );
    secret(account, { recoveryWindowInDays: 0 });
  });

  it("holds 64 KiB", () => {
    const account = new Account();
    secret(account);
    expect(refusalOf(() => version(account, "x".repeat(65_537))).message).toContain("65537");
    version(account, "x".repeat(65_536));
    account.delete("secret");
    expect(account.read("version")).toBeUndefined();
  });
});
