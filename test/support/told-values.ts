import { parse } from "yaml";
import { isObject } from "../../plan/property-values";

/** What a page has people write into a stack file. */
export interface ToldValues {
  /** As the page has it. */
  text: string;
  /** What it says, by key: a key of the file with the project's name, what is inside of one without. */
  values: Record<string, unknown>;
}

/** Blocks and spans of code that are YAML with keys, and what `pulumi config set` would write. */
export function toldValues(page: string): ToldValues[] {
  const block = /^ *```(\w*)\n(.*?)^ *```$/gms;
  const blocks = [...page.matchAll(block)];
  const inBlocks = (language: string) =>
    blocks.flatMap(([, name, text = ""]) => (name === language ? [text] : []));
  const spans = [...page.replaceAll(block, "").matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
  return [
    ...[...inBlocks("yaml"), ...spans].flatMap(fromYaml),
    ...inBlocks("sh").flatMap(fromCommands),
  ];
}

function fromYaml(text: string): ToldValues[] {
  const values = mapOf(text);
  return values ? [{ text: text.trim(), values }] : [];
}

/** A span may be of any language: what is no map of YAML says nothing of a stack file. */
function mapOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** www.pulumi.com/docs/iac/cli/commands/pulumi_config_set/ */
function fromCommands(text: string): ToldValues[] {
  const commands = text.matchAll(/^pulumi config set (?:--path )?(\S+) (\S+)/gm);
  return [...commands].map(([command, path = "", value = ""]) => {
    const [key = "", ...inside] = path.split(".").toReversed();
    const start: Record<string, unknown> = { [key]: parse(value) };
    return { text: command, values: inside.reduce((inner, name) => ({ [name]: inner }), start) };
  });
}
