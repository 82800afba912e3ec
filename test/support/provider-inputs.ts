import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ts from "typescript";

/** Folder of the AWS provider's SDK, whose declarations name every input of every resource type. */
const sdk = dirname(require.resolve("@pulumi/aws/package.json"));

interface Member {
  name: string;
  /** Names of the shapes that its value may have. */
  shapes: string[];
}
type Shapes = Map<string, Member[]>;

let nested: Shapes | undefined;

/** Paths of the inputs of a resource type, without the indices of lists. A shape within itself is followed once. */
export function inputPaths(type: string): string[] {
  const [, module = "", name = ""] = type.split(":");
  nested ??= shapesIn("types/input.d.ts");
  const args = shapesIn(`${module}.d.ts`).get(`${name}Args`);
  if (!args) throw new Error(`the provider must have the inputs of ${type}`);
  return pathsOf(args, nested, []);
}

function pathsOf(members: Member[], shapes: Shapes, within: string[]): string[] {
  return members.flatMap(({ name, shapes: names }) => [
    name,
    ...names
      .filter((shape) => !within.includes(shape))
      .flatMap((shape) => pathsOf(shapes.get(shape) ?? [], shapes, [...within, shape]))
      .map((path) => `${name}.${path}`),
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
      shapes.set(`${namespace}${node.name.text}`, membersOf(node));
    }
  };
  ts.forEachChild(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022), (node) =>
    visit(node, ""),
  );
  return shapes;
}

function membersOf({ members }: ts.InterfaceDeclaration): Member[] {
  return members.flatMap((member) =>
    ts.isPropertySignature(member) && ts.isIdentifier(member.name)
      ? [{ name: member.name.text, shapes: member.type ? shapesOf(member.type) : [] }]
      : [],
  );
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
