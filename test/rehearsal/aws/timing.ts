/**
 * The stand-in answers at once, and an order that nothing guarantees would come out right by luck. So what others
 * need without naming it comes late, and what needs others to the end goes late: a missing `dependsOn` shows.
 */
const lateToCome = new Set([
  "aws:cloudwatch/logGroup:LogGroup",
  "aws:ec2/internetGateway:InternetGateway",
  "aws:ec2/route:Route",
  "aws:ec2/routeTableAssociation:RouteTableAssociation",
  "aws:ec2/vpcEndpoint:VpcEndpoint",
  "aws:eks/accessEntry:AccessEntry",
  "aws:eks/addon:Addon",
  "aws:iam/rolePolicy:RolePolicy",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  "aws:iam/serviceLinkedRole:ServiceLinkedRole",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
]);

const lateToGo = new Set([
  "aws:autoscaling/group:Group",
  "aws:ec2/flowLog:FlowLog",
  "aws:ec2/natGateway:NatGateway",
  "aws:eks/cluster:Cluster",
  "aws:eks/nodeGroup:NodeGroup",
]);

/** Longer than the engine takes to come to a resource that waits for nothing but what it names. */
const lateMilliseconds = 1000;

export function delayOf(operation: "create" | "delete", type: string): number {
  const late = operation === "create" ? lateToCome : lateToGo;
  return late.has(type) ? lateMilliseconds : 0;
}
