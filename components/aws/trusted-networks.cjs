"use strict";

// The function that AWS Client VPN asks about each connection, after it knows who is there and before it looks at the
// rules for groups: docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
// From a trusted network people may come, from elsewhere not. An error in here is a refusal as well.

const { BlockList, isIPv4 } = require("node:net");

const trusted = new BlockList();
for (const cidr of (process.env.TRUSTED_CIDRS ?? "").split(",")) {
  // As narrow as a stack file has them; to BlockList, `203.0.113.0/` would be the world.
  const [, network, prefix] = /^([\d.]+)\/([89]|[12]\d|3[0-2])$/.exec(cidr) ?? [];
  if (!isIPv4(network ?? "")) {
    throw new Error(
      `TRUSTED_CIDRS must be IPv4 CIDRs from /8 to /32 with commas in between, got ${cidr || "nothing"}`,
    );
  }
  trusted.addSubnet(network, Number(prefix));
}

exports.handler = async (request) => {
  const address = request["public-ip"];
  const allow = isIPv4(address) && trusted.check(address);
  if (!allow) {
    const { username } = request;
    console.warn("not from a trusted network", {
      address,
      username,
      connection: request["connection-id"],
    });
  }
  return {
    allow,
    "error-msg-on-denied-connection": allow ? "" : "You are not in a trusted network.",
    "posture-compliance-statuses": [],
    "schema-version": "v3",
  };
};
