import { listenerRuleTypes, listenerTypes } from "../listeners";
import type { Finding, Stack } from "../model";
import { ruleTypes } from "../security-group-rules";
import { token } from "../tokens";

/** What the search for ways and doors reads, and which is neither. */
const readTypes: readonly string[] = [
  ...ruleTypes,
  ...listenerTypes,
  ...listenerRuleTypes,
  token.apiStage,
  token.apiStageV2,
  token.acceleratorListener,
  token.clientVpnAssociation,
  token.defaultRouteTable,
  token.defaultSubnet,
  token.eip,
  token.eipAssociation,
  token.internetGateway,
  token.internetGatewayAttachment,
  token.launchConfiguration,
  token.launchTemplate,
  token.mainRouteTableAssociation,
  token.managedPrefixList,
  token.managedPrefixListEntry,
  token.natGateway,
  token.natGatewayEipAssociation,
  token.networkInterfaceGroup,
  token.route,
  token.routeTable,
  token.routeTableAssociation,
  token.subnet,
  token.vpc,
];

/**
 * Types that give nothing an address on the internet, by service. Some are answered for by the APIs of AWS, which ask
 * IAM; some, such as buckets, have rules of their own that keep them private. A type belongs here once somebody has
 * looked at it: of every other one it is undecided what it opens.
 */
