import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface CertificateArgs {
  /** Names that the certificate is for, at least one; `*.` stands for every name right below. */
  domains: string[];
  /** Id of the public Route 53 zone that all names are under. */
  zoneId: string;
}

/** A public certificate that ACM issues and renews as long as its validation records stand in the zone. */
export class Certificate extends pulumi.ComponentResource {
  static readonly requirements = ["M3"];

  /** ARN of the certificate, once it is issued. */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: CertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    const [domainName, ...others] = args.domains;
    if (domainName === undefined) throw new Error("domains must not be empty, got []");
    super("drawbridge:aws:Certificate", name, {}, opts);
    const child = { parent: this };
    const certificate = new aws.acm.Certificate(
      name,
      {
        domainName,
        subjectAlternativeNames: others,
        validationMethod: "DNS",
        // P-256 is the key that both of Mozilla's profiles recommend.
        keyAlgorithm: "EC_prime256v1",
      },
      child,
    );
    const records = validatedDomains(args.domains).map((domain) => {
      const option = validationOf(certificate, domain);
      return new aws.route53.Record(
        `${name}-${domain}`,
        {
          zoneId: args.zoneId,
          name: option.resourceRecordName,
          type: "CNAME",
          ttl: 300,
          records: [option.resourceRecordValue],
        },
        child,
      );
    });
    const issued = new aws.acm.CertificateValidation(
      name,
      {
        certificateArn: certificate.arn,
        validationRecordFqdns: records.map(({ fqdn }) => fqdn),
      },
      child,
    );
    this.arn = issued.certificateArn;
    this.registerOutputs({ arn: this.arn });
  }
}

/** The names that need a record of their own: `*.example.com` and `example.com` are validated by the same one. */
function validatedDomains(domains: string[]): string[] {
  const bare = (domain: string) => domain.replace(/^\*\./, "");
  return domains.filter(
    (domain, i) => domains.findIndex((one) => bare(one) === bare(domain)) === i,
  );
}

function validationOf(certificate: aws.acm.Certificate, domain: string) {
  return certificate.domainValidationOptions.apply((options) => {
    const option = options.find(({ domainName }) => domainName === domain);
    if (!option) throw new Error(`ACM must offer a validation record for ${domain}, got none`);
    return option;
  });
}
