import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import type { Change, StackSpec } from "../support/rule-stack";
import { gone, ref, unknown } from "../support/rule-stack";

const root = (mount: string) =>
  resource(token.vaultRootCert, {
    backend: mount,
    ttl: "315360000",
    type: "internal",
    keyType: "ec",
    keyBits: 384,
    maxPathLength: 1,
  });

const published = (backend: unknown): StackSpec => ({
  urls: resource(token.vaultPkiUrls, {
    backend,
    crlDistributionPoints: ["https://vault.dev.internal:8200/v1/pki/kubernetes/crl"],
  }),
  lists: resource(token.vaultPkiCrl, {
    backend,
    disable: false,
    expiry: "72h",
    autoRebuild: true,
    enableDelta: true,
  }),
});

const authorities: StackSpec = {
  mount: resource(token.vaultMount, {
    path: "pki/kubernetes",
    type: "pki",
    maxLeaseTtlSeconds: 315_360_000,
  }),
  kubernetes: root("pki/kubernetes"),
  etcd: root("pki/etcd-k8s"),
  overlay: root("pki/etcd-overlay"),
  signed: resource(token.vaultSignedIntermediate, {
    backend: "pki/kubernetes",
    commonName: "mesh",
    csr: "csr",
    ttl: "157680000",
  }),
  request: resource(token.vaultIntermediateRequest, {
    backend: "pki/mesh",
    commonName: "mesh",
    type: "internal",
    keyType: "ec",
    keyBits: 384,
  }),
  role: resource(token.vaultPkiRole, {
    backend: "pki/kubernetes",
    name: "kubelet",
    allowAnyName: false,
    allowGlobDomains: false,
    allowSubdomains: false,
    allowBareDomains: true,
    allowWildcardCertificates: false,
    allowLocalhost: false,
    allowIpSans: false,
    clientFlag: true,
    serverFlag: false,
    keyUsages: ["DigitalSignature"],
    allowedDomains: [
      "system:node:{{identity.entity.aliases.auth_aws_1.metadata.inferred_hostname}}",
    ],
    allowedDomainsTemplate: true,
    allowedUriSans: ["spiffe://cluster.local/ns/*/sa/*"],
    cnValidations: ["hostname"],
    enforceHostnames: false,
    organizations: ["system:nodes"],
    keyType: "ec",
    keyBits: 256,
    ttl: "604800",
    maxTtl: "604800",
  }),
};

casesFor("pki-three-cas [J5]", {
  base: authorities,
  passes: [
    ["three that sign themselves", {}],
    ["the next root of one, on its mount", { next: root("pki/kubernetes/") }],
  ],
  fails: [
    [
      "a fourth one",
      { shadow: root("pki/shadow") },
      [
        'shadow: backend must be a mount of one of kubernetes, etcd-k8s, etcd-overlay, got "pki/shadow"',
      ],
    ],
    [
      "a second one of a name",
      { shadow: root("shadow/kubernetes") },
      [
        "stack: the stack must have one authority kubernetes, got pki/kubernetes, shadow/kubernetes",
      ],
    ],
    [
      "one is missing",
      { overlay: gone },
      ["stack: the stack must have an authority etcd-overlay that signs itself"],
    ],
    [
      "two share a mount",
      { "etcd.backend": "pki/kubernetes" },
      ["stack: the stack must have an authority etcd-k8s that signs itself"],
    ],
  ],
  undecided: [
    [
      "a mount that is unknown",
      { "etcd.backend": unknown },
      ["etcd: undecided: backend of etcd is unknown until up"],
    ],
    [
      "a fourth one, wherever it is",
      { shadow: root("pki/shadow"), "shadow.backend": unknown },
      ["shadow: undecided: backend of shadow is unknown until up"],
    ],
  ],
});

const brought = (pemBundle: unknown) =>
  resource(token.vaultConfigCa, { backend: "pki/kubernetes", pemBundle });

