import { inFileOrder } from "./stack-file";
import type { StackConfig } from "./stack-file";
import type { YamlValue } from "./yaml-file";

/**
 * All that is wrong with a stack, in the order of its file: the faults of the file's form, and what the program said
 * of its values. A program that speaks of `Pulumi.<stack>.yaml: <path> …` gets the line of the path.
 */
export function stackFaults(config: StackConfig, said: readonly string[]): string[] {
  const start = `Pulumi.${config.stack}.yaml: `;
  const placed = said.flatMap((fault) => {
    if (!fault.startsWith(start)) return [fault];
    const text = fault.slice(start.length);
    const member = memberAt(membersOf(config), text);
    // That there is no value to read has been said.
    if (member !== undefined && holdsUnreadable(member)) return [];
    return [`${config.file}${member === undefined ? "" : `:${member.line}`}: ${text}`];
  });
  return inFileOrder([...new Set([...config.faults, ...placed])]);
}

/** What the stack file says, by the names that a program may give to it. */
function membersOf({ entries, project }: StackConfig): Map<string, YamlValue> {
  const own = `${project}:`;
  return new Map(
    [...entries].flatMap(([key, value]): [string, YamlValue][] =>
      key.startsWith(own)
        ? [
            [key, value],
            [key.slice(own.length), value],
          ]
        : [[key, value]],
    ),
  );
}

/** The innermost member that a path at the start of a text leads to. Keys may hold any character. */
function memberAt(members: Map<string, YamlValue>, text: string): YamlValue | undefined {
  const key = [...members.keys()]
    .filter((name) => text.startsWith(name) && /^([ .[]|$)/.test(text.slice(name.length)))
    .toSorted((a, b) => b.length - a.length)[0];
  if (key === undefined) return undefined;
  const member = members.get(key);
  return member === undefined ? undefined : inside(member, text.slice(key.length));
}

function inside(member: YamlValue, rest: string): YamlValue {
  const { value } = member;
  if (value instanceof Map && rest.startsWith(".")) return memberAt(value, rest.slice(1)) ?? member;
  const index = /^\[(\d+)\]/.exec(rest);
  const item = Array.isArray(value) && index !== null ? value[Number(index[1])] : undefined;
  return item === undefined ? member : inside(item, rest.slice(index?.[0].length));
}

function holdsUnreadable({ unreadable, value }: YamlValue): boolean {
  if (unreadable === true) return true;
  const members = value instanceof Map ? [...value.values()] : value;
  return Array.isArray(members) && members.some(holdsUnreadable);
}
