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

/** The commands of docs/operations.md that begin with a text, for a shell. */
export function documentedCommands(start: string): string {
  const [, rest] = readFileSync(page, "utf8").split(`\`\`\`sh\n${start}`);
  const commands = rest?.split("\n```\n")[0];
  if (commands === undefined)
    throw new Error(`${page} must have commands that begin with ${start}`);
  return start + commands;
}

/** The rows of the table in a section of docs/operations.md, as what is marked as code in each cell. */
export function documentedTable(title: string): string[][][] {
  const section = readFileSync(page, "utf8").split(`### ${title}\n`)[1]?.split("\n#")[0] ?? "";
  const [, , ...rows] = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code)),
  );
}

/** Levels with which the pack lets a stack be taken down. */
export function levelsOfDestroy(): Record<string, "advisory"> {
  return documentedFile("unprotected.json") as Record<string, "advisory">;
}
