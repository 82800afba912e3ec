import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stackFileSchema } from "../infra/schema";
import { planJsonSchema } from "../plan/schema";
import { rulesTable } from "../policies/table";
import { coveragePage, coverageSummary } from "./coverage";

const root = join(__dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

/** Replaces what stands between a pair of markers in a page that is otherwise written by hand. */
function between(page: string, marker: string, text: string): string {
  const [start, end] = [`<!-- ${marker} -->`, `<!-- /${marker} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`page must hold ${start} … ${end}, got none`);
  return `${page.slice(0, from + start.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/** What `npm run plan` prints, to which the README holds itself. */
function printedPlan(): string {
  const node = ["--stack-trace-limit=0", "-r", "./plan/start/start.cjs", "plan/plan.ts"];
  const env = { PATH: process.env["PATH"], NO_COLOR: "1" };
  const { stdout, stderr, status } = spawnSync(process.execPath, node, {
    cwd: root,
    encoding: "utf8",
    env,
  });
  if (status !== 0) throw new Error(`plan must end with 0, got ${status ?? "a signal"}: ${stderr}`);
  return ["```text", stdout.trim(), "```"].join("\n");
}

function readme(): string {
  const page = between(read("README.md"), "coverage", coverageSummary());
  return between(page, "plan", printedPlan());
}

/** Every generated file, by path, with the text that it must have. */
export function generatedFiles(): Record<string, string> {
  return {
    "docs/stack-file.schema.json": stackFileSchema(),
    "docs/plan.schema.json": planJsonSchema(),
    "docs/coverage.md": coveragePage(),
    "policies/README.md": rulesTable(),
    "README.md": readme(),
  };
}

if (require.main === module) {
  for (const [file, text] of Object.entries(generatedFiles())) {
    writeFileSync(join(root, file), text);
    console.log(`wrote ${file}`);
  }
}
