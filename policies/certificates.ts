import { is, isNot } from "./conditions";
import { resourceRule } from "./rule";
import { token } from "./tokens";

export const certificateLifetime = resourceRule({
  id: "tls-cert-lifetime",
  title: "Public certificates are issued, validated by DNS and renewed by ACM",
  severity: "medium",
  level: "advisory",
  requirements: ["M3"],
  controls: ["ckv:CKV_AWS_233"],
  fix: 'Set validationMethod to "DNS" and leave certificateBody and privateKey out.',
  url: "https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html",
  types: [token.certificate],
  *check(certificate) {
    if (certificate.at("certificateAuthorityArn").present) {
      yield { verdict: "notApplicable", message: "a private authority issues the certificate" };
      return;
    }
    // What is imported lasts as long as whoever made it said, and nobody renews it.
    const imported = ["certificateBody", "privateKey", "privateKeyWo"].filter(
      (key) => certificate.at(key).present,
    );
    if (imported.length > 0) {
      yield certificate.fail(
        `${imported.join(" and ")} must be left out: ACM renews what it issues`,
      );
      return;
    }
    yield* certificate.must("validationMethod", is("DNS"));
    yield* certificate.must("keyAlgorithm", isNot("RSA_1024"));
  },
});
