import { execFileSync, spawn } from "node:child_process";
import fs, {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { writeAll } from "../../../plan/report/write";
import { faultsOf, folderOf } from "../files";

function failing(code: string): Error {
  return Object.assign(new Error(code), { code });
}

afterEach(() => {
  jest.restoreAllMocks();
});

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

  it("keeps who may read a file that it replaces", () => {
    const path = join(folderOf({ "a.json": "old" }), "a.json");
    fs.chmodSync(path, 0o600);
    writeAll([{ path, content: "new" }]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("writes into a pipe and leaves it one", async () => {
    const dir = folderOf({});
    const pipe = join(dir, "pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe]);
    let read = "";
    reader.stdout.on("data", (chunk: Buffer) => (read += chunk.toString()));
    const closed = new Promise((resolve) => reader.once("close", resolve));
    writeAll([{ path: pipe, content: "new" }]);
    await closed;
    expect(read).toBe("new");
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(readdirSync(dir)).toEqual(["pipe"]);
  });

  it.each([
    ["a link to a file", { "real/a.json": "old" }],
    ["a link to a file that is not there yet", { "real/b.json": "" }],
  ])("writes through %s", (_name, present) => {
    const dir = folderOf(present);
    const link = join(dir, "link.json");
    symlinkSync("real/a.json", link);
    writeAll([{ path: link, content: "new" }]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(dir, "real/a.json"), "utf8")).toBe("new");
    expect(readdirSync(dir).toSorted()).toEqual(["link.json", "real"]);
  });

  it("refuses links that form a circle", () => {
    const dir = folderOf({});
    const path = join(dir, "a");
    symlinkSync("b", path);
    symlinkSync("a", join(dir, "b"));
    expect(faultsOf(() => writeAll([{ path, content: "" }]))).toHaveLength(1);
    expect(readdirSync(dir).toSorted()).toEqual(["a", "b"]);
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

  it.each<[string, string, string, (dir: string) => void]>([
    ["the same path", "out", "out", () => undefined],
    ["another spelling", "out", "./sub/../out", (dir) => mkdirSync(join(dir, "sub"))],
    [
      "a linked folder",
      "sub/out",
      "link/out",
      (dir) => {
        mkdirSync(join(dir, "sub"));
        symlinkSync("sub", join(dir, "link"));
      },
    ],
    [
      "a hard link",
      "out",
      "other",
      (dir) => {
        fs.writeFileSync(join(dir, "out"), "old");
        linkSync(join(dir, "out"), join(dir, "other"));
      },
    ],
  ])("refuses to write two outputs to one file by %s", (_name, first, second, prepare) => {
    const dir = folderOf({});
    prepare(dir);
    const before = readdirSync(dir, { recursive: true });
    const files = [
      { path: `${dir}/${first}`, content: "a" },
      { path: `${dir}/${second}`, content: "b" },
    ];
    expect(faultsOf(() => writeAll(files))).toEqual([
      `${dir}/${second}: cannot be written: it is the same file as ${dir}/${first}`,
    ]);
    expect(readdirSync(dir, { recursive: true })).toEqual(before);
  });

  it("refuses to replace what was read", () => {
    const dir = folderOf({ "in.yaml": "old" });
    symlinkSync("in.yaml", join(dir, "link.yaml"));
    const path = join(dir, "link.yaml");
    const write = () => writeAll([{ path, content: "new" }], [join(dir, "in.yaml")]);
    expect(faultsOf(write)).toEqual([`${path}: cannot be written: it is an input as well`]);
    expect(readFileSync(join(dir, "in.yaml"), "utf8")).toBe("old");
  });

  it("leaves nothing behind on a full disk", () => {
    const dir = folderOf({ "a.json": "old" });
    const { writeFileSync } = fs;
    jest.spyOn(fs, "writeFileSync").mockImplementation((path, content, options) => {
      writeFileSync(path, (content as string).slice(0, 1), options);
      throw failing("ENOSPC");
    });
    const path = join(dir, "a.json");
    expect(faultsOf(() => writeAll([{ path, content: "new" }]))).toEqual([
      `${path}: cannot be written: no space left on the device`,
    ]);
    expect(readdirSync(dir)).toEqual(["a.json"]);
    expect(readFileSync(path, "utf8")).toBe("old");
  });

  it("takes everything back when a file cannot be replaced", () => {
    const dir = folderOf({ "a.json": "old" });
    const { renameSync } = fs;
    jest.spyOn(fs, "renameSync").mockImplementation((from, to) => {
      if (String(to).endsWith("c.xml")) throw failing("EPERM");
      renameSync(from, to);
    });
    const files = ["a.json", "b.sarif", "c.xml"].map((name) => {
      return { path: join(dir, name), content: "new" };
    });
    expect(faultsOf(() => writeAll(files))).toEqual([
      `${join(dir, "c.xml")}: cannot be written: operation not permitted`,
    ]);
    expect(readdirSync(dir)).toEqual(["a.json"]);
    expect(readFileSync(join(dir, "a.json"), "utf8")).toBe("old");
    expect(existsSync(join(dir, "b.sarif"))).toBe(false);
  });
});