casesFor("pki-no-shared-ca [J5]", {
  base: authorities,
  passes: [
    ["keys that never leave their mount", {}],
    [
      "a key by itself",
      { it: resource(token.vaultPkiKey, { backend: "pki/kubernetes", type: "internal" }) },
    ],
    ["a key that the mount has already", { "etcd.type": "existing" }],
    ["a certificate without its key", { brought: brought("-----BEGIN CERTIFICATE-----") }],
  ],
  fails: [
    [
      "a key that is given out",
      { "kubernetes.type": "exported" },
      ['kubernetes: type must be one of internal, existing, got "exported"'],
    ],
    [
      "a key in a service that others use",
      { "request.type": "kms" },
      ['request: type must be one of internal, existing, got "kms"'],
    ],
    [
      "a key from outside",
      { brought: brought("-----BEGIN EC PRIVATE KEY-----") },
      ["brought: pemBundle must hold no key"],
    ],
    [
      "a key in the state",
      { it: resource(token.vaultPkiCert, { backend: "pki/kubernetes", name: "kubelet" }) },
      ["it: it must be no resource, as its key is in the state"],
    ],
    [
      "a key by itself that is given out",
      { it: resource(token.vaultPkiKey, { backend: "pki/kubernetes", type: "exported" }) },
      ['it: type must be one of internal, existing, got "exported"'],
    ],
  ],
  undecided: [
    [
      "a bundle",
      { brought: brought(unknown) },
      ["brought: undecided: pemBundle of brought is unknown until up"],
    ],
    ["a type", { "etcd.type": unknown }, ["etcd: undecided: type of etcd is unknown until up"]],
  ],
});

casesFor("pki-short-ttl [J8]", {
  base: authorities,
  passes: [
    ["a week", {}],
    ["thirty days in hours", { "role.maxTtl": "720h" }],
    ["Vault's way to leave notAfter out", { "role.notAfter": "" }],
  ],
  fails: [
    [
      "a year",
      { "role.maxTtl": "8760h" },
      ['role: maxTtl must be a lifetime of at most 30 days, got "8760h"'],
    ],
    [
      "the mount's own",
      { "role.maxTtl": gone },
      ["role: maxTtl must be a lifetime of at most 30 days, got nothing"],
    ],
    [
      "none, which is the mount's own",
      { "role.maxTtl": "0" },
      ['role: maxTtl must be a lifetime of at most 30 days, got "0"'],
    ],
    [
      "more by default",
      { "role.ttl": "31d" },
      ['role: ttl must be a lifetime of at most 30 days, got "31d"'],
    ],
    [
      "a fixed end",
      { "role.notAfter": "2035-01-01T00:00:00Z" },
      ['role: notAfter must be left out, got "2035-01-01T00:00:00Z"'],
    ],
    [
      "something that is no time",
      { "role.maxTtl": "soon" },
      ['role: maxTtl must be a lifetime of at most 30 days, got "soon"'],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "role.maxTtl": unknown },
      ["role: undecided: maxTtl of role is unknown until up"],
    ],
  ],
});

const stateCa = resource(token.tlsSelfSigned, {
  isCaCertificate: true,
  maxPathLength: 0,
  validityPeriodHours: 87_600,
  earlyRenewalHours: 17_520,
});
const ofState: StackSpec = {
  key: resource(token.tlsKey, { algorithm: "ECDSA", ecdsaCurve: "P384" }),
  ca: stateCa,
  server: resource(token.tlsCertificate, { validityPeriodHours: 8760, earlyRenewalHours: 2190 }),
};

