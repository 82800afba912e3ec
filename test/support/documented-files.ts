import { readFileSync } from "node:fs";
import { join } from "node:path";

const page = join(__dirname, "../../docs/operations.md");

/** A JSON file that docs/operations.md has people write, as it stands between `cat > name <<'END'` and `END`. */
export function documentedFile(name: string): Record<string, unknown> {
  const text = readFileSync(page, "utf8");
  const [, rest] = text.split(`cat > ${name} <<'END'\n`);
  const content = rest?.split("\nEND\n")[0];
  if (content === undefined) throw new Error(`${page} must say what is in ${name}`);
  return JSON.parse(content) as Record<string, unknown>;
}

/** Levels with which the pack lets a stack be taken down. */
export function levelsOfDestroy(): Record<string, "advisory"> {
  return documentedFile("unprotected.json") as Record<string, "advisory">;
}
