/** A way to log in that asks for the key, and for what PAM says after it. */
export const keyThenCode = "publickey,keyboard-interactive:pam";

/** A line of PAM's that speaks of `auth`. */
interface AuthLine {
  text: string;
  control: string;
  module: string;
  options: string[];
}

/** PAM modules that ask for one-time codes, or for a confirmation on another device. */
const codeModules = new Set(["pam_duo.so", "pam_google_authenticator.so", "pam_oath.so"]);

/** Modules that may stand beside them: they ask for nothing, and none of them is an answer. */
const silentModules = new Set([
  "pam_deny.so",
  "pam_env.so",
  "pam_faildelay.so",
  "pam_faillock.so",
  "pam_nologin.so",
  "pam_sepermit.so",
]);

/** Options of these modules that let people in without a code. */
const waivers = ["alwaysok", "nullok"];

function authLines(userData: string): AuthLine[] {
  const lines = /^[ \t]*-?auth[ \t]+(\[[^\]\n]*\]|\S+)[ \t]+(\S+)([^\n]*)$/gim;
  return [...userData.matchAll(lines)].map(([text, control = "", path = "", options = ""]) => ({
    text: text.trim(),
    control: control.toLowerCase(),
    module: path.split("/").at(-1) ?? "",
    options: options.trim().split(/\s+/),
  }));
}

const asks = ({ module }: AuthLine) => codeModules.has(module);

/** Whether the user data has PAM ask for codes. */
export function hasCodes(userData: string): boolean {
  return authLines(userData).some(asks);
}

/** What is wrong with how PAM asks for codes, each after "the user data must"; nothing when nobody comes in without. */
export function faultsOfCodes(userData: string): string[] {
  const lines = authLines(userData);
  if (!lines.some(asks)) {
    const modules = [...codeModules].join(" or ");
    return [`write a line of auth with ${modules} into /etc/pam.d/sshd, got none`];
  }
  return lines.flatMap((line, i) => {
    const rule = asks(line) ? faultOfCode(line, lines[i + 1]) : faultBeside(line);
    return rule === undefined ? [] : [`${rule}, got ${line.text}`];
  });
}

function faultOfCode({ control, options }: AuthLine, next?: AuthLine): string | undefined {
  if (options.some((option) => waivers.includes(option))) {
    return `have a code from everybody, without ${waivers.join(" or ")}`;
  }
  if (["required", "requisite"].includes(control)) return undefined;
  // A right code jumps over the next line, which refuses whatever comes to it.
  const jumps = control === "[success=1 default=ignore]";
  const refuses =
    next?.control === "[default=die]" ||
    (next?.control === "requisite" && next.module === "pam_deny.so");
  return jumps && refuses ? undefined : "refuse who has no right code";
}

function faultBeside({ control, module }: AuthLine): string | undefined {
  if (!silentModules.has(module)) return "have PAM ask for codes and nothing else";
  return /^sufficient$|success=(?!ok|ignore)/.test(control)
    ? "let nobody in before the code"
    : undefined;
}
