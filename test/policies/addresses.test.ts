import { array, assert, boolean, integer, nat, property } from "fast-check";
import { addressesIn, coversWorld, isNetwork, isPrivate, isWithin } from "../../policies/addresses";

describe("isNetwork", () => {
  it.each(["10.0.0.0/8", "203.0.113.7/32", "0.0.0.0/0", "2001:db8::/32", "::/128"])(
    "knows %s",
    (text) => {
      expect(isNetwork(text)).toBe(true);
    },
  );

  it.each(["", "10.0.0.0", "10.0.0.0/", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/8x", "::/129", "a/8"])(
    "knows that %j is none",
    (text) => {
      expect(isNetwork(text)).toBe(false);
    },
  );
});

describe("coversWorld", () => {
  it.each([
    ["the internet", ["0.0.0.0/0"]],
    ["the internet with spaces", [" 0.0.0.0/0 "]],
    ["the internet of IPv6", ["::/0"]],
    ["the part of IPv6 that is in use", ["2000::/3"]],
    ["half of it", ["128.0.0.0/1"]],
    ["more than the widest allocation", ["200.0.0.0/7"]],
    ["two neighbours that are", ["200.0.0.0/8", "201.0.0.0/8"]],
    ["private networks and the rest", ["10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1"]],
    ["an IPv6 network wider than any allocation", ["2a00::/12"]],
  ])("is true for %s", (_title, cidrs) => {
    expect(coversWorld(cidrs)).toBe(true);
  });

  it.each([
    ["nothing", []],
    ["one address", ["203.0.113.7/32"]],
    ["the widest allocation", ["200.0.0.0/8"]],
    [
      "all private networks",
      ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"],
    ],
    ["an organisation's IPv6", ["2001:db8::/32"]],
  ])("is false for %s", (_title, cidrs) => {
    expect(coversWorld(cidrs)).toBe(false);
  });

  it("sees through every way to cut the internet into networks", () => {
    /** Splits the internet at random until no piece is left to split or the depth is reached. */
    const pieces = array(boolean(), { minLength: 1, maxLength: 200 }).map((splits) => {
      const cut = (start: number, prefix: number): string[] => {
        if (prefix === 12 || !(splits.shift() ?? false)) return [`${ipv4(start)}/${prefix}`];
        const half = 2 ** (31 - prefix);
        return [...cut(start, prefix + 1), ...cut(start + half, prefix + 1)];
      };
      return cut(0, 0);
    });
    assert(
      property(pieces, nat(), (cidrs, seed) => {
        const rotated = [
          ...cidrs.slice(seed % cidrs.length),
          ...cidrs.slice(0, seed % cidrs.length),
        ];
        expect(coversWorld(rotated)).toBe(true);
      }),
    );
  });

  it("lets an organisation's network pass wherever it is", () => {
    assert(
      property(nat({ max: 2 ** 32 - 1 }), integer({ min: 8, max: 32 }), (address, prefix) => {
        const start = Math.floor(address / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
        expect(coversWorld([`${ipv4(start)}/${prefix}`])).toBe(false);
      }),
    );
  });
});

function ipv4(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

describe("isPrivate", () => {
  it.each([
    ["10.1.0.0/16", true],
    ["172.16.0.0/12", true],
    ["172.0.0.0/8", false],
    ["100.64.0.0/10", true],
    ["203.0.113.0/24", false],
    ["fd00::/8", true],
    ["2001:db8::/32", false],
  ])("%s: %s", (cidr, expected) => {
    expect(isPrivate(cidr)).toBe(expected);
  });
});

describe("isWithin", () => {
  it.each([
    [["203.0.113.0/24"], "203.0.113.128/25", true],
    [["203.0.113.0/25", "203.0.113.128/25"], "203.0.113.0/24", true],
    [["203.0.113.0/24"], "203.0.112.0/23", false],
    [[], "203.0.113.0/24", false],
  ])("%j, %s: %s", (networks, cidr, expected) => {
    expect(isWithin(networks, cidr)).toBe(expected);
  });
});

describe("addressesIn", () => {
  it.each([
    ["10.20.0.254/31", 1, ["10.20.0.254", "10.20.0.255"]],
    ["203.0.113.0/29", 4, ["203.0.113.0", "203.0.113.4"]],
    ["fd00::/64", 1, []],
  ])("gives of %s each %d", (cidr, step, addresses) => {
    expect([...addressesIn(cidr, step)]).toEqual(addresses);
  });

  it("ends where a VPC's network does", () => {
    expect([...addressesIn("10.0.0.0/8")]).toHaveLength(65_536);
    expect([...addressesIn("10.0.0.0/8")].at(-1)).toBe("10.0.255.255");
  });
});
