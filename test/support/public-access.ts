/** What a stack with a public bastion tells the pack, by rule. */
export const publicBastion = Object.fromEntries(
  ["net-nodes-private-subnets", "net-eip-only-nat-bastion", "net-only-bastion-and-alb-public"].map(
    (id) => [id, { publicBastion: true }],
  ),
);

/** What a stack with a Client VPN tells the pack, by rule. */
export const publicVpn = { "net-only-bastion-and-alb-public": { publicVpn: true } };
