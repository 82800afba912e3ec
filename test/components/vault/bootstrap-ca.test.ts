import * as pulumi from "@pulumi/pulumi";
import { BootstrapCa } from "../../../components/vault/bootstrap-ca";
import { created, ofType, secretly } from "../../support/created";

const servers = [
  ["0.vault.internal", "vault.internal"],
  ["1.vault.internal", "vault.internal"],
];
const build = (look: (ca: BootstrapCa) => unknown = () => undefined) =>
  created(() => look(new BootstrapCa("ca", { commonName: "Bootstrap", servers })));
const year = 365 * 24;

describe("BootstrapCa", () => {
  it("signs certificates of servers and nothing else, for ten years", async () => {
    expect(ofType(await build(), "tls:index/selfSignedCert:SelfSignedCert")).toEqual({
      ca: {
        privateKeyPem: secretly("key of ca"),
        isCaCertificate: true,
        maxPathLength: 0,
        setSubjectKeyId: true,
        validityPeriodHours: 10 * year,
        earlyRenewalHours: 2 * year,
        subject: { commonName: "Bootstrap" },
        allowedUses: ["cert_signing", "crl_signing"],
      },
    });
  });

  it("gives each server a key and a certificate of its own, for a year", async () => {
    const resources = await build();
    expect(Object.keys(ofType(resources, "tls:index/privateKey:PrivateKey"))).toEqual([
      "ca",
      "ca-0",
      "ca-1",
    ]);
    expect(ofType(resources, "tls:index/certRequest:CertRequest")["ca-1"]).toEqual({
      privateKeyPem: secretly("key of ca-1"),
      dnsNames: ["1.vault.internal", "vault.internal"],
      ipAddresses: ["127.0.0.1"],
      subject: { commonName: "1.vault.internal" },
    });
    expect(ofType(resources, "tls:index/locallySignedCert:LocallySignedCert")["ca-1"]).toEqual({
      certRequestPem: "request of ca-1",
      caPrivateKeyPem: secretly("key of ca"),
      caCertPem: "certificate of ca",
      validityPeriodHours: year,
      earlyRenewalHours: year / 4,
      allowedUses: ["digital_signature", "server_auth", "client_auth"],
    });
  });

  it("has ECDSA keys of 384 bits", async () => {
    const keys = ofType(await build(), "tls:index/privateKey:PrivateKey");
    for (const key of Object.values(keys)) {
      expect(key).toEqual({ algorithm: "ECDSA", ecdsaCurve: "P384" });
    }
  });

  it("gives keys as secrets", async () => {
    const secrets: boolean[] = [];
    await build(async (ca) => {
      for (const { privateKey } of ca.servers) secrets.push(await pulumi.isSecret(privateKey));
    });
    expect(secrets).toEqual([true, true]);
  });
});
