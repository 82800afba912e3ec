import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
