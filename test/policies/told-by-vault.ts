/**
 * What a Vault of release 1.21.0 said to policies that were written to it: rights by `sys/capabilities`, and whether a call
 * of `pki/mesh/issue/a` was let through or met with 403. Nothing here is what somebody thinks that Vault does.
 */

type Rights = { capabilities?: string[]; policy?: string };
type Policy = { path: Record<string, Rights> };

/** The policies of a token, and what it may on paths; without any right Vault says `deny`. */
export const toldRights: readonly [
  policies: readonly Policy[],
  rights: Record<string, string[]>,
][] = [
  [
    [{ path: { "pki/kubernetes/*": { capabilities: ["update"] } } }],
    {
      "pki/kubernetes/sign-verbatim": ["update"],
      "pki/kubernetes/issuer/one/sign-verbatim/two": ["update"],
      "pki/kubernetes": ["deny"],
      "pki/mesh/sign-verbatim": ["deny"],
    },
  ],
  [
    [{ path: { "pki/*": { capabilities: ["update"] } } }],
    { "pki/kubernetes/root/sign-intermediate": ["update"], pki: ["deny"], "pkix/a": ["deny"] },
  ],
  [
    [{ path: { "pki*": { capabilities: ["update"] } } }],
    { pki: ["update"], "pkix/a": ["update"], "pki/mesh/issue/a": ["update"], pk: ["deny"] },
  ],
  [
    [{ path: { "pki/kubernetes/sign*": { capabilities: ["update"] } } }],
    {
      "pki/kubernetes/sign-verbatim": ["update"],
      "pki/kubernetes/sign/a": ["update"],
      "pki/kubernetes/sign": ["update"],
      "pki/kubernetes/issue/a": ["deny"],
    },
  ],
  [
    [{ path: { "pki/+/sign-verbatim*": { capabilities: ["update"] } } }],
    {
      "pki/mesh/sign-verbatim": ["update"],
      "pki/mesh/sign-verbatim/a": ["update"],
      "pki/mesh/sign-verbatim/a/b": ["update"],
      "pki/a/b/sign-verbatim": ["deny"],
      "pki/sign-verbatim": ["deny"],
    },
  ],
  [
    [{ path: { "pki/+/issue/+": { capabilities: ["update"] } } }],
    {
      "pki/mesh/issue/a": ["update"],
      "pki/mesh/issue": ["deny"],
      "pki/mesh/issue/a/b": ["deny"],
      "pki/mesh/issue/": ["update"],
    },
  ],
  [
    [{ path: { "+/+/sign-verbatim": { capabilities: ["create"] } } }],
    { "pki/mesh/sign-verbatim": ["create"], "mesh/sign-verbatim": ["deny"] },
  ],
  [
    [{ path: { "+/*": { capabilities: ["read"] } } }],
    { pki: ["deny"], "pki/a": ["read"], "pki/a/b/c": ["read"] },
  ],
  [[{ path: { "+": { capabilities: ["read"] } } }], { pki: ["read"], "pki/a": ["deny"] }],
  [
    [{ path: { "*": { capabilities: ["sudo"] } } }],
    { pki: ["sudo"], "sys/policies/acl/a": ["sudo"] },
  ],
  [
    [{ path: { "pki/*/sign": { capabilities: ["update"] } } }],
    { "pki/mesh/sign": ["deny"], "pki/*/sign": ["update"] },
  ],
  [
    [{ path: { "pki/mesh/+x": { capabilities: ["update"] } } }],
    { "pki/mesh/ax": ["deny"], "pki/mesh/+x": ["update"] },
  ],
  [
    [{ path: { "pki/m+/sign": { capabilities: ["update"] } } }],
    { "pki/mesh/sign": ["deny"], "pki/m+/sign": ["update"] },
  ],
  [
    [{ path: { "pki/+/issuer/+/sign-intermediate": { capabilities: ["update"] } } }],
    {
      "pki/mesh/issuer/default/sign-intermediate": ["update"],
      "pki/mesh/root/sign-intermediate": ["deny"],
    },
  ],
  [
    [{ path: { "sys/*": { capabilities: ["sudo", "update"] } } }],
    { "sys/policies/acl/a": ["sudo", "update"], "sys/raw/a": ["sudo", "update"], sys: ["deny"] },
  ],
  [
    [{ path: { "/pki/mesh/issue/a": { capabilities: ["update"] } } }],
    { "pki/mesh/issue/a": ["update"] },
  ],
  [
    [
      {
        path: {
          "pki/*": { capabilities: ["update"] },
          "pki/mesh/sign-verbatim": { capabilities: ["deny"] },
        },
      },
    ],
    { "pki/mesh/sign-verbatim": ["deny"], "pki/mesh/sign-verbatim/a": ["update"] },
  ],
  [
    [
      {
        path: {
          "pki/*": { capabilities: ["deny"] },
          "pki/mesh/issue/a": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["update"], "pki/mesh/issue/b": ["deny"] },
  ],
  [
    [
      {
        path: {
          "pki/mesh/*": { capabilities: ["deny"] },
          "pki/+/issue/a": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["deny"], "pki/other/issue/a": ["update"] },
  ],
  [
    [
      {
        path: {
          "pki/*": { capabilities: ["deny"] },
          "pki/+/issue/a": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["update"] },
  ],
  [
    [
      {
        path: {
          "pki/mesh/issue/*": { capabilities: ["read"] },
          "pki/mesh/issue/+": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["update"], "pki/mesh/issue/a/b": ["read"] },
  ],
  [
    [
      {
        path: {
          "pki/mesh/iss*": { capabilities: ["read"] },
          "pki/mesh/+/a": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["read"] },
  ],
  [
    [
      {
        path: {
          "pki/+/issue/*": { capabilities: ["read"] },
          "pki/+/+/a": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["update"], "pki/mesh/issue/b": ["read"] },
  ],
  [
    [
      {
        path: {
          "pki/+/+/a": { capabilities: ["read"] },
          "pki/+/issue/a": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["update"], "pki/mesh/sign/a": ["read"] },
  ],
  [
    [
      {
        path: {
          "pki/+/issue/k*": { capabilities: ["read"] },
          "pki/+/issue/kube*": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/kubelet": ["update"], "pki/mesh/issue/k": ["read"] },
  ],
  [
    [
      {
        path: {
          "pki/+/issue/a": { capabilities: ["read"] },
          "pki/mesh/+/a": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["update"] },
  ],
  [
    [
      {
        path: {
          "pki/+/+/a": { capabilities: ["deny"] },
          "pki/+/issue/+": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["update"] },
  ],
  [
    [
      {
        path: { "pki/m*": { capabilities: ["read"] }, "pki/mesh/*": { capabilities: ["update"] } },
      },
    ],
    { "pki/mesh/issue/a": ["update"], "pki/m": ["read"] },
  ],
  [
    [
      { path: { "pki/mesh/issue/a": { capabilities: ["update"] } } },
      { path: { "pki/mesh/issue/a": { capabilities: ["deny"] } } },
    ],
    { "pki/mesh/issue/a": ["deny"] },
  ],
  [
    [
      { path: { "pki/mesh/issue/a": { capabilities: ["update"] } } },
      { path: { "pki/mesh/issue/a": { capabilities: ["read"] } } },
    ],
    { "pki/mesh/issue/a": ["read", "update"] },
  ],
  [
    [
      { path: { "pki/mesh/*": { capabilities: ["update"] } } },
      { path: { "pki/mesh/issue/a": { capabilities: ["read"] } } },
    ],
    { "pki/mesh/issue/a": ["read"], "pki/mesh/issue/b": ["update"] },
  ],
  [
    [{ path: { "pki/mesh/issue/a": { capabilities: ["update", "deny"] } } }],
    { "pki/mesh/issue/a": ["deny"] },
  ],
  [
    [{ path: { "pki/mesh/issue/a": { policy: "write" } } }],
    { "pki/mesh/issue/a": ["create", "delete", "list", "read", "update"] },
  ],
  [
    [{ path: { "pki/mesh/issue/a": { policy: "deny" }, "pki/mesh/*": { policy: "sudo" } } }],
    {
      "pki/mesh/issue/a": ["deny"],
      "pki/mesh/issue/b": ["create", "delete", "list", "read", "sudo", "update"],
    },
  ],
  [
    [
      {
        path: {
          "pki/mesh/issue/a": { capabilities: [] },
          "pki/mesh/*": { capabilities: ["update"] },
        },
      },
    ],
    { "pki/mesh/issue/a": ["deny"] },
  ],
  [
    [{ path: { "pki/mesh/issue/a": { policy: "read", capabilities: ["update"] } } }],
    { "pki/mesh/issue/a": ["list", "read", "update"] },
  ],
];

interface Limits {
  capabilities: string[];
  allowed_parameters?: Record<string, string[]>;
  denied_parameters?: Record<string, string[]>;
  required_parameters?: string[];
}

/** The grants of a token on one path, each in a policy of its own, what is asked, and whether it may. */
export const toldRequests: readonly [
  grants: readonly Limits[],
  parameters: readonly string[],
  passes: boolean,
][] = [
  [[{ capabilities: ["update"] }], ["common_name", "not_after"], true],
  [[{ capabilities: ["update"], allowed_parameters: {} }], ["common_name", "not_after"], true],
  [[{ capabilities: ["update"], allowed_parameters: { common_name: [] } }], ["common_name"], true],
  [
    [{ capabilities: ["update"], allowed_parameters: { common_name: [] } }],
    ["common_name", "not_after"],
    false,
  ],
  [
    [{ capabilities: ["update"], allowed_parameters: { common_name: [], "*": [] } }],
    ["common_name", "not_after"],
    true,
  ],
  [
    [{ capabilities: ["update"], allowed_parameters: { common_name: [], "*": ["x"] } }],
    ["common_name", "not_after"],
    true,
  ],
  [
    [{ capabilities: ["update"], allowed_parameters: { "*": ["x"] } }],
    ["common_name", "not_after"],
    true,
  ],
  [
    [{ capabilities: ["update"], allowed_parameters: { common_name: [], not_after: [] } }],
    ["common_name", "not_after"],
    true,
  ],
  [
    [{ capabilities: ["update"], allowed_parameters: { common_name: [], Not_After: [] } }],
    ["common_name", "not_after"],
    true,
  ],
  [
    [
      {
        capabilities: ["update"],
        allowed_parameters: { common_name: [], not_after: ["2030-01-01T00:00:00Z"] },
      },
    ],
    ["common_name", "not_after"],
    true,
  ],
  [
    [{ capabilities: ["update"], denied_parameters: { not_after: [] } }],
    ["common_name", "not_after"],
    false,
  ],
  [
    [{ capabilities: ["update"], denied_parameters: { NOT_AFTER: [] } }],
    ["common_name", "not_after"],
    false,
  ],
  [
    [{ capabilities: ["update"], denied_parameters: { not_after: ["*"] } }],
    ["common_name", "not_after"],
    true,
  ],
  [
    [{ capabilities: ["update"], denied_parameters: { not_after: ["2031-01-01T00:00:00Z"] } }],
    ["common_name", "not_after"],
    true,
  ],
  [
    [{ capabilities: ["update"], denied_parameters: { "*": [] } }],
    ["common_name", "not_after"],
    false,
  ],
  [
    [{ capabilities: ["update"], denied_parameters: { "*": ["x"] } }],
    ["common_name", "not_after"],
    false,
  ],
  [
    [
      {
        capabilities: ["update"],
        denied_parameters: { not_after: [] },
        allowed_parameters: { "*": [] },
      },
    ],
    ["common_name", "not_after"],
    false,
  ],
  [
    [{ capabilities: ["update"], required_parameters: ["ttl"] }],
    ["common_name", "not_after"],
    false,
  ],
  [
    [{ capabilities: ["update"], required_parameters: ["ttl"] }],
    ["common_name", "ttl", "not_after"],
    true,
  ],
  [
    [{ capabilities: ["update"], required_parameters: ["ttl"], denied_parameters: { ttl: [] } }],
    ["common_name", "ttl", "not_after"],
    false,
  ],
  [
    [
      { capabilities: ["update"] },
      { capabilities: ["read"], allowed_parameters: { common_name: [] } },
    ],
    ["common_name", "not_after"],
    false,
  ],
  [
    [
      { capabilities: ["update"], allowed_parameters: { common_name: [] } },
      { capabilities: ["read"], allowed_parameters: { not_after: [] } },
    ],
    ["common_name", "not_after"],
    true,
  ],
  [
    [
      { capabilities: ["update"], denied_parameters: { not_after: ["x"] } },
      { capabilities: ["read"], denied_parameters: { not_after: [] } },
    ],
    ["common_name", "not_after"],
    false,
  ],
];
