import * as pulumi from "@pulumi/pulumi";
import { BootstrapCa } from "../../../components/vault/bootstrap-ca";
import { created, ofType, secretly } from "../../support/created";

const servers = [
  ["0.vault.internal", "vault.internal"],
  ["1.vault.internal", "vault.internal"],
];
const build = (look: (ca: BootstrapCa) => unknown = () => undefined, generation = 1) =>
  created(() => look(new BootstrapCa("ca", { commonName: "Bootstrap", servers, generation })));
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

  // A resource of another name is made anew, whatever the provider thinks of it.
  it("makes all certificates anew on the same keys for another generation", async () => {
    const names = async (generation: number) =>
      (await build(undefined, generation)).map(({ type, name }) => `${type} ${name}`);
    const [first, second] = [await names(1), await names(2)];
    const [selfSigned, signed] = [
      "tls:index/selfSignedCert:SelfSignedCert",
      "tls:index/locallySignedCert:LocallySignedCert",
    ];
    expect(second.filter((name) => !first.includes(name)).toSorted()).toEqual([
      `${signed} ca-0-generation-2`,
      `${signed} ca-1-generation-2`,
      `${selfSigned} ca-generation-2`,
    ]);
    expect(first.filter((name) => !second.includes(name))).toHaveLength(3);
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
