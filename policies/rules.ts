import { allowedAccounts } from "./account";
import { accountGuards, defaultEncryption, guardsTogether, requiredTags } from "./account-guards";
import { alarmsAtOnce, trailWatched } from "./alarms";
import { alarmsAct, auditTrail, trailLocked } from "./audit";
import { singleBastion, sshTrustedNetworks } from "./bastion";
import { bottlerocketHardened } from "./bottlerocket";
import { ownKeysOnly } from "./bucket-keys";
import { encryptedBuckets, keptBuckets, privateBuckets, versionedBuckets } from "./buckets";
import { certificateLifetime } from "./certificates";
import {
  detailedMonitoring,
  hopLimit,
  imdsv2,
  instanceProfile,
  narrowMetadata,
  noPublicIp,
  perUserKeys,
} from "./compute";
import { ownSecurityGroups } from "./compute-security-groups";
import { dnsToKnownBalancer } from "./dns";
import { fluentdEverywhere, fluentdToStore } from "./cluster-logs";
import {
  controlPlaneLogs,
  deletionProtection,
  secretsEncrypted,
  standardSupport,
  supportedVersion,
} from "./eks";
import {
  accessApiMode,
  noClusterAdminEntry,
  noCreatorAdmin,
  peopleAreStandard,
} from "./eks-access";
import { apiInternal, privateEndpoint, publicCidrs } from "./eks-network";
import { onlyTheEntry } from "./exposure/rule";
import { functionsEncrypted } from "./function-keys";
import { guardDuty } from "./guard-duty";
import { findingsTold } from "./guard-duty-findings";
import { cachesScanned, imagesHardened } from "./images";
import { managedPoliciesKnown, noAdminManaged, noStarStar, noUsersOrKeys } from "./iam";
import { noEscalation } from "./iam-escalation";
import { actionsNamed, noWholeService, resourcesNamed } from "./iam-least-privilege";
import { narrowTrust, nodeRoleMinimal, oidcAudience } from "./iam-roles";
import {
  decryptNamedKeys,
  deletionWindow,
  grantsLimited,
  keyActionsNamed,
  noWildcardPrincipal,
  rotation,
} from "./kms";
import { balancersInternal } from "./internal-load-balancers";
import { firewall, firewallLog } from "./firewall";
import {
  ingressHostMatches,
  ingressNoSnippets,
  ingressUniqueHost,
  singleIngressController,
} from "./ingresses";
import { ingressTls } from "./ingress-tls";
import { httpsRedirect, noServerHeader, strictTransport, tlsPolicy } from "./listeners";
import {
  balancerBudget,
  balancerDeletionProtection,
  balancerLogs,
  inboundNamed,
  invalidHeadersDropped,
  singlePublicBalancer,
  tlsToTargets,
} from "./load-balancer-form";
import {
  controlPlaneDelivered,
  deliveryEncrypted,
  logResourcePolicyNarrow,
  vaultDelivered,
} from "./log-delivery";
import { controlPlaneLogGroup, logGroupEncrypted } from "./logs";
import { logRetention } from "./log-retention";
import { logGroupsMade } from "./log-writers";
import { alertingBaseline } from "./monitoring";
import { naclNamedPorts, naclNoOpenAdmin } from "./network-acls";
import { endpointPolicy, vpcEndpoints } from "./network-endpoints";
import { eipOnlyNat, internetGatewaySingle } from "./network-gateways";
import {
  natInPublicSubnet,
  natPerZone,
  nodesPrivateSubnets,
  privateDefaultRouteNat,
} from "./network-routes";
import { subnetRoleTags, subnetsMultiZone } from "./network-subnets";
import {
  defaultSecurityGroupLocked,
  defaultsLocked,
  flowLogs,
  noDefaultVpc,
  privateNames,
  privateSubnetNoPublicIp,
} from "./network-vpc";
import { patchedByTemplate, selinux } from "./nodes";
import { ownAccounts } from "./own-accounts";
import { bucketPolicies, topicPolicies } from "./resource-policies";
import {
  authorityLife,
  issuerInForce,
  keyStrength,
  ownKeys,
  revocation,
  shortLife,
  threeAuthorities,
} from "./pki";
import { outlives } from "./pki-lifetimes";
import { restrictedAcme, restrictedRoles } from "./pki-roles";
import { podRolesNamed, podsOwnRoles } from "./pod-identity";
import { noHostPorts } from "./pod-ports";
import { accessLogged, locksHold, recordsKept, trailObjects } from "./records";
import { oneManager } from "./role-managers";
import type { Rule } from "./rule";
import {
  searchByRoles,
  searchDomainLogs,
  searchEncrypted,
  searchKept,
  searchZones,
} from "./search-domains";
import { secretReaders, secretWriters } from "./secrets";
import { described, noMixedRules, referenceOverCidr } from "./security-group-form";
import { noAllPorts, noWorldIngress, restrictEgress } from "./security-groups";
import {
  sessionsFromTrustedNetworks,
  sessionsLogged,
  sessionsNeedMfa,
  sessionsOwn,
  sessionsWithoutSudo,
} from "./sessions";
import { serviceSources } from "./service-sources";
import { noExternalIps, noLoadBalancerService, noNodePortService } from "./services";
import { bastionEgress, noSshInside } from "./ssh";
import { sshdAudit, sshdForwarding, sshdKeysOnly, sshdModern, sshMfa } from "./sshd";
import { tunnelsNarrow } from "./tunnels";
import { noUserDataSecrets, verifiedUserData } from "./user-data";
import { boundAccounts, boundLogin, namedVault, ownIdentity, providerLogin } from "./vault";
import { vaultKept } from "./vault-kept";
import { endGiven, leastPolicies } from "./vault-rights";
import { auditEnabled, vaultNotPublic } from "./vault-servers";
import { knownTypes } from "./vault-types";
import { volumesEncrypted } from "./volumes";
import {
  vpnBanner,
  vpnConnectionLog,
  vpnFederated,
  vpnNamedGroups,
  vpnNoPortal,
  vpnOwnSecurityGroup,
  vpnOwnTraffic,
  vpnRoutesEnforced,
  vpnSessionEnds,
  vpnTrustedNetworks,
} from "./vpn";

