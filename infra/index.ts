import { AccountGuards } from "../components/aws/account-guards";
import { Alarms } from "../components/aws/alarms";
import { AuditTrail } from "../components/aws/audit-trail";
import { Bastion } from "../components/aws/bastion";
import { Buckets } from "../components/aws/buckets";
import { ClientVpn } from "../components/aws/client-vpn";
import { Cluster } from "../components/aws/cluster";
import { ClusterDns } from "../components/aws/cluster-dns";
import { Endpoints } from "../components/aws/endpoints";
import { Entry } from "../components/aws/entry";
import { flows } from "../components/aws/flows";
import { Keys } from "../components/aws/keys";
import { fluentdImages } from "../components/aws/log-engines";
import { LogDelivery, deliveryIndexPrefix, deliveryRoleArn } from "../components/aws/log-delivery";
import { LogStore } from "../components/aws/log-store";
import { Network } from "../components/aws/network";
import { NodeGroup } from "../components/aws/node-group";
import { Registry } from "../components/aws/registry";
import { RuntimeAgent } from "../components/aws/runtime-agent";
import { SecurityGroupRules, SecurityGroups } from "../components/aws/security-groups";
import { SshBastion, sshBastionCalls } from "../components/aws/ssh-bastion";
import { resolverAddress } from "../components/aws/subnets";
import { ThreatDetection } from "../components/aws/threat-detection";
import { authoritiesTable } from "../components/vault/authorities";
import { vaultProvider } from "../components/vault/door";
import { Pki } from "../components/vault/pki";
import { secretAlarms } from "../components/vault/secret-alarms";
import { apiPort, privateZone, vaultHost } from "../components/vault/server-config";
import { VaultServers, vaultServerCalls } from "../components/vault/servers";
import { accountProvider, stackTags } from "./account";
import { loadConfig } from "./config/config";
import { clientCidrs } from "./config/entry";
import { architectureOf } from "./config/node-groups";
import { prefixOf } from "./config/stack";

