type Answer = Record<string, unknown>;
type Handler = (request: Record<string, unknown>) => Promise<Answer>;

/** The function as Lambda starts it, with these networks in its environment. */
function start(networks: string | undefined): Handler {
  jest.resetModules();
  if (networks === undefined) delete process.env["TRUSTED_CIDRS"];
  else process.env["TRUSTED_CIDRS"] = networks;
  // eslint-disable-next-line typescript/no-require-imports -- CommonJS, as Lambda loads it
  return (require("../../../components/aws/trusted-networks.cjs") as { handler: Handler }).handler;
}

const from = (address: unknown) => ({
  "connection-id": "cvpn-connection-1",
  username: "alice",
  "public-ip": address,
  "schema-version": "v3",
});

describe("the function that AWS Client VPN asks", () => {
  const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
  beforeEach(() => warn.mockClear());
  afterAll(() => {
    warn.mockRestore();
    delete process.env["TRUSTED_CIDRS"];
  });

  it.each(["203.0.113.0", "203.0.113.255", "198.51.100.7"])(
    "lets people in from a trusted network: %s [J17]",
    async (address) => {
      const handler = start("203.0.113.0/24,198.51.100.7/32");
      expect(await handler(from(address))).toEqual({
        allow: true,
        "error-msg-on-denied-connection": "",
        "posture-compliance-statuses": [],
        "schema-version": "v3",
      });
      expect(warn).not.toHaveBeenCalled();
    },
  );

  it.each([
    "203.0.114.0",
    "198.51.100.8",
    "2001:db8::1",
    "::ffff:203.0.113.1",
    "",
    "home",
    undefined,
  ])("lets nobody in from elsewhere, and writes down who tried: %s [J17]", async (address) => {
    const handler = start("203.0.113.0/24,198.51.100.7/32");
    expect(await handler(from(address))).toEqual({
      allow: false,
      "error-msg-on-denied-connection": "You are not in a trusted network.",
      "posture-compliance-statuses": [],
      "schema-version": "v3",
    });
    expect(warn).toHaveBeenCalledWith("not from a trusted network", {
      address,
      username: "alice",
      connection: "cvpn-connection-1",
    });
  });

  it.each([
    [undefined, "nothing"],
    ["", "nothing"],
    ["203.0.113.0/24,", "nothing"],
    ["203.0.113.0", "203.0.113.0"],
    ["203.0.113.0/", "203.0.113.0/"],
    ["203.0.113.0/33", "203.0.113.0/33"],
    ["203.0.113/24", "203.0.113/24"],
    ["203.0.113.0/24,0.0.0.0/0", "0.0.0.0/0"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["203.0.113.0/24 ", "203.0.113.0/24 "],
  ])(
    "does not start without well-formed networks, so that AWS lets nobody in: %j [J17]",
    (networks, got) => {
      expect(() => start(networks)).toThrow(
        `TRUSTED_CIDRS must be IPv4 CIDRs from /8 to /32 with commas in between, got ${got}`,
      );
    },
  );
});
