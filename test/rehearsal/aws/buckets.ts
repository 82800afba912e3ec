import { allowsEverybody, resourcesOf, sidsOf, wellFormed } from "./policy-document";
import {
  AwsError,
  allWith,
  byId,
  numberAt,
  textAt,
  textsAt,
  valuesAt,
  type Draft,
  type ResourceRow,
} from "./row";
import type { CloudResource, World } from "./world";

const bucketType = "aws:s3/bucket:Bucket";

export const bucketNamed = (world: World, name: string | undefined): CloudResource | undefined =>
  byId(world, bucketType, name);

/** The policy of a bucket; undefined when it has none yet. */
export function bucketPolicyOf(world: World, name: string | undefined): unknown {
  return byId(world, "aws:s3/bucketPolicy:BucketPolicy", name)?.inputs["policy"];
}

// docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
function nameFitsS3({ inputs }: Draft): AwsError | undefined {
  const name = textAt(inputs, "bucket") ?? "";
  const fits = /^(?!xn--|sthree-)[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]$/.test(name);
  const reserved = /-s3alias$|--ol-s3$|^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (fits && !reserved) return undefined;
  return new AwsError("InvalidBucketName", `The specified bucket is not valid: ${name}`);
}

/** S3 keeps versions for good once objects can be locked. */
function locksKeepVersions({ inputs, world }: Draft): AwsError | undefined {
  const bucket = bucketNamed(world, textAt(inputs, "bucket"));
  const status = textAt(inputs, "versioningConfiguration.status");
  if (bucket?.inputs["objectLockEnabled"] !== true || status === "Enabled") return undefined;
  return new AwsError(
    "InvalidBucketState",
    `An Object Lock configuration is present on this bucket (${bucket.id}), so the versioning state cannot be changed.`,
  );
}

/** The program decides at a bucket's creation; enabling it later would differ from its arguments for ever. */
function lockWasEnabledAtCreation({ inputs, world }: Draft): AwsError | undefined {
  const bucket = bucketNamed(world, textAt(inputs, "bucket"));
  if (bucket?.inputs["objectLockEnabled"] === true) return undefined;
  return new AwsError(
    "InvalidBucketState",
    `Object Lock configuration cannot be enabled on existing buckets (${bucket?.id ?? ""})`,
  );
}

function retentionIsModeAndPeriod({ inputs }: Draft): AwsError | undefined {
  const mode = textAt(inputs, "rule.defaultRetention.mode") ?? "";
  const periods = ["days", "years"].flatMap((unit) =>
    valuesAt(inputs, `rule.defaultRetention.${unit}`),
  );
  const [period] = periods;
  const positive = periods.length === 1 && typeof period === "number" && period >= 1;
  if (["GOVERNANCE", "COMPLIANCE"].includes(mode) && positive) return undefined;
  return new AwsError(
    "MalformedXML",
    `defaultRetention must have a mode (GOVERNANCE, COMPLIANCE) and one period in days or years, got ${mode || "no mode"}`,
  );
}

function policyIsOfTheBucket({ inputs }: Draft): AwsError | undefined {
  const bucket = textAt(inputs, "bucket") ?? "";
  const own = `arn:aws:s3:::${bucket}`;
  const strange = resourcesOf(inputs["policy"]).find(
    (arn) => arn !== own && !arn.startsWith(`${own}/`),
  );
  if (strange === undefined) return undefined;
  return new AwsError("MalformedPolicy", `Policy has invalid resource: ${strange}`);
}

function statementsAreNamedOnce({ inputs }: Draft): AwsError | undefined {
  const sids = sidsOf(inputs["policy"]);
  const again = sids.find((sid, i) => sids.indexOf(sid) < i);
  if (again === undefined) return undefined;
  return new AwsError("MalformedPolicy", `Duplicate Sid in policy: ${again}`);
}

function policyIsNotPublic({ inputs, world }: Draft): AwsError | undefined {
  const bucket = textAt(inputs, "bucket");
  const block = byId(world, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket);
  const blocked = block?.inputs["blockPublicPolicy"] === true;
  if (!blocked || !allowsEverybody(inputs["policy"])) return undefined;
  return new AwsError(
    "AccessDenied",
    `public policies are blocked by the BlockPublicPolicy setting of ${bucket ?? ""}`,
  );
}