casesFor("pki-ca-max-lease [J6]", {
  base: { ...authorities, ...ofState },
  passes: [["ten years", {}]],
  fails: [
    [
      "twenty years",
      { "mount.maxLeaseTtlSeconds": 630_720_000 },
      ["mount: maxLeaseTtlSeconds must be a lifetime of at most ten years, got 630720000"],
    ],
    [
      "the server's own",
      { "mount.maxLeaseTtlSeconds": gone },
      ["mount: maxLeaseTtlSeconds must be a lifetime of at most ten years, got nothing"],
    ],
    [
      "an authority of twenty years",
      { "kubernetes.ttl": "175200h" },
      ['kubernetes: ttl must be a lifetime of at most ten years, got "175200h"'],
    ],
    [
      "an authority in the state of twenty years",
      { "ca.validityPeriodHours": 175_200 },
      ["ca: validityPeriodHours must be an integer from 1 to 87600, got 175200"],
    ],
    [
      "a server's certificate of two years",
      { "server.validityPeriodHours": 17_520 },
      ["server: validityPeriodHours must be an integer from 1 to 8760, got 17520"],
    ],
    [
      "a server's certificate that is due at its end alone",
      { "server.earlyRenewalHours": gone },
      ["server: earlyRenewalHours must be at least 1 hours, got nothing"],
    ],
    [
      "one below it of twenty years",
      { "signed.ttl": "175200h" },
      ['signed: ttl must be a lifetime of at most ten years, got "175200h"'],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "kubernetes.ttl": unknown },
      ["kubernetes: undecided: ttl of kubernetes is unknown until up"],
    ],
  ],
  notApplicable: [
    ["a mount of secrets", { "mount.type": "kv" }, "mount is no mount of certificates"],
  ],
});

