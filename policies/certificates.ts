import { is, isBetween, isNot } from "./conditions";
import type { Finding, Resource } from "./model";
import { resourceRule } from "./rule";
import { token } from "./tokens";

export const certificateLifetime = resourceRule({
  id: "tls-cert-lifetime",
  title:
    "Public certificates are issued, validated by DNS and renewed by ACM; others of servers end within 366 days",
  severity: "medium",
  level: "advisory",
  requirements: ["M3"],
  controls: ["ckv:CKV_AWS_233"],
  fix: 'Set validationMethod to "DNS" and leave certificateBody and privateKey out; set validityPeriodHours to 8784 at most.',
  url: "https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html",
  types: [token.certificate, token.tlsSelfSigned],
  *check(certificate) {
    if (certificate.type === token.tlsSelfSigned) {
      yield* endsInTime(certificate);
      return;
    }
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

/** 366 days, the most that Mozilla's profile intermediate allows: wiki.mozilla.org/Security/Server_Side_TLS */
const longest = 366 * 24;

function endsInTime(certificate: Resource): Finding[] {
  const authority = certificate.at("isCaCertificate");
  const faults = certificate.must("validityPeriodHours", isBetween(1, longest));
  if (authority.unknown) return faults.length > 0 ? [authority.undecided()] : [];
  // How long an authority lives is for pki-ca-max-lease to say.
  return authority.text === "true"
    ? [{ verdict: "notApplicable", message: "it is the certificate of an authority" }]
    : faults;
}
