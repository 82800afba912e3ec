import { linkSync, rmSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { namespace } from "../infra/config/fields";
import { InputError, systemReason } from "../plan/input-error";

/** The text of a stack file. Pulumi reads YAML 1.1, in which more words are no texts. */
export function stackFileText(values: Record<string, unknown>): string {
  const named = Object.entries(values).map(([key, value]) => [`${namespace}:${key}`, value]);
  const yaml = stringify({ config: Object.fromEntries(named) }, { version: "1.1", lineWidth: 0 });
  return `# yaml-language-server: $schema=docs/stack-file.schema.json\n${yaml}`;
}

/** Why a file is not written that is there already. */
export function existsFault(file: string): string {
  return `${file}: must not exist: init makes new stacks only; edit the file instead`;
}

/** Writes a new file as a whole; what has its name stays as it is. */
export function writeNew(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { flag: "wx" });
    // Unlike a rename, this fails when somebody else made the file meanwhile.
    linkSync(draft, file);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new InputError(
      isThere ? existsFault(file) : `${file}: cannot be written: ${systemReason(error)}`,
    );
  } finally {
    rmSync(draft, { force: true });
  }
}
