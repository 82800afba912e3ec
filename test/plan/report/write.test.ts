import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAll } from "../../../plan/report/write";
import { faultsOf, folderOf } from "../files";

describe("writeAll", () => {
  it("writes every file and leaves nothing else behind", () => {
    const dir = folderOf({ "a.json": "old" });
    writeAll([
      { path: join(dir, "a.json"), content: "new" },
      { path: join(dir, "b.xml"), content: "<a/>" },
    ]);
    expect(readdirSync(dir).toSorted()).toEqual(["a.json", "b.xml"]);
    expect(readFileSync(join(dir, "a.json"), "utf8")).toBe("new");
  });

  it.each([
    ["a folder that does not exist", "absent/b.xml", "its folder does not exist"],
    ["a folder that is a file", "file/b.xml", "its folder is a file"],
    ["a directory", "sub", "it is a directory"],
  ])("writes nothing when one path is %s", (_name, path, reason) => {
    const dir = folderOf({ "a.json": "old", file: "", "sub/c": "" });
    const other = join(dir, path);
    const files = [
      { path: join(dir, "a.json"), content: "new" },
      { path: other, content: "" },
    ];
    expect(faultsOf(() => writeAll(files))).toEqual([`${other}: cannot be written: ${reason}`]);
    expect(readdirSync(dir).toSorted()).toEqual(["a.json", "file", "sub"]);
    expect(readFileSync(join(dir, "a.json"), "utf8")).toBe("old");
  });

  it("refuses to write two outputs to one file", () => {
    const path = join(folderOf({}), "out");
    const files = [
      { path, content: "a" },
      { path, content: "b" },
    ];
    expect(faultsOf(() => writeAll(files))).toEqual([
      `output files must differ, got ${path} twice`,
    ]);
    expect(existsSync(path)).toBe(false);
  });
});
