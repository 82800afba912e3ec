import type { AuthoritiesTable, ControlPlane, RoleData } from "./authorities";
import { issuances, mountPath, usersOf, type Issuance } from "./issuance";
import { apiPort } from "./server-config";

/**
 * Fraction of a certificate's life after which Vault Agent asks for the next one: it is to come before a third is left,
 * and Vault may be away for a while. Agent takes the fraction as it is; its source means to stray by three hundredths,
 * which its arithmetic rounds to nothing (github.com/hashicorp/consul-template v0.41.1, `goodFor` in
 * dependency/vault_pki.go), and which would still be in time.
 */
export const renewalFraction = 0.6;

/** Seconds from the end of a run to the next one, and for which a run may last. */
export const runEverySeconds = 30 * 60;
export const longestRunSeconds = 5 * 60;

/** Folder of what tells Agent what to do. */
const settingsFolder = "/etc/drawbridge-pki";
const configFile = `${settingsFolder}/agent.json`;
const runScript = "/usr/local/sbin/drawbridge-pki";
const unitFolder = "/etc/systemd/system";

/** Name of the folder of certificates below `/var/lib`, as systemd makes it. */
const stateName = "drawbridge-pki";

/** Folder of the certificates on a node, which nobody but the user of the agent may enter. */
export const certificatesFolder = `/var/lib/${stateName}`;

export interface AgentArgs {
  /** The reviewed table. */
  table: AuthoritiesTable;
  controlPlane: ControlPlane;
  /** Kind of node: the name of its identity in the table. */
  kind: string;
  /** Private zone of the stack. */
  domain: string;
  /** Name of Vault in that zone, by which it is reached on port 8200. */
  vaultName: string;
  /** AWS region of the stack. */
  region: string;
  /** Certificate of the CA that vouches for Vault's servers, PEM. */
  vaultCa: string;
  /** User of the node that owns the certificates and as whom the agent runs: the one whose process reads them. */
  user: string;
  /** Addresses that all nodes of the kind answer by, beside their own: the API's in the network of services. @default - none */
  addresses?: readonly string[];
  /**
   * Units that read the certificates of authorities at their start alone, and may be restarted on all nodes at one time:
   * `kubelet.service` may, a member of etcd may not. @default - none
   */
  restarts?: readonly string[];
}

/** A file with key and certificate, and what its holder trusts. */
export interface NodeCertificate {
  /** Private key and certificate in one file, so that nobody ever reads a key and the certificate of another. */
  file: string;
  /** Certificates of the authority that signs it: of the old one as well while the authority is changed. */
  caFile: string;
}

/** Where a node finds the certificate of a role: `kubernetes`, `kubelet`. */
export function nodeCertificate(authority: string, role: string): NodeCertificate {
  return { file: `${certificatesFolder}/${authority}-${role}.pem`, caFile: caFile(authority) };
}

function caFile(authority: string): string {
  return `${certificatesFolder}/${authority}-ca.crt`;
}

/** What a node gets, a template of Agent's each. */
interface Template {
  contents: string;
  destination: string;
  perms: string;
  error_on_missing_key: true;
}

/**
 * Settings of Vault Agent for one kind of node, as a text of JSON: developer.hashicorp.com/vault/docs/agent-and-proxy/agent
 *
 * Agent logs in as the instance that it runs on, writes what there is to write and ends; a timer runs it again. As a
 * daemon it would keep, for each token that it has had, a wait for the next certificate that nothing ends: after days
 * all of them ask Vault at once, with tokens long gone (`Fetch` of the file above sleeps without regard to its stop).
 * No token is written down.
 */
export function agentConfig(args: AgentArgs): string {
  const faults = agentFaults(args);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  const serverId = `${args.vaultName}.${args.domain}`;
  // A block of HCL within a block is a list of one: else its parser takes each key of it for a block.
  const settings = {
    exit_after_auth: true,
    // Nodes have no swap: the kubelet refuses it.
    disable_mlock: true,
    vault: {
      address: `https://${serverId}:${apiPort}`,
      ca_cert: `${settingsFolder}/vault-ca.crt`,
      retry: [{ num_retries: 3 }],
    },
    auto_auth: {
      method: [
        {
          type: "aws",
          mount_path: "auth/nodes",
          exit_on_err: true,
          config: [{ type: "iam", role: args.kind, region: args.region, header_value: serverId }],
        },
      ],
    },
    template_config: { exit_on_retry_failure: true, lease_renewal_threshold: renewalFraction },
    template: templates(args),
  };
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}

