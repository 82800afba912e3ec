import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ts from "typescript";

/** Folder of the AWS provider's SDK, whose declarations name every input of every resource type. */
const sdk = dirname(require.resolve("@pulumi/aws/package.json"));

interface Member {
  name: string;
  /** What its declaration says of it. */
  comment: string;
  /** Names of the shapes that its value may have. */
  shapes: string[];
}
type Shapes = Map<string, Member[]>;

let nested: Shapes | undefined;

/** An input of a resource type. */
interface Input {
  /** Without the indices of lists. */
  path: string;
  comment: string;
}

/** The inputs of a resource type. A shape within itself is followed once. */
export function inputsOfType(type: string): Input[] {
  const [, module = "", name = ""] = type.split(":");
  nested ??= shapesIn("types/input.d.ts");
  const args = shapesIn(fileOf(module)).get(`${name}Args`);
  if (!args) throw new Error(`the provider must have the inputs of ${type}`);
  return membersBelow(args, nested, []);
}

/** Paths of the inputs of a resource type. */
export function inputPaths(type: string): string[] {
  return inputsOfType(type).map(({ path }) => path);
}

/** The declarations of a module such as `iam/role`. Files differ from it in capitals, and one of an index is not the folder's. */
function fileOf(module: string): string {
  const [folder = "", file = ""] = module.split("/");
  const wanted = new RegExp(`^${file === "index" ? "index_" : file}\\.d\\.ts$`, "i");
  const found = readdirSync(join(sdk, folder)).find((one) => wanted.test(one));
  return `${folder}/${found ?? ""}`;
}

function membersBelow(members: Member[], shapes: Shapes, within: string[]): Input[] {
  return members.flatMap(({ name, comment, shapes: names }) => [
    { path: name, comment },
    ...names
      .filter((shape) => !within.includes(shape))
      .flatMap((shape) => membersBelow(shapes.get(shape) ?? [], shapes, [...within, shape]))
      .map((input) => ({ ...input, path: `${name}.${input.path}` })),
  ]);
}

function shapesIn(file: string): Shapes {
  const text = readFileSync(join(sdk, file), "utf8");
  const shapes: Shapes = new Map();
  const visit = (node: ts.Node, namespace: string): void => {
    if (ts.isModuleDeclaration(node)) {
      const inner = `${namespace}${node.name.text}.`;
      if (node.body) ts.forEachChild(node.body, (child) => visit(child, inner));
    } else if (ts.isInterfaceDeclaration(node)) {
      shapes.set(`${namespace}${node.name.text}`, membersOf(node, text));
    }
  };
  ts.forEachChild(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022), (node) =>
    visit(node, ""),
  );
  return shapes;
}

function membersOf({ members }: ts.InterfaceDeclaration, file: string): Member[] {
  return members.flatMap((member) => {
    if (!ts.isPropertySignature(member) || !ts.isIdentifier(member.name)) return [];
    const { name, type } = member;
    const comment = file.slice(member.pos, name.end).replaceAll(/\s*\*\s?/g, " ");
    return [{ name: name.text, comment, shapes: type ? shapesOf(type) : [] }];
  });
}

/** Names such as `ec2.LaunchTemplateBlockDeviceMapping` in a type, out of arrays and of Pulumi's inputs. */
function shapesOf(node: ts.Node): string[] {
  if (!ts.isTypeReferenceNode(node)) {
    const found: string[] = [];
    ts.forEachChild(node, (child) => void found.push(...shapesOf(child)));
    return found;
  }
  const name = nameOf(node.typeName).replace(/^inputs\./, "");
  return [name, ...(node.typeArguments ?? []).flatMap(shapesOf)];
}

function nameOf(name: ts.EntityName): string {
  return ts.isIdentifier(name) ? name.text : `${nameOf(name.left)}.${name.right.text}`;
}
