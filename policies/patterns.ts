/** IAM's wildcards: `*` is any text, `?` one character. */
export function wildcard(pattern: string): RegExp {
  const known = wildcards.get(pattern);
  if (known) return known;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  const expression = new RegExp(`^${source}$`, "i");
  wildcards.set(pattern, expression);
  return expression;
}

/** Policies of a stack use the same patterns again and again. */
const wildcards = new Map<string, RegExp>();

/** Whether a name or a pattern tells nothing: wildcards, and at most what joins the parts of names. */
export function namesNothing(pattern: string): boolean {
  return /[*?]/.test(pattern) && !/[a-z0-9]/i.test(pattern);
}

/**
 * The pattern with one spelling of "anything". `?*` leaves out the empty text, which is nobody's name; a row of `?`
 * stands for each name of a length, and ids are all of one; `*-*` for each name with what all names of a kind have.
 */
function plain(pattern: string): string {
  return pattern.replace(/[*?]+(?:[-_.+=,@]*[*?]+)*/g, "*");
}

/** What a pattern of ARNs says of the service and of the resource. A wildcard reaches over colons: then it says less. */
function partsOf(pattern: string): { service: string; resource: string | undefined } {
  const [, , service = "", , , ...rest] = plain(pattern).split(":");
  const resource = rest.length === 0 ? undefined : rest.join(":").replace(/\*([:/]\*)+/g, "*");
  return { service, resource };
}

/** Whether a pattern of ARNs stands for all of a service, or for all there is. */
export function isEveryArn(pattern: string): boolean {
  const { resource } = partsOf(pattern);
  return resource === undefined ? plain(pattern).endsWith("*") : resource.startsWith("*");
}

/** What ARNs of a service end with, `*` in place of names; ids that AWS gives start with what they are ids of. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  dynamodb: ["table/*", "table/*/index/*"],
  ec2: ["elastic-ip/eipalloc-*", "instance/i-*", "network-interface/eni-*"],
  ecr: ["repository/*"],
  eks: ["access-entry/*/*/*/*/*", "cluster/*"],
  es: ["domain/*"],
  firehose: ["deliverystream/*"],
  glue: ["devEndpoint/*"],
  iam: ["group/*", "policy/*", "role/*", "saml-provider/*", "user/*"],
  kinesis: ["stream/*"],
  kms: ["key/*"],
  lambda: ["function:*"],
  logs: ["log-group:*", "log-group:*:log-stream:*"],
  // All objects of a bucket are what the bucket is for.
  s3: ["*", "*/*", "accesspoint/*", "accesspoint/*/object/*"],
  secretsmanager: ["secret:*"],
  sns: ["*"],
  sqs: ["*"],
  ssm: ["document/*", "managed-instance/mi-*", "parameter/*"],
};

/** Whether a pattern of ARNs stands for every resource of a kind at least, such as every role of an account. */
export function isEveryArnOfAKind(pattern: string): boolean {
  if (isEveryArn(pattern)) return true;
  const { service, resource = "" } = partsOf(pattern);
  const known = service.includes("*") ? Object.values(kinds).flat() : (kinds[service] ?? []);
  return [...known, ...kindOf(service, resource)].some((kind) => wildcard(resource).test(kind));
}

/** What the text names before its first separator, of a service whose ARNs have kinds. */
function kindOf(service: string, resource: string): string[] {
  const [kind] = /^[^:/*]+[:/]/.exec(resource) ?? [];
  return kind === undefined || service === "s3" ? [] : [`${kind}*`];
}