casesFor("pki-role-restricted [J7]", {
  base: authorities,
  passes: [
    ["a name of the instance's own", {}],
    [
      "names below one",
      {
        "role.allowSubdomains": true,
        "role.allowBareDomains": false,
        "role.enforceHostnames": true,
        "role.allowedDomains": ["svc"],
        "role.organizations": [],
      },
    ],
    ["addresses of the API server", { "role.name": "kube-apiserver", "role.allowIpSans": true }],
    ["members of etcd", { "role.name": "member", "role.serverFlag": true }],
    ["a group that rules limit", { "role.organizations": ["developers"] }],
    ["a star that is no pattern", { "role.allowedDomains": ["node-*"], "role.organizations": [] }],
    [
      "a user of Kubernetes' own, by a role that is named so",
      {
        "role.name": "kube-proxy",
        "role.allowedDomains": ["system:kube-proxy"],
        "role.organizations": [],
      },
    ],
    [
      "an instance of a method that is unknown",
      { "role.allowedDomains": [`system:node:{{identity.entity.aliases.${unknown}.metadata.a}}`] },
    ],
    ["URIs of one host", { "role.allowedUriSans": ["spiffe://a.b/ns/*", "https://a.b/c"] }],
  ],
  fails: [
    ["any name", { "role.allowAnyName": true }, ["role: allowAnyName must not be true, got true"]],
    [
      "every node's name",
      { "role.allowGlobDomains": true, "role.allowedDomains": ["system:node:*"] },
      [
        "role: allowGlobDomains must not be true, got true",
        'role: allowedDomains[0] must be the asking instance\'s, as system:node:{{…}}, with the organization system:nodes, got "system:node:*"',
      ],
    ],
    [
      "localhost, as by default",
      { "role.allowLocalhost": gone },
      ["role: allowLocalhost must be false, got nothing"],
    ],
    [
      "any address, as by default",
      { "role.allowIpSans": gone },
      ["role: allowIpSans must be false, got nothing"],
    ],
    [
      "servers that are clients, as by default",
      { "role.clientFlag": gone, "role.serverFlag": gone },
      ["role: clientFlag must be false, or serverFlag, for all but named peers, got nothing"],
    ],
    [
      "signatures of code",
      { "role.codeSigningFlag": true },
      ["role: codeSigningFlag must not be true, got true"],
    ],
    [
      "signatures of mail",
      { "role.emailProtectionFlag": true },
      ["role: emailProtectionFlag must not be true, got true"],
    ],
    ["keys for any use", { "role.keyUsages": [] }, ["role: keyUsages must be named, got []"]],
    [
      "keys that sign certificates",
      { "role.keyUsages": ["CertSign"] },
      ['role: keyUsages[0] must sign neither certificates nor revocation lists, got "CertSign"'],
    ],
    [
      "a name and all below it",
      { "role.allowSubdomains": true, "role.enforceHostnames": true },
      [
        "role: allowSubdomains must not be true where allowBareDomains is: names are whole, or all below one, got true",
      ],
    ],
    [
      "wildcards, as by default",
      { "role.allowWildcardCertificates": gone },
      ["role: allowWildcardCertificates must be false, got nothing"],
    ],
    [
      "names that are no hosts' below one",
      { "role.allowSubdomains": true, "role.allowBareDomains": false },
      ["role: enforceHostnames must be true where names have patterns, got false"],
    ],
    [
      "the group that nothing limits",
      { "role.organizations": ["system:masters"] },
      [
        'role: organizations[0] must be no group of Kubernetes\' own but system:nodes, got "system:masters"',
      ],
    ],
    [
      "the group of kubeadm's administrators",
      { "role.organizations": ["kubeadm:cluster-admins"] },
      [
        'role: organizations[0] must be no group of Kubernetes\' own but system:nodes, got "kubeadm:cluster-admins"',
      ],
    ],
    [
      "the group of nodes for any host",
      {
        "role.allowSubdomains": true,
        "role.allowBareDomains": false,
        "role.enforceHostnames": true,
        "role.allowedDomains": ["svc"],
      },
      [
        'role: allowedDomains[0] must be the asking instance\'s, as system:node:{{…}}, with the organization system:nodes, got "svc"',
      ],
    ],
    [
      "the controllers, in the name of another role",
      {
        "role.organizations": [],
        "role.allowedDomains": [
          "system:node:{{identity.entity.name}}",
          "system:kube-controller-manager",
        ],
      },
      [
        'role: allowedDomains[1] must be no user of Kubernetes\' own, for a role of another name, got "system:kube-controller-manager"',
      ],
    ],
    [
      "common names that nobody looks at",
      { "role.cnValidations": ["disabled"] },
      ['role: cnValidations[0] must not be disabled, got "disabled"'],
    ],
    [
      "any URI",
      { "role.allowedUriSans": ["*"] },
      ['role: allowedUriSans[0] must name scheme, host and the first part of the path, got "*"'],
    ],
    ...["**", "*/x", "spiffe://*", "spiffe://cluster.local/*", "spiffe://*.local/ns"].map(
      (uri): [string, Change, string[]] => [
        `URIs as ${uri}`,
        { "role.allowedUriSans": ["spiffe://cluster.local/ns/*", uri] },
        [
          `role: allowedUriSans[1] must name scheme, host and the first part of the path, got "${uri}"`,
        ],
      ],
    ),
    [
      "any other name",
      { "role.allowedOtherSans": ["*"] },
      ['role: allowedOtherSans[0] must hold no pattern, got "*"'],
    ],
    [
      "any name of one kind",
      { "role.allowedOtherSans": ["1.3.6.1.4.1.311.20.2.3;UTF8:*"] },
      ['role: allowedOtherSans[0] must hold no pattern, got "1.3.6.1.4.1.311.20.2.3;UTF8:*"'],
    ],
    [
      "serial numbers by a pattern",
      { "role.allowedSerialNumbers": ["a*"] },
      ['role: allowedSerialNumbers[0] must hold no pattern, got "a*"'],
    ],
    [
      "any use",
      { "role.extKeyUsages": ["Any"] },
      ['role: extKeyUsages[0] must not be Any, got "Any"'],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "role.allowAnyName": unknown },
      ["role: undecided: allowAnyName of role is unknown until up"],
    ],
    [
      "a name of somebody's in the group of nodes",
      { "role.allowedDomains": [unknown] },
      ["role: undecided: allowedDomains[0] of role is unknown until up"],
    ],
  ],
});

const whoHas = "eabPolicy must be one of always-required, new-account-required";
const byRole = "defaultDirectoryPolicy must be forbid or role:<name>";

