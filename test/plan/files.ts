import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Folder of the fixtures. */
export const fixtures = join(__dirname, "fixtures");

const folders: string[] = [];

afterAll(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
});

/** Makes a folder with the given files, which is removed after the tests of the calling file. */
export function folderOf(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), "plan-test-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  folders.push(dir);
  return dir;
}

/** Makes the folder of a pack whose rules are the members of a list in JavaScript. */
export function packOf(rules: string, before = ""): string {
  const dir = folderOf({
    "PulumiPolicy.yaml": "runtime: nodejs\n",
    "package.json": '{ "name": "made", "version": "1.0.0", "main": "index.js" }',
    "index.js": `${before}
const { PolicyPack } = require("@pulumi/policy");
new PolicyPack("made", { policies: [${rules}] });
`,
  });
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(dir, "node_modules"));
  return dir;
}

/** The lines of the fault that `run` throws. */
export function faultsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof Error && "lines" in error) return error.lines as string[];
    throw error;
  }
  throw new Error("nothing was thrown");
}