function agentFaults({ table, controlPlane, kind, addresses = [] }: AgentArgs): string[] {
  const kinds = usersOf(table, controlPlane, "node").map(([user]) => user);
  const faults = kinds.includes(kind)
    ? []
    : [`kind must be a node that has a role in ${controlPlane}, got ${kind}`];
  const roles = granted(table, controlPlane, kind).map(({ role }) => role);
  const addressed = roles.find(({ ipAddresses }) => ipAddresses === true);
  if (addressed && addresses.length === 0) {
    faults.push(`addresses must be given for ${addressed.name} of ${kind}, got none`);
  }
  if (!addressed && addresses.length > 0) {
    faults.push(`addresses must not be given: no role of ${kind} takes any`);
  }
  return faults;
}

function granted(table: AuthoritiesTable, controlPlane: ControlPlane, kind: string): Issuance[] {
  return issuances(table, controlPlane).filter(({ role }) => role.users.includes(kind));
}

function templates(args: AgentArgs): Template[] {
  const all = granted(args.table, args.controlPlane, args.kind);
  return [
    ...all.map(({ authority, role }) => ({
      contents: keyAndCertificate(`${mountPath(authority.name)}/issue/${role.name}`, role, args),
      destination: nodeCertificate(authority.name, role.name).file,
      perms: "0400",
      error_on_missing_key: true as const,
    })),
    ...[...new Set(all.map(({ authority }) => authority))].map(({ name, parent }) => ({
      contents: authorityCertificates(mountPath(name), parent !== undefined),
      destination: caFile(name),
      perms: "0444",
      error_on_missing_key: true as const,
    })),
  ];
}

/**
 * `pkiCert` takes from its own file what is there and still good, so nothing is asked for twice. It looks at the time
 * alone: when a role's names change, the file has to be taken away.
 */
function keyAndCertificate(path: string, role: RoleData, { domain, addresses }: AgentArgs): string {
  const [commonName = "", ...others] = (role.names ?? []).map((name) =>
    name.replace("{domain}", domain),
  );
  const request = [argument("common_name", commonName)];
  if (others.length > 0) request.push(argument("alt_names", others.join(",")));
  if (role.ipAddresses) {
    request.push(argument("ip_sans", [...(addresses ?? []), addressMark].join(",")));
  }
  return `{{ with pkiCert "${path}" ${request.join(" ")} }}{{ .Key }}{{ .Cert }}{{ end }}`;
}

const addressMark = "{address}";

/** A parameter of a request; the instance's own name and address are known when the template is filled. */
function argument(parameter: string, value: string): string {
  const own = [...value.matchAll(/\{node\}|\{address\}/g)].map(([mark]) =>
    mark === addressMark ? `(mustEnv "NODE_ADDRESS")` : `(mustEnv "NODE_NAME")`,
  );
  if (own.length === 0) return `"${parameter}=${value}"`;
  const format = value.replaceAll(/\{node\}|\{address\}/g, "%s");
  return `(printf "${parameter}=${format}" ${own.join(" ")})`;
}

/**
 * Every authority of the mount: the next one is trusted as soon as it is there, the former one until it is taken away.
 * Anybody may read them. Beside an authority that another one signs there is that other one, which is not to be trusted
 * in its place: its chain has no more than itself.
 */
function authorityCertificates(mount: string, isSigned: boolean): string {
  const certificate = "{{ .Data.certificate }}\n";
  const own = isSigned ? `{{ if gt (len .Data.ca_chain) 1 }}${certificate}{{ end }}` : certificate;
  return `{{ range secrets "${mount}/issuers" }}{{ with secret (printf "${mount}/issuer/%s/json" .) }}${own}{{ end }}{{ end }}`;
}

/** A file of a node. */
export interface NodeFile {
  text: string;
  /** Permissions, octal. */
  mode: string;
}

/**
 * All files that make a node keep its certificates, by their paths; none holds a secret, and root may own them all. The
 * node must have Vault's package, the AWS roles of its kind and `curl`, and `systemctl enable --now` the timer and, when
 * there is one, the path. Who needs a certificate at its start has `Requires=` and `After=` on `drawbridge-pki.service`,
 * which has ended when the certificates are there.
 *
 * The settings and the script are run against a real Vault; systemd itself has checked the units and not run them.
 */