const closed: Readonly<Record<string, string>> = {
  accessanalyzer: "Analyzer ArchiveRule",
  acm: "Certificate CertificateValidation",
  acmpca: "Certificate CertificateAuthority CertificateAuthorityCertificate Permission Policy",
  alb: "ListenerCertificate TargetGroup TargetGroupAttachment",
  apigateway:
    "Account ApiKey Authorizer BasePathMapping ClientCertificate Deployment Integration IntegrationResponse Method MethodResponse MethodSettings Model RequestValidator Resource Response RestApiPolicy UsagePlan UsagePlanKey VpcLink",
  apigatewayv2:
    "ApiMapping Authorizer Deployment Integration IntegrationResponse Model Route RouteResponse VpcLink",
  appautoscaling: "Policy ScheduledAction Target",
  athena: "Database NamedQuery Workgroup",
  autoscaling: "Attachment LifecycleHook Notification Policy Schedule Tag TrafficSourceAttachment",
  backup: "Plan Selection Vault VaultLockConfiguration VaultNotifications VaultPolicy",
  budgets: "Budget BudgetAction",
  cfg: "ConfigurationAggregator ConformancePack DeliveryChannel Recorder RecorderStatus Rule",
  cloudfront:
    "CachePolicy Function KeyGroup MonitoringSubscription OriginAccessControl OriginAccessIdentity OriginRequestPolicy PublicKey RealtimeLogConfig ResponseHeadersPolicy VpcOrigin",
  cloudtrail: "EventDataStore Trail",
  cloudwatch:
    "CompositeAlarm Dashboard EventArchive EventBus EventBusPolicy EventPermission EventRule LogDataProtectionPolicy LogDestination LogDestinationPolicy LogGroup LogMetricFilter LogResourcePolicy LogStream LogSubscriptionFilter MetricAlarm MetricStream QueryDefinition",
  docdb: "Cluster ClusterParameterGroup ClusterSnapshot EventSubscription SubnetGroup",
  dynamodb: "GlobalTable ResourcePolicy Table TableItem TableReplica Tag",
  ebs: "DefaultKmsKey EncryptionByDefault Snapshot SnapshotBlockPublicAccess SnapshotCopy Volume",
  ec2: [
    "Ami AmiCopy AmiFromInstance CapacityReservation CustomerGateway DedicatedHost",
    "DefaultNetworkAcl DefaultVpc DefaultVpcDhcpOptions EgressOnlyInternetGateway FlowLog",
    "ImageBlockPublicAccess InstanceMetadataDefaults KeyPair NetworkAcl NetworkAclAssociation",
    "NetworkAclRule NetworkInterfaceAttachment PeeringConnectionOptions PlacementGroup",
    "SecurityGroupAssociation SubnetCidrReservation Tag VolumeAttachment",
    "VpcBlockPublicAccessOptions VpcDhcpOptions VpcDhcpOptionsAssociation VpcEndpoint",
    "VpcEndpointConnectionAccepter VpcEndpointConnectionNotification VpcEndpointPolicy",
    "VpcEndpointRouteTableAssociation VpcEndpointService VpcEndpointServiceAllowedPrinciple",
    "VpcEndpointSubnetAssociation VpcIpam VpcIpamPool VpcIpamPoolCidr VpcIpamPoolCidrAllocation",
    "VpcIpamScope VpcIpv4CidrBlockAssociation VpcIpv6CidrBlockAssociation VpcPeeringConnection",
    "VpcPeeringConnectionAccepter VpnGateway VpnGatewayAttachment VpnGatewayRoutePropagation",
  ].join(" "),
  ec2clientvpn: "AuthorizationRule Route",
  ec2transitgateway:
    "PeeringAttachment PeeringAttachmentAccepter PrefixListReference Route RouteTable RouteTableAssociation RouteTablePropagation TransitGateway VpcAttachment VpcAttachmentAccepter",
  ecr: "LifecyclePolicy PullThroughCacheRule RegistryPolicy RegistryScanningConfiguration ReplicationConfiguration Repository RepositoryCreationTemplate RepositoryPolicy",
  ecs: "AccountSettingDefault Cluster ClusterCapacityProviders Tag TaskDefinition",
  // Mount targets and nodes of caches have private addresses only: docs.aws.amazon.com/AmazonElastiCache/latest/dg/VPCs.html
  efs: "AccessPoint BackupPolicy FileSystem FileSystemPolicy MountTarget ReplicationConfiguration",
  eks: "AccessEntry AccessPolicyAssociation Addon FargateProfile IdentityProviderConfig PodIdentityAssociation",
  elasticache: "Cluster ParameterGroup ReplicationGroup ServerlessCache SubnetGroup User UserGroup",
  elasticsearch: "DomainPolicy DomainSamlOptions VpcEndpoint",
  elb: "Attachment ListenerPolicy LoadBalancerBackendServerPolicy LoadBalancerCookieStickinessPolicy LoadBalancerPolicy SslNegotiationPolicy",
  globalaccelerator: "EndpointGroup",
  glue: "CatalogDatabase CatalogTable Crawler Job SecurityConfiguration",
  guardduty:
    "Detector DetectorFeature Filter IPSet MalwareProtectionPlan Member OrganizationAdminAccount OrganizationConfiguration PublishingDestination ThreatIntelSet",
  iam: [
    "AccessKey AccountAlias AccountPasswordPolicy Group GroupMembership GroupPoliciesExclusive",
    "GroupPolicy GroupPolicyAttachment GroupPolicyAttachmentsExclusive InstanceProfile OpenIdConnectProvider Policy PolicyAttachment Role",
    "RolePoliciesExclusive RolePolicy RolePolicyAttachment RolePolicyAttachmentsExclusive",
    "SamlProvider ServerCertificate ServiceLinkedRole User UserGroupMembership UserLoginProfile",
    "UserPoliciesExclusive UserPolicy UserPolicyAttachment UserPolicyAttachmentsExclusive",
  ].join(" "),
  inspector2: "Enabler Filter OrganizationConfiguration",
  kinesis: "FirehoseDeliveryStream ResourcePolicy Stream StreamConsumer",
  kms: "Alias Ciphertext CustomKeyStore ExternalKey Grant Key KeyPolicy ReplicaExternalKey ReplicaKey",
  lambda:
    "Alias CodeSigningConfig EventSourceMapping Function FunctionEventInvokeConfig Invocation LayerVersion LayerVersionPermission Permission ProvisionedConcurrencyConfig RuntimeManagementConfig",
  lb: "ListenerCertificate TargetGroup TargetGroupAttachment TrustStore TrustStoreRevocation",
  memorydb: "Acl Cluster ParameterGroup Snapshot SubnetGroup User",
  msk: "Configuration ScramSecretAssociation SingleScramSecretAssociation",
  neptune:
    "Cluster ClusterParameterGroup ClusterSnapshot EventSubscription ParameterGroup SubnetGroup",
  networkfirewall: "Firewall FirewallPolicy LoggingConfiguration RuleGroup",
  opensearch:
    "DomainPolicy DomainSamlOptions Package PackageAssociation ServerlessAccessPolicy ServerlessLifecyclePolicy ServerlessVpcEndpoint VpcEndpoint",
  organizations: "Account OrganizationalUnit Policy PolicyAttachment",
  ram: "PrincipalAssociation ResourceAssociation ResourceShare ResourceShareAccepter",
  // A proxy cannot be public: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.html
  rds: "ClusterParameterGroup ClusterRoleAssociation ClusterSnapshot EventSubscription GlobalCluster OptionGroup ParameterGroup Proxy ProxyDefaultTargetGroup ProxyEndpoint ProxyTarget RoleAssociation Snapshot SubnetGroup",
  redshift: "ClusterIamRoles Logging ParameterGroup SubnetGroup",
  redshiftserverless: "Namespace",
  resourcegroups: "Group Resource",
  route53:
    "DelegationSet HealthCheck HostedZoneDnsSec KeySigningKey QueryLog Record ResolverConfig ResolverDnsSecConfig ResolverEndpoint ResolverFirewallConfig ResolverFirewallDomainList ResolverFirewallRule ResolverFirewallRuleGroup ResolverFirewallRuleGroupAssociation ResolverQueryLogConfig ResolverQueryLogConfigAssociation ResolverRule ResolverRuleAssociation VpcAssociationAuthorization Zone ZoneAssociation",
  s3: [
    "AccountPublicAccessBlock BucketAcl BucketAclV2 BucketCorsConfiguration",
    "BucketIntelligentTieringConfiguration BucketLifecycleConfiguration",
    "BucketLifecycleConfigurationV2 BucketLogging BucketLoggingV2 BucketMetric BucketNotification",
    "BucketObject BucketObjectLockConfiguration BucketObjectLockConfigurationV2 BucketObjectv2",
    "BucketOwnershipControls BucketPolicy BucketPublicAccessBlock BucketReplicationConfig",
    "BucketServerSideEncryptionConfiguration BucketServerSideEncryptionConfigurationV2",
    "BucketVersioning BucketVersioningV2 Inventory ObjectCopy",
  ].join(" "),
  secretsmanager: "Secret SecretPolicy SecretRotation SecretVersion",
  securityhub:
    "Account ActionTarget FindingAggregator Insight Member OrganizationConfiguration ProductSubscription StandardsControl StandardsSubscription",
  servicediscovery: "HttpNamespace PrivateDnsNamespace Service",
  sfn: "Activity Alias StateMachine",
  sns: "Topic TopicPolicy TopicSubscription",
  sqs: "Queue QueuePolicy RedriveAllowPolicy RedrivePolicy",
  ssm: "Association DefaultPatchBaseline Document MaintenanceWindow MaintenanceWindowTarget MaintenanceWindowTask Parameter PatchBaseline PatchGroup ResourceDataSync ServiceSetting",
  ssoadmin: [
    "AccountAssignment CustomerManagedPolicyAttachment CustomerManagedPolicyAttachmentsExclusive",
    "ManagedPolicyAttachment ManagedPolicyAttachmentsExclusive PermissionSet",
    "PermissionSetInlinePolicy PermissionsBoundaryAttachment",
  ].join(" "),
  vpc: "SecurityGroupVpcAssociation",
  wafv2:
    "IpSet RegexPatternSet RuleGroup WebAcl WebAclAssociation WebAclLoggingConfiguration WebAclRuleGroupAssociation",
  xray: "EncryptionConfig Group SamplingRule",
};

export const privateTypes: readonly string[] = Object.entries(closed).flatMap(([service, names]) =>
  names.split(" ").map((name) => {
    const file = name.charAt(0).toLowerCase() + name.slice(1);
    return `aws:${service}/${file}:${name}`;
  }),
);

const noDoors = new Set([...readTypes, ...privateTypes]);
const ofAws = /^aws(-native)?:/;

/** What a stack has of AWS that may be a door for all that the pack knows; `doors` are the types that it looks at. */
export function unknownTypes(stack: Stack, doors: ReadonlySet<string>): Finding[] {
  return stack.resources
    .filter(({ type }) => ofAws.test(type) && !noDoors.has(type) && !doors.has(type))
    .map((resource) =>
      resource.undecided(
        `whether the internet reaches ${resource.name} is unknown: the pack does not know what ${resource.type} opens`,
      ),
    );
}