/** Every rule of the pack, by group. */
export const rules: readonly Rule[] = [
  allowedAccounts,
  accountGuards,
  guardsTogether,
  requiredTags,
  defaultEncryption,

  privateSubnetNoPublicIp,
  privateDefaultRouteNat,
  natPerZone,
  natInPublicSubnet,
  nodesPrivateSubnets,
  noWorldIngress,
  noAllPorts,
  restrictEgress,
  noSshInside,
  described,
  noMixedRules,
  referenceOverCidr,
  defaultSecurityGroupLocked,
  defaultsLocked,
  noDefaultVpc,
  flowLogs,
  naclNoOpenAdmin,
  naclNamedPorts,
  privateNames,
  subnetsMultiZone,
  subnetRoleTags,
  vpcEndpoints,
  endpointPolicy,
  eipOnlyNat,
  internetGatewaySingle,

  onlyTheEntry,
  singlePublicBalancer,
  balancersInternal,
  tlsPolicy,
  httpsRedirect,
  strictTransport,
  noServerHeader,
  invalidHeadersDropped,
  tlsToTargets,
  firewall,
  firewallLog,
  balancerDeletionProtection,
  inboundNamed,
  noLoadBalancerService,
  noNodePortService,
  noExternalIps,
  singleIngressController,
  ingressHostMatches,
  ingressUniqueHost,
  ingressTls,
  ingressNoSnippets,
  noHostPorts,
  dnsToKnownBalancer,
  certificateLifetime,
  balancerLogs,
  balancerBudget,

  noPublicIp,
  imdsv2,
  hopLimit,
  narrowMetadata,
  ownSecurityGroups,
  volumesEncrypted,
  vaultKept,
  vaultNotPublic,
  auditEnabled,
  noUserDataSecrets,
  verifiedUserData,
  instanceProfile,
  detailedMonitoring,
  selinux,
  bottlerocketHardened,
  patchedByTemplate,
  perUserKeys,

  singleBastion,
  bastionEgress,
  sshTrustedNetworks,
  sshdModern,
  sshdKeysOnly,
  sshdAudit,
  sshdForwarding,
  sshMfa,
  sessionsLogged,
  sessionsNeedMfa,
  sessionsOwn,
  sessionsFromTrustedNetworks,
  sessionsWithoutSudo,
  tunnelsNarrow,

  vpnFederated,
  vpnNamedGroups,
  vpnTrustedNetworks,
  vpnOwnTraffic,
  vpnRoutesEnforced,
  vpnOwnSecurityGroup,
  vpnSessionEnds,
  vpnConnectionLog,
  vpnNoPortal,
  vpnBanner,

  privateEndpoint,
  publicCidrs,
  secretsEncrypted,
  controlPlaneLogs,
  supportedVersion,
  accessApiMode,
  noCreatorAdmin,
  noClusterAdminEntry,
  peopleAreStandard,
  apiInternal,
  deletionProtection,
  standardSupport,
  controlPlaneLogGroup,
  logGroupEncrypted,
  auditTrail,
  trailLocked,
  trailObjects,
  trailWatched,
  guardDuty,
  findingsTold,
  alarmsAct,
  alarmsAtOnce,
  topicPolicies,
  secretReaders,
  secretWriters,

  privateBuckets,
  encryptedBuckets,
  versionedBuckets,
  bucketPolicies,
  keptBuckets,
  locksHold,
  ownKeysOnly,
  accessLogged,
  recordsKept,

  searchEncrypted,
  searchByRoles,
  searchKept,
  searchZones,
  searchDomainLogs,
  alertingBaseline,
  logRetention,
  fluentdEverywhere,
  fluentdToStore,
  deliveryEncrypted,
  controlPlaneDelivered,
  vaultDelivered,
  logResourcePolicyNarrow,
  logGroupsMade,

  imagesHardened,
  cachesScanned,

  rotation,
  noWildcardPrincipal,
  deletionWindow,
  grantsLimited,
  keyActionsNamed,
  decryptNamedKeys,
  functionsEncrypted,

  threeAuthorities,
  ownKeys,
  authorityLife,
  restrictedRoles,
  restrictedAcme,
  shortLife,
  outlives,
  endGiven,
  keyStrength,
  issuerInForce,
  revocation,
  boundLogin,
  namedVault,
  ownIdentity,
  boundAccounts,
  leastPolicies,
  knownTypes,
  providerLogin,

  ownAccounts,
  serviceSources,
  nodeRoleMinimal,
  oneManager,
  narrowTrust,
  podRolesNamed,
  podsOwnRoles,
  noStarStar,
  noEscalation,
  noWholeService,
  actionsNamed,
  resourcesNamed,
  noAdminManaged,
  managedPoliciesKnown,
  noUsersOrKeys,
  oidcAudience,
];