export function agentFiles(args: AgentArgs): Record<string, NodeFile> {
  const { kind, user, restarts = [] } = args;
  const plain = (text: string): NodeFile => ({ text, mode: "0644" });
  const unit = (...sections: [string, string[]][]) =>
    plain(sections.map(([name, lines]) => `[${name}]\n${lines.join("\n")}\n`).join("\n"));
  const description = `Description=Certificates of this node, of the kind ${kind}`;
  return {
    [configFile]: plain(agentConfig(args)),
    [`${settingsFolder}/vault-ca.crt`]: plain(args.vaultCa),
    [runScript]: { text: script, mode: "0755" },
    [`${unitFolder}/drawbridge-pki.service`]: unit(
      ["Unit", [description, ...tryingForever]],
      ["Service", [`User=${user}`, `ExecStart=${runScript}`, ...service]],
    ),
    [`${unitFolder}/drawbridge-pki.timer`]: unit(
      ["Unit", [description]],
      ["Timer", ["OnActiveSec=0", `OnUnitInactiveSec=${runEverySeconds}`]],
      ["Install", ["WantedBy=timers.target"]],
    ),
    ...(restarts.length > 0 && {
      [`${unitFolder}/drawbridge-pki-trust.path`]: unit(
        ["Unit", ["Description=Watch for authorities that are new or gone"]],
        ["Path", trustOf(args).map((file) => `PathChanged=${file}`)],
        ["Install", ["WantedBy=multi-user.target"]],
      ),
      [`${unitFolder}/drawbridge-pki-trust.service`]: unit(
        ["Unit", ["Description=Restart what reads authorities at its start alone"]],
        [
          "Service",
          ["Type=oneshot", `ExecStart=/usr/bin/systemctl try-restart ${restarts.join(" ")}`],
        ],
      ),
    }),
  };
}

function trustOf({ table, controlPlane, kind }: AgentArgs): string[] {
  const names = granted(table, controlPlane, kind).map(({ authority }) => authority.name);
  return [...new Set(names)].map(caFile);
}

const tryingForever = [
  "Wants=network-online.target",
  "After=network-online.target",
  "StartLimitIntervalSec=0",
];

/** systemd.exec(5). What nodes need of a system is to read their settings, to write their certificates, and the network. */
const service = [
  "Type=oneshot",
  `TimeoutStartSec=${longestRunSeconds}`,
  "Restart=on-failure",
  "RestartSec=15",
  "UMask=0077",
  `StateDirectory=${stateName}`,
  "StateDirectoryMode=0700",
  // Vault's package marks its program as one that needs this right, and a program that cannot get what it is marked with
  // does not start: man7.org/linux/man-pages/man7/capabilities.7.html. By the next line it gets none all the same.
  "CapabilityBoundingSet=CAP_IPC_LOCK",
  "NoNewPrivileges=yes",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectProc=invisible",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  "MemoryDenyWriteExecute=yes",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "LimitCORE=0",
];

/**
 * The name is the one by which Vault knows the instance: EC2's private one. In a network with a domain of its own the
 * instance tells another one here, and Vault refuses it:
 * docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html
 *
 * A login is a request to STS, which Vault sends on to the region's endpoint as it was signed, host included
 * (`buildHttpRequest` in github.com/hashicorp/vault v1.21.0, builtin/credential/aws/path_login.go). Agent signs it in the
 * region's name, but by its default for the global host (`GenerateLoginData` of github.com/hashicorp/go-secure-stdlib,
 * awsutil v0.3.0); the variable has it sign for the host that is asked.
 */
const script = `#!/bin/sh
set -eu
metadata=http://169.254.169.254/latest
ask() { curl --fail --silent --show-error --max-time 5 --noproxy '*' "$@"; }
session=$(ask --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
told() { ask --header "X-aws-ec2-metadata-token: $session" "$metadata/meta-data/$1"; }
NODE_NAME=$(told local-hostname)
NODE_ADDRESS=$(told local-ipv4)
export NODE_NAME NODE_ADDRESS AWS_STS_REGIONAL_ENDPOINTS=regional
exec vault agent -config=${configFile}
`;
