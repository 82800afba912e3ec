/** What no rule has to notice: which mutants, and why. */
interface Harmless {
  /** Names of resource classes; none stands for all of them. */
  types: readonly string[];
  /** @default - resources of every name */
  name?: RegExp;
  path: RegExp;
  /** @default - every change */
  how?: RegExp;
  reason: string;
}

/** Reviewed by hand. A row that no mutant needs any more fails, as does a mutant without a row. */
export const notHardening: readonly Harmless[] = [
  { types: [], path: /^./, how: /^grant less$/, reason: "a policy that allows less opens nothing" },
  {
    types: ["Role"],
    path: /^assumeRolePolicy\.Statement\[FunctionsOfThisAccount\]\.Condition$/,
    how: /^drop$/,
    reason:
      "Lambda takes on roles of a function's own account only; the condition says so once more",
  },
  {
    types: ["Invocation"],
    path: /^triggers(\.|$)/,
    reason:
      "tells readers what the function sets, which is in its code: what has another time there is another call",
  },
  {
    types: [],
    path: /(^tags$|\btags\.|^tagSpecifications|\.tags$)/,
    reason: "tags say what a thing is; where a tag decides, a rule reads it",
  },
  {
    types: [],
    path: /(^|\.)(name|description|alarmDescription|policyName|id)$/,
    reason: "a name by which people find it",
  },
  {
    types: [
      "AccessEntry",
      "AccessPolicyAssociation",
      "OpenIdConnectProvider",
      "Policy",
      "RolePolicy",
      "RolePolicyAttachment",
      "Alias",
      "SecurityGroupEgressRule",
      "SecurityGroupIngressRule",
    ],
    path: /^$/,
    how: /^drop resource$/,
    reason: "what is not there lets nobody in",
  },
  {
    types: [
      "Addon",
      "Domain",
      "Function",
      "Group",
      "Invocation",
      "NodeGroup",
      "Listener",
      "LogStream",
      "Record",
      "Parameter",
      "Eip",
      "PullThroughCacheRule",
      "Route",
      "LifecyclePolicy",
      "TargetGroupAttachment",
      "VolumeAttachment",
    ],
    path: /^$/,
    how: /^drop resource$/,
    reason: "a part of the platform that is missed at once, and opens nothing by its absence",
  },
  {
    types: ["NetworkAcl", "RouteTableAssociation"],
    path: /^$/,
    how: /^drop resource$/,
    reason:
      "its subnets fall back to the VPC's default list and main table, which net-default-nacl-and-route-table-locked keeps closed",
  },
  {
    types: ["LogResourcePolicy"],
    path: /^$/,
    how: /^drop resource$/,
    reason: "AWS refuses a log destination that the service may not write to",
  },
  {
    types: ["BucketOwnershipControls"],
    path: /^$/,
    how: /^drop resource$/,
    reason:
      "new buckets have no access lists: docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
  },
  {
    types: ["Trail"],
    path: /^$/,
    how: /^drop resource$/,
    reason:
      "whether the stack owns the trail of its account is decided by drawbridge:audit; a stack without one is judged as one",
  },
  {
    types: ["VpcEndpoint"],
    path: /^$/,
    how: /^drop resource$/,
    reason:
      "nodes learn of their cluster from their user data and call eks only without it: docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
  },
  {
    types: ["BucketPolicy", "Topic", "LogResourcePolicy", "Role", "Key"],
    path: /Condition\.\w+\.(aws:Source(Arn|Account)|kms:EncryptionContext:aws:cloudtrail:arn|s3:x-amz-acl)$/,
    how: /^(drop|any value)$/,
    reason: "of two conditions that limit the service to this account one is left, which is enough",
  },
  {
    types: ["BucketPolicy", "Topic", "LogResourcePolicy", "Domain"],
    path: /\.Principal$/,
    how: /^anybody$/,
    reason: "a condition that only a service or a role of the account meets is left",
  },
  {
    types: ["BucketPolicy", "Topic", "Domain"],
    path: /\.Resource\[\d+\]$/,
    how: /^every /,
    reason: "the policy of a resource is about that resource alone, whatever it says",
  },
  {
    types: ["Key"],
    path: /Statement\[AccountAdministersByIam\]\.Action/,
    how: /^every action$/,
    reason: "every action of a key is kms:*",
  },
  {
    types: ["Key"],
    path: /\.Action\[\d+\]$/,
    how: /^verb \w+$/,
    reason:
      "of a key's policy the verbs of encryption stand for what they name; kms-actions-named refuses all",
  },
  {
    types: ["Key"],
    path: /^policy$/,
    how: /^drop$/,
    reason: "AWS' own policy lets the account decide by IAM, and no service in",
  },
  {
    types: ["RolePolicy"],
    path: /\.Action\[\d+\]$/,
    how: /^verb (List|Describe)$/,
    reason: "it only lists or describes",
  },
  {
    types: ["RolePolicy", "Policy"],
    path: /Statement\[(DecryptSessions|EncryptFailedRecords|EncryptSessions|EncryptSnapshots|FindTheKey|LetEcrEncrypt|OpenAndCloseSecrets|Seal)\]\.Resource/,
    how: /^every resource$/,
    reason: "a condition on the alias of the key says which one",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[DecryptKeysOfCodes\]\.Resource/,
    how: /^every resource$/,
    reason:
      "its conditions let it decrypt nothing but secrets of the account and the region, of which it reads those of its people",
  },
  {
    types: ["RolePolicy"],
    path: /kms:ViaService$/,
    how: /^drop$/,
    reason: "the alias still says which key, and the role has no other way to its data",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[FindTheKey\]\.Condition/,
    how: /^drop$/,
    reason: "to describe a key or to retire a grant reads nothing",
  },
  {
    types: ["Policy"],
    path: /Statement\[EncryptSessions\]\.Condition/,
    how: /^(drop|flip|world)$/,
    reason:
      "the statement makes data keys for a session that other statements let start; it decrypts nothing",
  },
  {
    types: ["Policy"],
    path: /Statement\[ReadHostKeys\]\.Condition/,
    how: /^(drop|flip|world)$/,
    reason: "host keys are public",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[(EnterTheNetwork|UseAndLeaveTheNetwork)\]\.Resource/,
    how: /^every resource$/,
    reason:
      "AWS' own policies for functions and streams in a VPC say no more: docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[(FindTheLogGroup|FindTheStore|FindTheApi)\]\.Resource/,
    how: /^every /,
    reason: "it only lists or describes",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[ReadTheNetwork\]\.Resource/,
    how: /^every resource$/,
    reason: "it only describes",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[(FindTheAddress|FindTheNetwork)\]\.Condition/,
    how: /^drop$/,
    reason: "it only describes, which takes no resource: the condition says in which region",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[OwnControlChannel\]\.Condition/,
    how: /^(drop|any value)$/,
    reason:
      "an instance opens the channel of the node that it is by its own credentials, whatever the condition adds",
  },
  {
    types: ["VpcEndpoint"],
    path: /Statement\[(OwnPrincipals|OwnPrincipalsInOwnBuckets)\]\.Resource/,
    how: /^every resource$/,
    reason:
      "only principals of the account pass; where calls carry data, a condition or a rule keeps it in the account, too",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[ReportItself\]\.Resource/,
    how: /^every resource$/,
    reason:
      "an instance reports of itself: docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[TakeTheAddress\]\.Resource/,
    how: /^every resource$/,
    reason: "a tag says which address and which instance",
  },
  {
    types: ["RolePolicy"],
    path: /Statement\[PutEventsBack\]\.Condition/,
    how: /^(drop|any value)$/,
    reason: "the stream is named, and the role is of one function",
  },
  { types: ["AccessEntry"], path: /^type$/, how: /^drop$/, reason: "the default is the same" },
  {
    types: ["AccessPolicyAssociation"],
    path: /^accessScope\./,
    how: /^drop$/,
    reason: "EKS refuses a scope without a type, and the type namespace without namespaces",
  },
  {
    types: ["Addon"],
    path: /^configurationValues/,
    reason:
      "the CNI's own policy engine is off because Calico's is meant to be the only one; annotations are for people",
  },
  {
    types: ["Addon"],
    path: /^resolveConflictsOn|podIdentityAssociations\[0\]\.serviceAccount/,
    how: /^drop$/,
    reason: "it decides how an add-on is updated, or EKS refuses the association without it",
  },
  {
    types: ["Cluster"],
    path: /^(bootstrapSelfManagedAddons|kubernetesNetworkConfig|zonalShiftConfig)/,
    reason:
      "it decides which add-ons EKS makes, which addresses services have and where traffic goes when a zone fails",
  },
  {
    types: ["Cluster"],
    path: /^vpcConfig\.(securityGroupIds|subnetIds)/,
    how: /^drop$/,
    reason: "without its own group or a subnet the API is reached by fewer",
  },
  {
    types: ["NodeGroup"],
    path: /^(capacityType|instanceTypes|labels|nodeRepairConfig|scalingConfig|taints|updateConfig)/,
    reason: "it decides how many nodes there are, of which kind and what runs where",
  },
  {
    types: [
      "NodeGroup",
      "Group",
      "LoadBalancer",
      "Domain",
      "VpcEndpoint",
      "NetworkAcl",
      "FirehoseDeliveryStream",
    ],
    path: /[sS]ubnetIds|^vpcZoneIdentifiers|^subnets/,
    reason: "fewer subnets serve fewer zones, and AWS refuses none",
  },
  {
    types: ["Bucket"],
    path: /^(bucket|forceDestroy|objectLockEnabled)$/,
    how: /^drop$/,
    reason: "the default is the same, or Pulumi finds a name",
  },
  {
    types: ["Bucket"],
    path: /^objectLockEnabled$/,
    how: /^flip$/,
    reason: "a lock that the bucket was not made with is set by its configuration",
  },
  {
    types: ["Bucket", "Repository", "Vpc"],
    path: /^protect$/,
    how: /^flip$/,
    reason:
      "AWS deletes neither a bucket with objects in it, nor a repository with images, nor a network with anything inside",
  },
  {
    types: ["LoadBalancer"],
    path: /^protect$/,
    how: /^flip$/,
    reason: "AWS refuses to delete it: exp-alb-deletion-protection",
  },
  {
    types: ["BucketLifecycleConfiguration"],
    path: /^rules\[(expire|forget-delete-markers)\]/,
    reason:
      "objects are kept for longer, or are no records; those of trails and access logs are noticed",
  },
  {
    types: ["BucketLifecycleConfiguration"],
    path: /^rules\[forget-old-versions\]/,
    how: /^(drop|raise)$/,
    reason: "old versions are kept for longer, or the rule is for every prefix",
  },
  {
    types: ["BucketLifecycleConfiguration"],
    path: /\.filter(\.prefix)?$/,
    how: /^drop$/,
    reason: "a rule without a prefix is for all objects",
  },
  {
    types: ["BucketObjectLockConfiguration"],
    path: /days$/,
    how: /^raise$/,
    reason: "it holds for longer",
  },
  {
    types: ["BucketServerSideEncryptionConfiguration"],
    path: /blockedEncryptionTypes/,
    how: /^drop$/,
    reason:
      "new buckets refuse keys of the caller: docs.aws.amazon.com/AmazonS3/latest/userguide/default-s3-c-encryption-setting-faq.html",
  },
  {
    types: ["LogGroup"],
    path: /^retentionInDays$/,
    how: /^raise$/,
    reason: "records are kept for longer",
  },
  {
    types: ["FlowLog"],
    path: /^(iamRoleArn|logDestinationType|maxAggregationInterval)$/,
    reason: "AWS refuses it, takes the same by default, or sums up more often or less often",
  },
  {
    types: ["LogMetricFilter"],
    path: /^metricTransformation\.(defaultValue|value)$/,
    reason: "a count of more raises the alarm all the same",
  },
  {
    types: ["LogMetricFilter", "MetricAlarm"],
    name: /^vault-/,
    path: /^($|comparisonOperator$|dimensions|evaluationPeriods$|metricName$|namespace$|period$|statistic$|threshold$|treatMissingData$)/,
    how: /^(drop|drop resource|raise|zero|weaken)$/,
    reason:
      "it tells that Vault does not work, which opens nothing; alarms.test.ts holds each against its numbers",
  },
  {
    types: ["RolePolicy"],
    name: /^vault-\d$/,
    path: /^policy\.Statement\[KnowRoles\]\.Resource/,
    how: /^every one of a kind$/,
    reason: "what describes roles gives no right of theirs",
  },
  {
    types: ["Secret"],
    path: /^policy\.Statement\[ChangedByNobodyElse\]\.Action\[[02-6]\]$/,
    how: /^drop$/,
    reason:
      "copies in other regions have the policy as well, what rotates a secret needs the right to put a value into it, and a secret that is restored is the same",
  },
  {
    types: ["Policy"],
    path: /^policy\.Statement\[OwnChannelsOnly\]\.Resource/,
    how: /^every (resource|one of a kind)$/,
    reason:
      "AWS' list has no resource for it, and a channel opens by the token of StartSession alone: docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html",
  },
  {
    types: ["Policy"],
    path: /^policy\.Statement\[OwnSessionsOnly\]\.Resource/,
    how: /^every resource$/,
    reason: "the tag of a session says whose it is",
  },
  {
    types: ["MetricAlarm"],
    path: /^treatMissingData$/,
    how: /^drop$/,
    reason: "what is missing changes no state that an event has set",
  },
  {
    types: ["LogResourcePolicy", "LogSubscriptionFilter", "WebAclLoggingConfiguration"],
    path: /^(resourceArn|roleArn|logDestinationConfigs\[0\])$/,
    how: /^drop$/,
    reason: "AWS refuses it, or the policy is for the account and names its log groups",
  },
  {
    types: ["Topic"],
    path: /^signatureVersion$/,
    reason: "subscriptions by mail check no signature",
  },
  {
    types: ["Trail"],
    path: /resources\.ARN/,
    how: /^drop$/,
    reason: "without it more objects are recorded",
  },
  {
    types: ["Trail"],
    path: /^(enableLogging|includeGlobalServiceEvents)$/,
    how: /^drop$/,
    reason: "the default is the same",
  },
  {
    types: ["Detector"],
    path: /^(enable|findingPublishingFrequency)$/,
    how: /^drop$/,
    reason: "the default is the same, or findings are told of later",
  },
  {
    types: ["DetectorFeature"],
    path: /^additionalConfigurations/,
    how: /^(drop|empty)$/,
    reason: "the stack installs GuardDuty's agent by itself, which mon-guardduty asks for",
  },
  {
    types: ["EventRule", "EventTarget"],
    path: /^(eventPattern\.detail-type|targetId)$/,
    how: /^drop$/,
    reason: "more than findings are taken, or the provider makes up the id",
  },
  {
    types: ["LogSubscriptionFilter"],
    name: /^log-delivery-findings$/,
    path: /^$/,
    how: /^drop resource$/,
    reason: "findings raise their alarm from the log group, where they can be read",
  },
  {
    types: ["EncryptionByDefault"],
    path: /^enabled$/,
    how: /^drop$/,
    reason: "the default is the same",
  },
  {
    types: ["InstanceMetadataDefaults"],
    path: /^(httpEndpoint|instanceMetadataTags)$/,
    reason: "no metadata is less than some, and tags are off by default",
  },
  {
    types: ["FirehoseDeliveryStream"],
    path: /^opensearchConfiguration(\.(buffering|retryDuration|domainArn|indexName|indexRotationPeriod|processingConfiguration|roleArn|s3BackupMode|s3Configuration\.(bucketArn|roleArn|compressionFormat|errorOutputPrefix)|vpcConfig\.(roleArn|securityGroupIds)|(s3Configuration\.)?cloudwatchLoggingOptions\.log(Group|Stream)Name)|$)/,
    reason:
      "Firehose refuses a stream without it, or delivers earlier, later, in other pieces or to nobody",
  },
  {
    types: ["Function"],
    path: /^(architectures|code|handler|loggingConfig.logFormat|memorySize|runtime|timeout)/,
    reason: "it decides how the function runs; without its code, Lambda refuses it",
  },
  {
    types: ["Function"],
    path: /^vpcConfig/,
    reason: "the way by which the log store's set-up reaches it; without it `up` fails",
  },
  {
    types: ["Invocation"],
    path: /^(functionName|input|lifecycleScope)/,
    reason:
      "when the log store is set up; with what is in the function's code, which the component's test holds",
  },
  {
    types: ["Domain"],
    path: /^(clusterConfig|domainName|ebsOptions|engineVersion|offPeakWindowOptions)/,
    reason: "it decides how large the store is, how it is named and when it is updated",
  },
  {
    types: ["Domain"],
    path: /^(advancedSecurityOptions\.internalUserDatabaseEnabled|logPublishingOptions\[\w+\]\.(cloudwatchLogGroupArn|enabled))$/,
    how: /^drop$/,
    reason: "the default is the same, or the provider refuses an option without its group",
  },
  {
    types: ["Domain"],
    path: /^accessPolicies$/,
    how: /^drop$/,
    reason:
      "fine-grained access control, which es-access-by-roles asks for, lets nobody in without a role",
  },
  {
    types: ["Repository"],
    path: /^imageScanningConfiguration/,
    reason: "the setting of the account scans it, which ecr-cache-scanned asks for",
  },
  {
    types: ["RegistryScanningConfiguration"],
    path: /^(scanType|rules\[\w+\]\.repositoryFilters\[\w+\]\.filterType)$/,
    reason: "it decides who scans; ECR knows one type of filter",
  },
  {
    types: ["LifecyclePolicy", "RepositoryCreationTemplate"],
    path: /^(policy|lifecyclePolicy|customRoleArn)/,
    reason:
      "it decides how many images are kept, and who encrypts for ECR, which refuses to do so without",
  },
  {
    types: ["Repository"],
    path: /^forceDelete$/,
    how: /^drop$/,
    reason: "the default is the same",
  },
  {
    types: ["Group"],
    path: /^(desiredCapacity|healthCheckType|instanceRefresh|launchTemplate)/,
    reason: "it decides how the bastion is replaced; without a template AWS refuses the group",
  },
  {
    types: ["InstanceProfile"],
    path: /^role$/,
    how: /^drop$/,
    reason: "an instance without a role has no rights",
  },
  {
    types: ["LaunchTemplate"],
    path: /\.ebs\.(deleteOnTermination|volumeSize|volumeType)$/,
    reason: "volumes that stay are encrypted, and cost",
  },
  {
    types: ["LaunchTemplate"],
    path: /^(imageId|instanceType|updateDefaultVersion|networkInterfaces\[0\]\.(deviceIndex|deleteOnTermination|associatePublicIpAddress))$/,
    reason:
      "AWS refuses an instance without it, takes what the subnet says, or groups name the version themselves",
  },
  {
    types: ["LaunchTemplate"],
    path: /^metadataOptions\.(httpEndpoint|httpProtocolIpv6)$/,
    reason: "no metadata is less than some; both have the same default",
  },
  {
    types: ["LaunchTemplate"],
    path: /^userData\[(send-metrics|\[settings\.metrics\])/,
    reason:
      "figures of the makers of Bottlerocket about updates hold no data of the account: github.com/bottlerocket-os/bottlerocket",
  },
  {
    types: ["LaunchTemplate"],
    path: /^userData\[(?![A-Z][A-Za-z]+ |send-metrics|\[)/,
    reason:
      "a line of a script: what it does is tested where it runs (npm run verify:ssh), a rule reads what it sets",
  },
  {
    types: ["LaunchTemplate"],
    path: /^userData\[(\[(Unit|Service|Timer|Install|hashicorp)\]|\["aws", )/,
    how: /^drop$/,
    reason:
      "without its heading systemd or dnf refuses a file, and Python a script without the line that calls AWS",
  },
  {
    types: ["LaunchTemplate"],
    path: /^userData\[(HostKey|HostKeyAlgorithms|PubkeyAcceptedAlgorithms|SyslogFacility|AuthorizedKeysFile|Subsystem|Include) /,
    how: /^drop$/,
    reason:
      "OpenSSH offers the keys that it has, accepts no SHA-1, and lets nobody in without a file of keys: man.openbsd.org/sshd_config",
  },
  {
    types: ["LaunchTemplate"],
    path: /^userData\[(AllowTcpForwarding|GatewayPorts|PermitListen|PermitUserEnvironment|PermitUserRC|PermitTTY|Compression|UsePAM|HostbasedAuthentication|KbdInteractiveAuthentication|ClientAlive\w+|LoginGraceTime|MaxAuthTries) /,
    how: /^(drop|flip)$/,
    reason:
      "it says again what AuthenticationMethods publickey, AllowTcpForwarding local, a shell of nologin or the default say: man.openbsd.org/sshd_config",
  },
  {
    types: ["Document"],
    path: /^content\.inputs\.(idleSessionTimeout|maxSessionDuration)$/,
    reason:
      "Session Manager ends tunnels by the preferences of the account, and ignores these in a document of type Port",
  },
  {
    types: ["Document"],
    path: /^content\.inputs\.(runAsDefaultUser|runAsEnabled|s3BucketName|s3EncryptionEnabled|s3KeyPrefix)$/,
    reason: "the default is the same; no session is written to a bucket",
  },
  {
    types: ["Document"],
    path: /^content\.(parameters\.(localPortNumber|portNumber\.default|portNumber\.type|host\.type)|properties|schemaVersion|sessionType)/,
    reason:
      "Systems Manager refuses the document, or the tunnel starts at another port of the caller",
  },
  {
    types: ["Document"],
    path: /^documentFormat$/,
    how: /^drop$/,
    reason: "the default is the same",
  },
  {
    types: ["DefaultNetworkAcl", "DefaultSecurityGroup", "DefaultRouteTable"],
    path: /^(egress|ingress|routes)$/,
    how: /^drop$/,
    reason: "the provider takes all rules away when it is given none",
  },
  {
    types: ["NetworkAcl"],
    path: /^(egress|ingress)/,
    how: /^(drop|empty)$/,
    reason: "a list with less in it lets less through; AWS refuses an entry that is not whole",
  },
  {
    types: ["NetworkAcl"],
    path: /^(egress|ingress)\[\d+\]\.(toPort|fromPort|protocol)$/,
    how: /^(raise|zero|weaken)$/,
    reason:
      "security groups, which name ports one by one, decide inside of trusted networks and for replies",
  },
  {
    types: [
      "Route",
      "RouteTableAssociation",
      "Subnet",
      "Vpc",
      "InternetGateway",
      "SecurityGroup",
      "Eip",
      "NatGateway",
    ],
    path: /^(destinationCidrBlock|subnetId|availabilityZone|cidrBlock|mapPublicIpOnLaunch|enableDnsSupport|vpcId|domain|connectivityType)$/,
    how: /^(drop|world)$/,
    reason: "AWS refuses it, or takes the same by default",
  },
  {
    types: ["SecurityGroupEgressRule", "SecurityGroupIngressRule"],
    path: /^(cidrIpv4|prefixListId|referencedSecurityGroupId)$/,
    how: /^drop$/,
    reason: "AWS refuses a rule for nobody",
  },
  {
    types: ["SecurityGroupIngressRule"],
    path: /^cidrIpv4$/,
    how: /^world$/,
    reason: "whether the one way in is public is decided by drawbridge:entry",
  },
  {
    types: ["VpcEndpoint"],
    path: /^(serviceName|vpcEndpointType)$/,
    how: /^drop$/,
    reason: "AWS refuses an endpoint of no service; gateways are the default",
  },
  {
    types: ["LoadBalancer"],
    path: /^((access|connection)Logs\.prefix|desyncMitigationMode|enableWafFailOpen|internal|ipAddressType|loadBalancerType|xffHeaderProcessingMode)$/,
    how: /^drop$/,
    reason: "the default is the same, or logs have no prefix",
  },
  {
    types: ["Listener"],
    path: /^(certificateArn|defaultActions|port|protocol)/,
    reason: "the load balancer refuses the listener; what is not open in its group nobody reaches",
  },
  {
    types: ["TargetGroup"],
    path: /^(deregistrationDelay|healthCheck|port|protocol|targetType|vpcId)/,
    how: /^(drop|raise|zero)$/,
    reason: "targets are not found healthy, or AWS refuses the group",
  },
  {
    types: ["Certificate", "CertificateValidation", "Record"],
    path: /^(domainName|keyAlgorithm|subjectAlternativeNames|validationRecordFqdns|aliases|records|ttl)/,
    reason: "names that have no certificate or no record are not served",
  },
  {
    types: ["WebAcl"],
    path: /^(dataProtectionConfig\.dataProtections|defaultAction|rules\[[\w-]+\]\.(overrideAction|statement\.managedRuleGroupStatement\.vendorName)|.*visibilityConfig)/,
    how: /^(drop|flip)$/,
    reason: "WAF refuses it, or shows fewer examples of requests",
  },
  {
    types: ["WebAcl"],
    path: /\.(priority|aggregateKeyType|evaluationWindowSec|limit)$/,
    reason:
      "the order changes nothing that blocks; how many requests are too many is for the owner to say",
  },
  {
    types: ["Key"],
    path: /^(deletionWindowInDays|rotationPeriodInDays)$/,
    how: /^(drop|zero)$/,
    reason: "the default is stronger or the same; KMS refuses 0",
  },
  {
    types: ["aws"],
    path: /^(__internal|region|skipCredentialsValidation|skipRegionValidation|version)$/,
    reason: "it decides how the provider starts",
  },
  {
    types: ["Endpoint"],
    path: /^(clientCidrBlock|vpcId|vpnPort)$/,
    reason:
      "AWS refuses a VPN without addresses for clients, whose network is /12 to /22, or without the VPC of its groups, and offers 443, the default, and 1194: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateClientVpnEndpoint.html",
  },
  {
    types: ["Endpoint"],
    path: /^(connectionLogOptions\.cloudwatchLogStream|dnsServers|selfServicePortal|transportProtocol)/,
    how: /^drop$/,
    reason:
      "the default is the same, AWS makes a stream of its own, or names of the VPC are not found",
  },
  {
    types: ["NetworkAssociation", "AuthorizationRule"],
    path: /^$/,
    how: /^drop resource$/,
    reason: "what is not there lets nobody in",
  },
  {
    types: ["Function"],
    path: /^environment/,
    how: /^drop$/,
    reason: "the function that a VPN asks does not start without it, and AWS lets nobody in then",
  },
  { types: ["Parameter"], path: /^insecureValue$/, how: /^drop$/, reason: "host keys are public" },
  {
    types: ["RolePolicy"],
    path: /Statement\[KnowRoles\]\.Resource/,
    how: /^every resource$/,
    reason:
      "it reads what a role is called and who may take it, which is no secret within the account",
  },
  {
    types: ["LaunchTemplate"],
    path: /^userData$/,
    how: /^drop$/,
    reason: "without it the instance is no server: nothing is installed and nothing listens",
  },
  {
    types: ["Instance"],
    path: /^launchTemplate\.version$/,
    reason:
      "it decides which of the versions a server starts from, and each of them is judged when it is made",
  },
  {
    types: ["Volume"],
    path: /^(size|type)$/,
    reason: "it decides how large and how fast the volume is; EC2 refuses one without a size",
  },
  {
    types: ["VolumeAttachment"],
    path: /^stopInstanceBeforeDetaching$/,
    reason:
      "it decides whether the server stops before its volume goes; file system and Raft have logs of what was not written yet",
  },
  {
    types: ["LoadBalancer"],
    path: /^enableCrossZoneLoadBalancing$/,
    reason: "it decides which zone's server answers",
  },
  {
    types: ["TargetGroup"],
    path: /^preserveClientIp$/,
    how: /^(drop|flip)$/,
    reason:
      "the default for instances is the same; without it flow logs name who comes to the load balancer",
  },
  {
    types: ["TargetGroupAttachment"],
    path: /^port$/,
    reason:
      "the default is the group's; at another port nobody listens, and no security group lets the load balancer there",
  },
  {
    types: ["Zone"],
    path: /^(comment|vpcs\[0\]\.vpcId)$/,
    how: /^drop$/,
    reason: "a text for people; Route 53 refuses an association without a VPC",
  },
  {
    types: ["Secret"],
    path: /^namePrefix$/,
    how: /^drop$/,
    reason:
      "the role of the servers may write to secrets of this prefix alone: without it the first one stops before it makes keys",
  },
  {
    types: ["SecretVersion"],
    path: /^(|secretString)$/,
    how: /^drop/,
    reason: "a server without its files has no settings and does not start",
  },
  {
    types: ["SecurityGroupEgressRule", "SecurityGroupIngressRule"],
    path: /^(fromPort|toPort|ipProtocol)$/,
    reason:
      "between members of one group, servers of Vault, only Vault listens; rules with another end are noticed",
  },
  {
    types: ["vault", "tls"],
    path: /^(__internal|version|maxRetries)$/,
    reason: "it decides how the provider starts and how often it asks again",
  },
  {
    types: ["vault"],
    path: /^(authLoginAws\.(awsRegion|role)|tlsServerName)$/,
    how: /^drop$/,
    reason:
      "Vault refuses a login without a role or for another region; without a name to look for TLS takes that of the address, which the certificate has or not",
  },
  {
    types: ["vault"],
    path: /^(maxLeaseTtlSeconds|skipChildToken)$/,
    reason:
      "a child token, which the provider makes unless it is told not to, has no more rights than the login's and ends with it: developer.hashicorp.com/vault/docs/concepts/tokens#token-hierarchies-and-orphan-tokens",
  },
  {
    types: ["CertRequest"],
    path: /^(dnsNames|ipAddresses|privateKeyPem|subject)/,
    how: /^(drop|empty)$/,
    reason:
      "a server with fewer names is found by fewer; the provider refuses a request without a key",
  },
  {
    types: ["LocallySignedCert", "SelfSignedCert"],
    path: /^(allowedUses|caCertPem|caPrivateKeyPem|certRequestPem|privateKeyPem|subject)/,
    how: /^(drop|empty)$/,
    reason:
      "the provider refuses it, or TLS does: uses and names of what nothing but Vault's own clients trusts",
  },
  {
    types: ["LocallySignedCert", "SelfSignedCert"],
    path: /^earlyRenewalHours$/,
    how: /^raise$/,
    reason: "the next certificate is due sooner",
  },
  {
    types: ["SelfSignedCert"],
    path: /^(isCaCertificate|setSubjectKeyId)$/,
    how: /^(drop|flip)$/,
    reason:
      "clients refuse a certificate signed by what is no authority; a key's id only helps to find it",
  },
  {
    types: [
      "AuthBackend",
      "AuthBackendConfig",
      "BackendConfigCluster",
      "SecretBackendConfigIssuers",
      "SecretBackendRole",
      "AuthBackendRole",
    ],
    path: /^$/,
    how: /^drop resource$/,
    reason:
      "who has no login and no role gets no certificate; a mount without settings has no address for its lists, and issues by its first key",
  },
  {
    types: ["Mount"],
    path: /^$/,
    how: /^drop resource$/,
    reason: "an authority without its mount is missed at once",
  },
  {
    types: ["BackendConfigAutoTidy"],
    path: /^(|enabled|intervalDuration|safetyBuffer|tidy\w+|backend)$/,
    reason:
      "it decides when what has ended leaves the storage; what is revoked stays on lists until it has ended",
  },
  {
    types: [
      "AuthBackend",
      "AuthBackendConfig",
      "AuthBackendRole",
      "Mount",
      "BackendConfigCluster",
      "SecretBackendConfigIssuers",
      "SecretBackendConfigUrls",
      "SecretBackendCrlConfig",
      "SecretBackendIntermediateCertRequest",
      "SecretBackendIssuer",
      "SecretBackendRole",
      "SecretBackendRootSignIntermediate",
      "SecretBackendIntermediateSetSigned",
    ],
    path: /^(aiaPath|backend|certificate|commonName|csr|default|issuerName|issuerRef|path|roleName|type)$/,
    how: /^drop$/,
    reason: "the provider refuses it, or it is a name by which people find it",
  },
  {
    types: ["Mount", "AuthBackendRole"],
    path: /^(defaultLeaseTtlSeconds|tokenTtl)$/,
    reason:
      "no more than a default: what is asked for and the longest life, which is noticed, decide",
  },
  {
    types: ["AuthBackendRole"],
    path: /^(aliasNameSource|tokenType)$/,
    how: /^drop$/,
    reason:
      "the default is the same: developer.hashicorp.com/vault/api-docs/auth/kubernetes#create-update-role",
  },
  {
    types: ["AuthBackendRole"],
    path: /^tokenPolicies/,
    how: /^drop$/,
    reason: "a token without a policy may nothing",
  },
  {
    types: ["Policy"],
    path: /^policy(\.path|$)/,
    how: /^drop$/,
    reason:
      "a policy with fewer paths, rights or parameters allows less; without names of parameters it is noticed",
  },
  {
    types: ["SecretBackendConfigIssuers"],
    path: /^defaultFollowsLatestIssuer$/,
    how: /^drop$/,
    reason: "the default is the same",
  },
  {
    types: ["SecretBackendConfigUrls"],
    path: /^(crlDistributionPoints|ocspServers|issuingCertificates|enableTemplating)/,
    how: /^(drop|flip)$/,
    reason:
      "one way to ask for what is revoked is left; without templates the addresses are no URLs, which Vault refuses",
  },
  {
    types: ["SecretBackendCrlConfig"],
    path: /^(disable|ocspDisable|expiry|autoRebuildGracePeriod|deltaRebuildInterval|ocspExpiry)$/,
    how: /^drop$/,
    reason:
      "the default is the same, or for no longer than a list is valid: developer.hashicorp.com/vault/api-docs/secret/pki#set-revocation-configuration",
  },
  {
    types: [
      "SecretBackendIntermediateCertRequest",
      "SecretBackendRootCert",
      "SecretBackendRootSignIntermediate",
    ],
    path: /^(excludeCnFromSans|commonName)$/,
    how: /^(drop|flip)$/,
    reason: "an authority answers to no name: clients look at those of servers",
  },
  {
    types: ["SecretBackendRootCert"],
    path: /^maxPathLength$/,
    how: /^zero$/,
    reason:
      "an authority with none below it signs as many as before, and one with some below it none that holds",
  },
  {
    types: ["SecretBackendRootSignIntermediate"],
    path: /^revoke$/,
    how: /^(drop|flip)$/,
    reason:
      "it decides whether an authority that is taken away is revoked, too; keys never leave their mount",
  },
  {
    types: ["SecretBackendRole"],
    path: /^(allowAnyName|allowBareDomains|allowGlobDomains|allowSubdomains|allowedDomains|allowedDomainsTemplate|allowedUriSans|clientFlag|codeSigningFlag|emailProtectionFlag|enforceHostnames|generateLease|noStore|organizations|requireCn|serverFlag|useCsr\w+)(\[\d+\])?$/,
    how: /^(drop|empty)$/,
    reason:
      "the default is the same, or issues for fewer names, groups and uses: developer.hashicorp.com/vault/api-docs/secret/pki#create-update-role",
  },
  {
    types: ["SecretBackendRole"],
    path: /^(allowBareDomains|allowSubdomains|clientFlag|serverFlag|requireCn|useCsr\w+)$/,
    how: /^flip$/,
    reason:
      "what would allow more is noticed; what a request says of names is held to the role's, wherever it says so",
  },
  {
    types: ["SecretBackendRole"],
    path: /^(allowedDomainsTemplate|enforceHostnames)$/,
    how: /^flip$/,
    reason: "a whole name is held to as it is written, template or not",
  },
  {
    types: ["SecretBackendRole"],
    path: /^(basicConstraintsValidForNonCa|generateLease|ttl)$/,
    how: /^(drop|flip)$/,
    reason:
      "what says nothing of it is no authority (RFC 5280, 4.2.1.9); a lease ends certificates with the token that asked; maxTtl bounds every life",
  },
  {
    types: ["SecretBackendRole"],
    path: /^cnValidations/,
    how: /^drop$/,
    reason: "by default addresses of mail pass, too, at the domains of the role alone",
  },
];
