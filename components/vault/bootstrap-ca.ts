import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

export interface BootstrapCaArgs {
  /** Common name of the CA. */
  commonName: string;
  /** DNS names of each server. */
  servers: string[][];
  /** Which certificates these are, from 1 on: a number more makes others of the same keys. */
  generation: number;
}

/** A server's certificate and its key, PEM. */
export interface ServerIdentity {
  certificate: pulumi.Output<string>;
  privateKey: pulumi.Output<string>;
}

const yearHours = 365 * 24;
const key = { algorithm: "ECDSA", ecdsaCurve: "P384" };

/**
 * A CA that vouches for Vault's own servers and for nothing else: it comes before Vault, which cannot vouch for itself.
 * Its keys are secrets of the state, and stay when it makes other certificates, so that those of two generations verify
 * each other: by the CA's certificate of either, whoever has the former one goes on.
 *
 * Others are made for sure by the number alone. By its source the provider plans them when `earlyRenewalHours` are left, but
 * github.com/pulumi/pulumi-tls/issues/39, which is open, tells of updates that made none; nobody waited for one here.
 */
export class BootstrapCa extends pulumi.ComponentResource {
  /** Certificate of the CA, PEM. */
  readonly certificate: pulumi.Output<string>;
  /** What each server shows, in the order of the arguments. */
  readonly servers: ServerIdentity[];

  constructor(name: string, args: BootstrapCaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:vault:BootstrapCa", name, {}, opts);
    const child = { parent: this };
    const caKey = new tls.PrivateKey(name, key, child);
    const { generation } = args;
    const ofGeneration = (id: string) => (generation === 1 ? id : `${id}-generation-${generation}`);
    const ca = new tls.SelfSignedCert(
      ofGeneration(name),
      {
        privateKeyPem: caKey.privateKeyPem,
        isCaCertificate: true,
        maxPathLength: 0,
        setSubjectKeyId: true,
        validityPeriodHours: 10 * yearHours,
        earlyRenewalHours: 2 * yearHours,
        subject: { commonName: args.commonName },
        allowedUses: ["cert_signing", "crl_signing"],
      },
      child,
    );
    this.certificate = ca.certPem;
    this.servers = args.servers.map((dnsNames, index) => {
      const own = new tls.PrivateKey(`${name}-${index}`, key, child);
      const request = new tls.CertRequest(
        `${name}-${index}`,
        {
          privateKeyPem: own.privateKeyPem,
          dnsNames,
          ipAddresses: ["127.0.0.1"],
          subject: { commonName: dnsNames[0] ?? "" },
        },
        child,
      );
      const { certPem } = new tls.LocallySignedCert(
        ofGeneration(`${name}-${index}`),
        {
          certRequestPem: request.certRequestPem,
          caPrivateKeyPem: caKey.privateKeyPem,
          caCertPem: ca.certPem,
          validityPeriodHours: yearHours,
          earlyRenewalHours: yearHours / 4,
          // Servers are clients of each other when they join.
          allowedUses: ["digital_signature", "server_auth", "client_auth"],
        },
        child,
      );
      return { certificate: certPem, privateKey: pulumi.secret(own.privateKeyPem) };
    });
    this.registerOutputs({ certificate: this.certificate });
  }
}
