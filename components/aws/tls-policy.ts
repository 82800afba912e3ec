/**
 * Mozilla's profiles for servers (wiki.mozilla.org/Security/Server_Side_TLS). `intermediate`: TLS 1.2 and 1.3, forward
 * secrecy and authenticated encryption only. `modern`: TLS 1.3 only.
 */
export type TlsProfile = "intermediate" | "modern";

/**
 * The policies of Elastic Load Balancing that keep to the profiles, as Mozilla's own generator picks them
 * (github.com/mozilla/ssl-config-generator, awsalb). Names, protocols and ciphers:
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html. The policies of 2025-09 offer
 * ML-KEM key exchange beside the classical ones, so that no client is turned away. `TLS13-1-2` without `Res` also takes
 * CBC ciphers, which Mozilla leaves out.
 */
const policies: Record<TlsProfile, { postQuantum: string; classical: string }> = {
  intermediate: {
    postQuantum: "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    classical: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
  },
  modern: {
    postQuantum: "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
    classical: "ELBSecurityPolicy-TLS13-1-3-2021-06",
  },
};

/** Name of the policy of a profile. A listener without one takes TLS 1.0. */
export function tlsPolicy(profile: TlsProfile, postQuantum: boolean): string {
  return policies[profile][postQuantum ? "postQuantum" : "classical"];
}