casesFor("pki-acme-restricted [J7]", {
  base: {
    acme: resource(token.vaultAcme, {
      backend: "pki/kubernetes",
      enabled: true,
      eabPolicy: "always-required",
      defaultDirectoryPolicy: "role:services",
    }),
  },
  passes: [
    ["accounts that are bound, and a role", {}],
    ["new accounts that are bound", { "acme.eabPolicy": "new-account-required" }],
    ["directories of roles alone", { "acme.defaultDirectoryPolicy": "forbid" }],
    [
      "ACME that is off, as it is by default",
      { "acme.enabled": false, "acme.eabPolicy": gone, "acme.defaultDirectoryPolicy": gone },
    ],
  ],
  fails: [
    ["anybody", { "acme.eabPolicy": "not-required" }, [`acme: ${whoHas}, got "not-required"`]],
    ["anybody, by Vault's default", { "acme.eabPolicy": gone }, [`acme: ${whoHas}, got nothing`]],
    ...["sign-verbatim", "sign-verbatim-unsafe", "role:", "forbidden"].map(
      (policy): [string, Change, string[]] => [
        `whatever is asked for, by ${policy}`,
        { "acme.defaultDirectoryPolicy": policy },
        [`acme: ${byRole}, got "${policy}"`],
      ],
    ),
    [
      "whatever is asked for, by Vault's default",
      { "acme.defaultDirectoryPolicy": gone },
      [`acme: ${byRole}, got nothing`],
    ],
    [
      "what may be on",
      { "acme.enabled": gone, "acme.eabPolicy": "not-required" },
      [`acme: ${whoHas}, got "not-required"`],
    ],
  ],
  undecided: [
    [
      "who has an account",
      { "acme.eabPolicy": unknown },
      ["acme: undecided: eabPolicy of acme is unknown until up"],
    ],
    [
      "whether it is on",
      { "acme.enabled": unknown, "acme.eabPolicy": "not-required" },
      ["acme: undecided: eabPolicy of acme is unknown until up"],
    ],
  ],
});

casesFor("pki-key-strength [J6]", {
  base: { ...authorities, ...ofState },
  passes: [
    ["P-256 and P-384", {}],
    ["Ed25519", { "role.keyType": "ed25519", "role.keyBits": 0 }],
    ["RSA of 3072 bits", { "role.keyType": "rsa", "role.keyBits": 3072 }],
    ["the hash that goes with the key", { "role.signatureBits": 0 }],
    ["RSA in the state", { "key.algorithm": "RSA", "key.rsaBits": 3072 }],
  ],
  fails: [
    [
      "RSA of 2048 bits",
      { "kubernetes.keyType": "rsa", "kubernetes.keyBits": 2048 },
      ["kubernetes: keyBits must be an integer from 3072 to 8192, got 2048"],
    ],
    [
      "the provider's own curve, which is P-224",
      { "key.ecdsaCurve": gone },
      ["key: ecdsaCurve must be one of P256, P384, P521, got nothing"],
    ],
    [
      "the provider's own RSA, which has 2048 bits",
      { "key.algorithm": "RSA" },
      ["key: rsaBits must be an integer from 3072 to 8192, got nothing"],
    ],
    [
      "another algorithm",
      { "key.algorithm": "DSA" },
      ['key: algorithm must be one of RSA, ECDSA, ED25519, got "DSA"'],
    ],
    [
      "Vault's own, which is RSA of 2048 bits",
      { "role.keyType": gone },
      ["role: keyType must be one of rsa, ec, ed25519, got nothing"],
    ],
    [
      "any",
      { "role.keyType": "any" },
      ['role: keyType must be one of rsa, ec, ed25519, got "any"'],
    ],
    [
      "P-224",
      { "request.keyBits": 224 },
      ["request: keyBits must be an integer from 256 to 521, got 224"],
    ],
    [
      "SHA-1",
      { "role.signatureBits": 160 },
      ["role: signatureBits must be 0 or at least 256, got 160"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "role.keyType": unknown },
      ["role: undecided: keyType of role is unknown until up"],
    ],
  ],
});

const published3: StackSpec = {
  mount: resource(token.vaultMount, { path: "pki/kubernetes", type: "pki" }),
  kubernetes: root("pki/kubernetes"),
  ...published("pki/kubernetes"),
};

