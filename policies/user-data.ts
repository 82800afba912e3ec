import { gunzipSync } from "node:zlib";
import { instances, templates } from "./launch-templates";
import type { Field, Stack } from "./model";
import { resourceRule } from "./rule";

const machineTypes = [...instances, ...templates];
const paths = ["userData", "userDataBase64"];

/** User data of machines, by themselves or by a template. */
export function userDataIn(stack: Stack): Field[] {
  return stack
    .all(...machineTypes)
    .flatMap((machine) => paths.map((path) => machine.at(path)))
    .filter(({ present }) => present);
}

/** What is written out, and no reference to a variable or to a command, no place to fill in and no format. */
const writtenOut = /['"]?(?![$`<{(%*])[^\s'"$`]{3,}/.source;

/** Where commands take a password: of MySQL right after `-p`, with which it asks when nothing follows. */
const passwordArguments = [
  /\b(mysql|mariadb)[\w-]*\s([^\n|;&]*\s)?-p/,
  /\bsshpass\s+-p\s*/,
  /\b(curl|wget)\s([^\n|;&]*\s)?(-u[ =]?|--user[ =])['"]?[^\s:'"]+:/,
  /\b(az|buildah|docker|helm|oc|oras|podman|skopeo)\s([^\n|;&]*\s)?login\s([^\n|;&]*\s)?-p[ =]/,
  /\s-pass(in|out)?\s+pass:/,
];

/** What a secret looks like. */
const secrets: [name: string, pattern: RegExp][] = [
  ["an AWS access key", /\b(AKIA|ASIA)[0-9A-Z]{16}\b/],
  ["an AWS secret key", /aws_secret_access_key['"]?\s*[=:]\s*['"]?[A-Za-z0-9/+]{40}/i],
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ["a Vault token", /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/],
  ["a token of GitHub", /\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})/],
  ["a token of GitLab", /\bglpat-[\w-]{20,}/],
  [
    "a token of Slack",
    /\b(xox[a-z](\.xox[a-z])?-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{10,})|hooks\.slack\.com\/(services|workflows)\/\w/,
  ],
  ["a password in a URL", /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@'"?]*:(?![$`<{(%*])[^\s:/@'"?$`{]{3,}@/i],
  [
    "a password in a command",
    new RegExp(passwordArguments.map(({ source }) => `${source}${writtenOut}`).join("|")),
  ],
  [
    "a password in a command",
    /\becho\s+['"]?[^\s:'"$]+:(?![$`<{(%*])[^\s'"$`]{3,}['"]?\s*\|[^\n]*\bchpasswd\b/,
  ],
  ["a JSON web token", /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/],
  ["a bootstrap token of Kubernetes", /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/],
  [
    "a password",
    // The ARN of a secret tells nothing of it.
    /(password|passwd|(?<!:secretsmanager:[\w-]*:\d*:)secret|token|api_?key)['"]?\s*[=:]\s*['"]?(?![$<{(]|true\b|false\b|null\b)[^\s'"$]{8,}/i,
  ],
];

export const noUserDataSecrets = resourceRule({
  id: "compute-no-userdata-secrets",
  title:
    "User data holds no secrets: every process of the instance and every reader of EC2 can see it",
  severity: "critical",
  level: "mandatory",
  requirements: ["J7"],
  controls: ["ckv:CKV_AWS_46", "avd:AWS-0029"],
  fix: "Let the instance fetch the secret with its role, from Vault or Secrets Manager.",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html",
  types: machineTypes,
  *check(resource) {
    for (const path of paths) {
      const field = resource.at(path);
      if (!field.present) continue;
      for (const text of readings(field.text)) {
        for (const [name, pattern] of secrets) {
          // The finding must not repeat the secret.
          if (pattern.test(text)) yield resource.fail(`${path} must not contain ${name}`);
        }
      }
      if (field.unknown) yield field.undecided();
    }
  },
});

/** How user data takes what nobody vouches for, or what anybody on the way may change. */
const unverified: [what: string, pattern: RegExp][] = [
  [
    "ignore certificates",
    /^.*\b(curl\b.* (-\w*k\w*|--insecure)|wget\b.* --no-check-certificate|pip3?\b.* --trusted-host)([\s=]|$)/m,
  ],
  [
    "fetch over plain HTTP",
    /^(?!\s*#).*\b(baseurl\s*=\s*|(curl|wget|pip3?)\b.*[\s"'=])http:\/\/(?!169\.254\.169\.254|127\.|localhost\b)/m,
  ],
  [
    "install packages without a signature",
    /\s--(nogpgcheck|no-gpg-checks?|allow-unauthenticated|nosignature)(\s|$)|^\s*(repo_)?gpgcheck\s*=\s*0/m,
  ],
];

export const verifiedUserData = resourceRule({
  id: "compute-userdata-verified",
  title: "User data takes packages and files over TLS, and packages that are signed",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Use https, leave certificates to be verified, and set gpgcheck=1 for each repository of packages.",
  url: "https://dnf.readthedocs.io/en/latest/conf_ref.html",
  types: machineTypes,
  *check(resource) {
    for (const path of paths) {
      const field = resource.at(path);
      if (!field.present) continue;
      for (const text of readings(field.text)) {
        for (const [what, pattern] of unverified) {
          if (pattern.test(text)) yield resource.fail(`${path} must not ${what}`);
        }
        // By dnf's own default no signature is asked for.
        for (const name of unsignedRepositories(text)) {
          yield resource.fail(`${path} must set gpgcheck=1 for the repository ${name}`);
        }
      }
      if (field.unknown) yield field.undecided();
    }
  },
});

/** Names of repositories of packages, sections with a baseurl, that ask for no signature. */
function unsignedRepositories(text: string): string[] {
  return text
    .split(/^(?=\[)/m)
    .filter((section) => /^baseurl\s*=/m.test(section) && !/^gpgcheck\s*=\s*1\s*$/m.test(section))
    .map((section) => /^\[([^\]]*)\]/.exec(section)?.[1] ?? "");
}

/** Long enough to hide something, and not a word. */
const encodedText = /[A-Za-z0-9+/]{40,}={0,2}/g;

/** The end of a wrapped line of it. What stands before is looked at last: it is tried at ends of lines only. */
const wrapping = /\r?\n(?<=[A-Za-z0-9+/]{60}\r?\n)/g;

const deepestEncoding = 3;

/** The text and whatever is encoded in it by base64 or gzip, some levels deep. */
export function readings(text: string, depth = 0): string[] {
  if (depth > deepestEncoding) return [];
  const encoded = [...text.replace(wrapping, "").matchAll(encodedText)];
  return [text, ...encoded.flatMap(([match]) => readings(decoded(match), depth + 1))];
}

function decoded(base64: string): string {
  const bytes = Buffer.from(base64, "base64");
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return (isGzip ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    // A text that only looks like gzip holds nothing that cloud-init could read.
    return "";
  }
}
