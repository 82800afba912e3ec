import { allowedAccounts } from "./account";
import {
  sessionsFromTrustedNetworks,
  sessionsLogged,
  sessionsNeedMfa,
  singleBastion,
  sshTrustedNetworks,
} from "./bastion";
import {
  detailedMonitoring,
  hopLimit,
  imdsv2,
  instanceProfile,
  noPublicIp,
  noUserDataSecrets,
  patchedByTemplate,
  perUserKeys,
  selinux,
  volumesEncrypted,
} from "./compute";
import {
  apiInternal,
  controlPlaneLogGroup,
  controlPlaneLogs,
  deletionProtection,
  privateEndpoint,
  publicCidrs,
  secretsEncrypted,
  standardSupport,
  supportedVersion,
} from "./eks";
import { accessApiMode, noClusterAdminEntry, noCreatorAdmin } from "./eks-access";
import {
  narrowTrust,
  noAdminManaged,
  nodeRoleMinimal,
  noStarStar,
  noUsersOrKeys,
  oidcAudience,
} from "./iam";
import { deletionWindow, noWildcardPrincipal, rotation } from "./kms";
import { logGroupEncrypted } from "./logs";
import { naclNoOpenAdmin } from "./network-acls";
import { endpointPolicy, vpcEndpoints } from "./network-endpoints";
import {
  natInPublicSubnet,
  natPerZone,
  nodesPrivateSubnets,
  privateDefaultRouteNat,
} from "./network-routes";
import {
  defaultSecurityGroupLocked,
  defaultsLocked,
  eipOnlyNat,
  flowLogs,
  internetGatewaySingle,
  noDefaultVpc,
  privateSubnetNoPublicIp,
  subnetRoleTags,
  subnetsMultiZone,
} from "./network-vpc";
import type { Rule } from "./rule";
import {
  described,
  noAllPorts,
  noMixedRules,
  noWorldIngress,
  referenceOverCidr,
  restrictEgress,
} from "./security-groups";

/** Every rule of the pack, by group. */
export const rules: readonly Rule[] = [
  allowedAccounts,

  privateSubnetNoPublicIp,
  privateDefaultRouteNat,
  natPerZone,
  natInPublicSubnet,
  nodesPrivateSubnets,
  noWorldIngress,
  noAllPorts,
  restrictEgress,
  described,
  noMixedRules,
  referenceOverCidr,
  defaultSecurityGroupLocked,
  defaultsLocked,
  noDefaultVpc,
  flowLogs,
  naclNoOpenAdmin,
  subnetsMultiZone,
  subnetRoleTags,
  vpcEndpoints,
  endpointPolicy,
  eipOnlyNat,
  internetGatewaySingle,

  noPublicIp,
  imdsv2,
  hopLimit,
  volumesEncrypted,
  noUserDataSecrets,
  instanceProfile,
  detailedMonitoring,
  selinux,
  patchedByTemplate,
  perUserKeys,

  singleBastion,
  sshTrustedNetworks,
  sessionsLogged,
  sessionsNeedMfa,
  sessionsFromTrustedNetworks,

  privateEndpoint,
  publicCidrs,
  secretsEncrypted,
  controlPlaneLogs,
  supportedVersion,
  accessApiMode,
  noCreatorAdmin,
  noClusterAdminEntry,
  apiInternal,
  deletionProtection,
  standardSupport,
  controlPlaneLogGroup,
  logGroupEncrypted,

  rotation,
  noWildcardPrincipal,
  deletionWindow,

  nodeRoleMinimal,
  narrowTrust,
  noStarStar,
  noAdminManaged,
  noUsersOrKeys,
  oidcAudience,
];