/** The topology: what exists, in the order in which it comes to be, and what each part knows of the others. */
export = async () => {
  const config = await loadConfig();
  const { accountId, region, accessMode, trustedCidrs, logRetentionDays } = config;
  const { audit, deletionProtection } = config;
  const options = { provider: accountProvider(config) };
  const prefix = prefixOf(config.stack);
  const tags = stackTags(config);
  const place = { prefix, accountId, region, logRetentionDays };

  const lacksRole = (role: (typeof config.createServiceLinkedRoles)[number]) =>
    config.createServiceLinkedRoles.includes(role);
  const keys = new Keys(
    "keys",
    { accountId, region, createServiceLinkedRole: lacksRole("autoscaling") },
    options,
  );

  const { accessLogs, snapshots, snapshotsKeyAlias } = new Buckets(
    "buckets",
    { ...place, deletionProtection },
    options,
  );
  const owns = (part: (typeof audit.owns)[number]) => audit.owns.includes(part);
  const trail = owns("trail")
    ? new AuditTrail(
        "audit",
        {
          ...place,
          logKeyArn: keys.logs,
          lockMode: audit.lockMode,
          watchedBuckets: audit.objectEvents ? [snapshots.arn] : [],
          accessLogs,
          deletionProtection,
        },
        options,
      )
    : undefined;
  const emails = audit.alarmEmails;
  const more = secretAlarms({ prefix, deployerRoleArn: config.deployerRoleArn });
  const watched = { ...place, emails, more, ...(trail && { logGroupName: trail.logGroupName }) };
  const alarmTopicArn =
    emails.length > 0 ? new Alarms("alarms", watched, options).topicArn : undefined;
  if (owns("accountGuards")) {
    new AccountGuards("guards", { volumeKeyArn: keys.volumes }, options);
  }

  const network = new Network(
    "network",
    {
      ...place,
      cidr: config.cidr,
      zones: config.zones,
      natMode: config.natMode,
      joinedCidrs: accessMode === "direct" ? trustedCidrs : [],
      sshCidrs: config.ssh ? trustedCidrs : [],
      deletionProtection,
      logKeyArn: keys.logs,
    },
    options,
  );
  const firewall = {
    prefix,
    vpcId: network.vpcId,
    flows: flows(accessMode),
    trustedCidrs,
    clientCidrs: clientCidrs(config),
  };
  const groups = new SecurityGroups("groups", firewall, options);
  const endpoints = new Endpoints(
    "endpoints",
    {
      ...place,
      vpcId: network.vpcId,
      subnetIds: network.dataSubnetIds,
      securityGroupId: groups.id("endpoints"),
      routeTableIds: [
        ...network.privateRouteTableIds,
        ...(config.ssh ? [network.publicRouteTableId] : []),
      ],
      moreCalls: { ...vaultServerCalls, ...(config.ssh && sshBastionCalls(config.ssh.mfa)) },
      packages: true,
    },
    options,
  );
  const { s3PrefixListId } = endpoints;
  const rules = new SecurityGroupRules("rules", { ...firewall, groups, s3PrefixListId }, options);

  const bastion =
    accessMode === "ssm"
      ? new Bastion(
          "bastion",
          {
            ...place,
            subnetIds: network.nodeSubnetIds,
            securityGroupId: groups.id("bastion"),
            trustedCidrs,
            logKeyArn: keys.logs,
            volumeKeyArn: keys.volumes,
            sessionKey: keys.sessions,
            vaultHost: vaultHost(prefix),
            tags,
            prerequisites: [endpoints, rules],
          },
          options,
        )
      : undefined;
  const sshBastion = config.ssh
    ? new SshBastion(
        "bastion",
        {
          ...place,
          ...config.ssh,
          clusterName: prefix,
          vaultHost: vaultHost(prefix),
          subnetIds: network.publicSubnetIds,
          securityGroupId: groups.id("bastion"),
          trustedCidrs,
          logKeyArn: keys.logs,
          volumeKeyArn: keys.volumes,
          tags,
          prerequisites: [endpoints, rules],
        },
        options,
      )
    : undefined;
  const vpn = config.vpn
    ? new ClientVpn(
        "vpn",
        {
          ...place,
          ...config.vpn,
          vpcId: network.vpcId,
          subnetIds: network.nodeSubnetsIn(config.vpn.zones ?? config.zones),
          securityGroupId: groups.id("vpn"),
          // The interfaces of the control plane and of the log store.
          destinations: network.dataCidrs.slice(0, 3),
          dnsServer: resolverAddress(config.cidr),
          trustedCidrs,
          functionKeyArn: keys.functions,
          logKeyArn: keys.logs,
        },
        options,
      )
    : undefined;

  const cluster = new Cluster(
    "cluster",
    {
      ...place,
      clusterName: prefix,
      version: config.kubernetesVersion,
      // EKS wants two zones and keeps to those that it started with; the first two never change.
      subnetIds: network.dataSubnetIds.slice(0, 2),
      securityGroupId: groups.id("api"),
      secretsKeyArn: keys.secrets,
      logKeyArn: keys.logs,
      deployerRoleArn: config.deployerRoleArn,
      accessEntries: config.accessEntries,
      deletionProtection,
    },
    options,
  );

  const logStore = new LogStore(
    "log-store",
    {
      ...place,
      ...config.logStore,
      // OpenSearch spreads over three zones at most.
      subnetIds: network.dataSubnetIds.slice(0, 3),
      securityGroupId: groups.id("log-store"),
      keyArn: keys.logStore.arn,
      functionKeyArn: keys.functions,
      logKeyArn: keys.logs,
      setupSecurityGroupId: groups.id("log-delivery"),
      securityGroupRules: rules,
      writers: [
        {
          name: "log-delivery",
          roleArn: deliveryRoleArn(place),
          indexPrefix: deliveryIndexPrefix,
          kind: "firehose",
        },
      ],
      createServiceLinkedRole: lacksRole("opensearch"),
      deletionProtection,
    },
    options,
  );
  const registry = new Registry(
    "registry",
    { ...place, ...config.registry, key: keys.images, deletionProtection },
    options,
  );

  // A node that cannot pull images or call AWS never becomes ready, and EKS fails the whole group.
  const prerequisites = [...network.egress, endpoints, rules, ...cluster.nodePrerequisites];
  const nodeGroups = config.nodeGroups.map(
    ({ name, ...group }) =>
      new NodeGroup(
        name,
        {
          ...group,
          prefix,
          clusterName: cluster.name,
          version: config.kubernetesVersion,
          subnetIds: network.nodeSubnetIds,
          securityGroupId: groups.id("nodes"),
          volumeKeyArn: keys.volumes,
          architecture: architectureOf(group.instanceTypes[0] ?? ""),
          tags,
          imageCacheArns: registry.cacheArns,
          prerequisites,
        },
        options,
      ),
  );
  const detection = owns("threatDetection")
    ? new ThreatDetection(
        "threats",
        { ...place, logKeyArn: keys.logs, ...(alarmTopicArn && { alarmTopicArn }) },
        options,
      )
    : undefined;
  if (audit.runtimeAgent) {
    new RuntimeAgent(
      "runtime-agent",
      {
        ...place,
        vpcId: network.vpcId,
        subnetIds: network.dataSubnetIds,
        securityGroupId: groups.id("endpoints"),
        clusterName: cluster.name,
        prerequisites: [...(detection ? [detection] : []), ...nodeGroups],
      },
      options,
    );
  }
  new ClusterDns("dns", { clusterName: cluster.name, nodeGroups }, options);

  const entry = new Entry(
    "entry",
    {
      ...place,
      ...config.entry,
      vpcId: network.vpcId,
      subnetIds: network.publicSubnetIds,
      securityGroupId: groups.id("entry"),
      internet: network.internet,
      logKeyArn: keys.logs,
      deletionProtection,
    },
    options,
  );

  // AWS operates the control plane, and what runs on nodes comes to Vault by its service account.
  const vaultNodes = {};
  const vault = new VaultServers(
    "vault",
    {
      ...place,
      ...config.vault,
      recoveryHolders: config.recoveryHolders,
      deployerRoleArn: config.deployerRoleArn,
      nodes: vaultNodes,
      vpcId: network.vpcId,
      zones: network.dataSubnetsIn(config.zones.slice(0, 3)),
      securityGroupId: groups.id("vault"),
      balancerGroupId: groups.id("vault-door"),
      volumeKeyArn: keys.volumes,
      logKeyArn: keys.logs,
      ...(alarmTopicArn && { alarmTopicArn }),
      snapshots,
      snapshotsKeyAlias,
      tags,
      prerequisites: [...network.egress, endpoints, rules],
      deletionProtection,
    },
    options,
  );
  new LogDelivery(
    "log-delivery",
    {
      ...place,
      logGroupNames: {
        cluster: cluster.logGroupName,
        vault: vault.logGroupName,
        ...(detection && { findings: detection.logGroupName }),
      },
      domainArn: logStore.arn,
      logStore,
      subnetIds: network.dataSubnetIds.slice(0, 3),
      securityGroupId: groups.id("log-delivery"),
      securityGroupRules: rules,
      key: keys.logStore,
      functionKeyArn: keys.functions,
      logKeyArn: keys.logs,
      accessLogs,
      deletionProtection,
    },
    options,
  );
  const vaultDoor = vaultProvider("vault", {
    address: config.vault.address ?? `https://${vaultHost(prefix)}:${apiPort}`,
    serverName: vaultHost(prefix),
    region,
    caCertificate: vault.caCertificate,
    servers: vault.attachments,
    caFile: `.drawbridge/vault-ca.${config.stack}.pem`,
  });
  const { certificates } = new Pki(
    "pki",
    {
      table: authoritiesTable,
      rotations: config.vault.rotations,
      controlPlane: "eks",
      accountId,
      region,
      vpcId: network.vpcId,
      domain: privateZone(prefix),
      vaultName: "vault",
      nodes: vaultNodes,
      cluster: { host: cluster.endpoint, caCertificate: cluster.caCertificate },
      deletionProtection,
    },
    { providers: [vaultDoor], deletedWith: vault },
  );

  return {
    clusterName: cluster.name,
    clusterEndpoint: cluster.endpoint,
    snapshotBucketName: snapshots.bucketName,
    logStore: {
      endpoint: logStore.endpoint,
      fluentdImage: fluentdImages[config.logStore.engineVersion],
    },
    allowedImages: registry.allowedImages,
    entryDnsName: entry.dnsName,
    entryTargetGroupArn: entry.targetGroupArn,
    vaultHost: vaultHost(prefix),
    vaultCaCertificate: vault.caCertificate,
    vaultRecoverySecretArn: vault.recoverySecretArn,
    authorityCertificates: certificates,
    ...(bastion && {
      sessionPolicyArn: bastion.sessionPolicyArn,
      sessionDocumentName: bastion.sessionDocumentName,
      tunnelDocumentName: bastion.tunnelDocumentName,
    }),
    ...(sshBastion && {
      bastionAddress: sshBastion.address,
      hostKeysParameter: sshBastion.hostKeysParameter,
      hostKeysPolicyArn: sshBastion.hostKeysPolicyArn,
    }),
    ...(vpn && { vpnEndpointId: vpn.endpointId }),
  };
};
