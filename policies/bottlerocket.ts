import { parse } from "smol-toml";
import { is, isNot, isOneOf } from "./conditions";
import { templatesOf } from "./launch-templates";
import type { Finding, Resource } from "./model";
import { Field } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

export const bottlerocketHardened = stackRule({
  id: "node-bottlerocket-hardened",
  title:
    "Bottlerocket runs no administrative container, and not even root changes its running kernel",
  severity: "high",
  level: "mandatory",
  requirements: ["M6", "J12"],
  controls: [],
  fix: 'Say in the user data: settings.host-containers.admin.enabled = false, settings.kernel.lockdown = "integrity".',
  url: "https://github.com/bottlerocket-os/bottlerocket/blob/develop/SECURITY_GUIDANCE.md",
  types: [token.nodeGroup, token.launchTemplate],
  *checkStack(stack) {
    for (const group of stack.all(token.nodeGroup)) {
      const amiType = group.at("amiType");
      if (amiType.unknown) yield amiType.undecided();
      if (amiType.unknown || !amiType.text.startsWith("BOTTLEROCKET")) continue;
      for (const template of templatesOf(group, stack)) {
        yield* hardened(template, amiType.text.includes("NVIDIA"));
      }
    }
    for (const template of stack.all(token.launchTemplate)) {
      const image = template.at("imageId").text;
      if (image.includes("/bottlerocket/")) yield* hardened(template, image.includes("nvidia"));
    }
  },
});

const locked = isOneOf(["integrity", "confidentiality"]);

function* hardened(template: Resource, hasForeignDriver: boolean): Iterable<Finding> {
  const settings = settingsOf(template);
  if (settings.unknown) {
    yield settings.undecided();
    return;
  }
  if (!settings.present) {
    // User data may hold a secret, which a finding must not repeat.
    const got = template.at("userData").present ? "something else" : "nothing";
    yield template.fail(`userData must be Bottlerocket's settings in TOML, in base64, got ${got}`);
    return;
  }
  const containers = settings.at("host-containers");
  // Defaults differ by variant, so what hardens is said.
  yield* containers.at("admin.enabled").must(is(false));
  for (const container of containers.values()) {
    yield* container.at("superpowered").must(isNot(true));
  }
  // Lockdown loads signed modules only, and images with NVIDIA's driver have it off.
  if (!hasForeignDriver) yield* settings.at("kernel.lockdown").must(locked);
}

/** The settings in the user data; nothing when it has none or is no TOML. */
function settingsOf(template: Resource): Field {
  const userData = template.at("userData");
  if (userData.unknown) return userData;
  const text = Buffer.from(userData.text, "base64").toString("utf8");
  try {
    return new Field(template, "userData", parse(text)).at("settings");
  } catch {
    return new Field(template, "userData", undefined);
  }
}