casesFor("pki-crl-urls [J6]", {
  base: published3,
  passes: [
    ["lists", {}],
    [
      "an OCSP server",
      {
        "urls.crlDistributionPoints": [],
        "urls.ocspServers": ["https://vault.dev.internal:8200/v1/pki/kubernetes/ocsp"],
      },
    ],
    [
      "a mount by reference",
      {
        "kubernetes.backend": ref("mount"),
        "urls.backend": ref("mount"),
        "lists.backend": ref("mount"),
      },
    ],
  ],
  fails: [
    [
      "none",
      { urls: gone },
      [
        'kubernetes: backend must have URLs of revocation lists or of an OCSP server, got "pki/kubernetes"',
      ],
    ],
    [
      "another mount's",
      { "urls.backend": "pki/etcd-k8s" },
      [
        'kubernetes: backend must have URLs of revocation lists or of an OCSP server, got "pki/kubernetes"',
      ],
    ],
    [
      "where the certificate is, and no more",
      { "urls.crlDistributionPoints": gone },
      [
        'kubernetes: backend must have URLs of revocation lists or of an OCSP server, got "pki/kubernetes"',
      ],
    ],
    ["lists are off", { "lists.disable": true }, ["lists: disable must not be true, got true"]],
    [
      "nobody answers",
      { "lists.ocspDisable": true },
      ["lists: ocspDisable must not be true, got true"],
    ],
    [
      "lists that end",
      { "lists.autoRebuild": gone },
      ["lists: autoRebuild must be true, got nothing"],
    ],
    [
      "lists that hear of a revocation when they end",
      { "lists.enableDelta": false },
      ["lists: enableDelta must be true, got false"],
    ],
    [
      "Vault's own settings of lists",
      { lists: gone },
      ['kubernetes: backend must have settings of its revocation lists, got "pki/kubernetes"'],
    ],
  ],
  undecided: [
    [
      "a mount that is unknown",
      { "urls.backend": unknown },
      ["kubernetes: undecided: backend of kubernetes is unknown until up"],
    ],
  ],
});

casesFor("pki-issuer-in-force [J6]", {
  base: {
    kubernetes: root("pki/kubernetes"),
    ca: stateCa,
    next: resource(token.vaultIssuer, {
      backend: "pki/kubernetes",
      issuerRef: "2",
      usage: "crl-signing,issuing-certificates,ocsp-signing,read-only",
      leafNotAfterBehavior: "always_enforce_err",
    }),
    former: resource(token.vaultIssuer, {
      backend: "pki/kubernetes",
      issuerRef: "1",
      usage: "crl-signing,ocsp-signing,read-only",
      leafNotAfterBehavior: "always_enforce_err",
    }),
    settings: resource(token.vaultConfigIssuers, {
      backend: "pki/kubernetes",
      default: ref("next"),
      defaultFollowsLatestIssuer: false,
    }),
  },
  passes: [
    ["an issuer that may issue, and a former one that may not", {}],
    ["an issuer of another program", { "settings.default": "1" }],
  ],
  fails: [
    [
      "the former one by default",
      { "settings.default": ref("former") },
      [
        'former: usage must have issuing-certificates, as the default issuer of its mount, got "crl-signing,ocsp-signing,read-only"',
      ],
    ],
    [
      "whichever is the latest",
      { "settings.defaultFollowsLatestIssuer": true },
      ["settings: defaultFollowsLatestIssuer must not be true, got true"],
    ],
    [
      "certificates that outlive it",
      { "former.leafNotAfterBehavior": "permit" },
      ['former: leafNotAfterBehavior must be always_enforce_err, got "permit"'],
    ],
    [
      "authorities below it that are shortened, as by default",
      { "next.leafNotAfterBehavior": gone },
      ["next: leafNotAfterBehavior must be always_enforce_err, got nothing"],
    ],
    [
      "a former one that may issue, as by default",
      { "former.usage": gone },
      ["former: usage must be set, got nothing"],
    ],
    [
      "authorities below those below it, as by default",
      { "kubernetes.maxPathLength": gone },
      ["kubernetes: maxPathLength must be an integer from 0 to 1, got nothing"],
    ],
    [
      "the same of one in the state",
      { "ca.maxPathLength": 5 },
      ["ca: maxPathLength must be an integer from 0 to 1, got 5"],
    ],
  ],
  undecided: [
    [
      "a usage that is unknown",
      { "next.usage": unknown },
      ["next: undecided: usage of next is unknown until up"],
    ],
  ],
});