function lifecycleRulesDiffer({ inputs }: Draft): AwsError | undefined {
  const ids = textsAt(inputs, "rules[*].id");
  const again = ids.find((id, i) => ids.indexOf(id) < i);
  if (again !== undefined) {
    return new AwsError("InvalidArgument", `Rule ID must be unique. Found same ID: ${again}`);
  }
  const expirations = valuesAt(inputs, "rules[*].expiration");
  const mixed = expirations.some(
    (one) =>
      numberAt(one, "days") !== undefined && valuesAt(one, "expiredObjectDeleteMarker").length > 0,
  );
  if (!mixed) return undefined;
  return new AwsError("MalformedXML", "an expiration has days or expiredObjectDeleteMarker");
}

/** docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html */
function takesAccessLogs({ inputs, world, scope }: Draft): AwsError | undefined {
  const target = textAt(inputs, "targetBucket");
  const refuse = (why: string) =>
    new AwsError("InvalidTargetBucketForLogging", `The target bucket ${target ?? ""} ${why}`);
  const bucket = bucketNamed(world, target);
  if (bucket?.computed["region"] !== scope.region) return refuse("is in another region");
  const lock = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration";
  if (byId(world, lock, target)) return refuse("has a default retention");
  const encryption =
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
  const [rule] = allWith(world, encryption, "bucket", target);
  const algorithm = textAt(
    rule?.inputs,
    "rules[*].applyServerSideEncryptionByDefault.sseAlgorithm",
  );
  return algorithm === undefined || algorithm === "AES256"
    ? undefined
    : refuse(`is encrypted by ${algorithm}`);
}

/** A setting of a bucket, which goes with it. */
const setting = (noun: string, more: Partial<ResourceRow>): ResourceRow => ({
  noun,
  id: ({ inputs }) => textAt(inputs, "bucket") ?? "",
  tagged: false,
  required: ["bucket"],
  references: [{ path: "bucket", to: "bucket", onDelete: "cascade" }, ...(more.references ?? [])],
  computed: () => ({}),
  ...(more.rules ? { rules: more.rules } : {}),
});

export const bucketRows: Record<string, ResourceRow> = {
  [bucketType]: {
    noun: "bucket",
    id: ({ inputs }) => textAt(inputs, "bucket") ?? "",
    name: "bucket",
    tagged: true,
    required: [],
    references: [],
    identifiers: ({ id }) => ({ bucket: [id] }),
    computed: ({ inputs, scope }) => {
      const name = textAt(inputs, "bucket") ?? "";
      return {
        arn: `arn:aws:s3:::${name}`,
        bucketRegionalDomainName: `${name}.s3.${scope.region}.amazonaws.com`,
        region: scope.region,
      };
    },
    claims: ({ inputs }) => {
      const name = textAt(inputs, "bucket") ?? "";
      const message = `The requested bucket name is not available: ${name}`;
      return [{ key: `bucket ${name}`, refusal: new AwsError("BucketAlreadyExists", message) }];
    },
    rules: [nameFitsS3],
  },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": setting("public access block", {}),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": setting("ownership controls", {}),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": setting(
    "default encryption",
    {
      references: [
        {
          path: "rules[*].applyServerSideEncryptionByDefault.kmsMasterKeyId",
          to: "key",
          onDelete: "dangle",
        },
      ],
    },
  ),
  "aws:s3/bucketVersioning:BucketVersioning": setting("versioning", { rules: [locksKeepVersions] }),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": setting("lifecycle", {
    rules: [lifecycleRulesDiffer],
  }),
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": setting("object lock", {
    rules: [lockWasEnabledAtCreation, retentionIsModeAndPeriod],
  }),
  "aws:s3/bucketPolicy:BucketPolicy": setting("bucket policy", {
    rules: [
      wellFormed("policy", "MalformedPolicy"),
      policyIsOfTheBucket,
      statementsAreNamedOnce,
      policyIsNotPublic,
    ],
  }),
  "aws:s3/bucketLogging:BucketLogging": setting("access log setting", {
    references: [{ path: "targetBucket", to: "bucket", onDelete: "dangle" }],
    rules: [takesAccessLogs],
  }),
};
