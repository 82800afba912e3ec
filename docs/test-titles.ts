import * as ts from "typescript";

const blocks = ["describe", "it", "test", "casesFor"];
const skipping = ["skip", "todo"];
const skipped = ["xdescribe", "xit", "xtest"];

/** The names of what is called: `it`, `each` of `it.each(rows)("title", …)`. */
function calledNames(callee: ts.Expression): string[] {
  if (ts.isIdentifier(callee)) return [callee.text];
  if (ts.isPropertyAccessExpression(callee)) {
    return [...calledNames(callee.expression), callee.name.text];
  }
  if (ts.isCallExpression(callee)) return calledNames(callee.expression);
  return ts.isTaggedTemplateExpression(callee) ? calledNames(callee.tag) : [];
}

function isTitle(node: ts.Node | undefined): node is ts.Expression {
  return node !== undefined && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node));
}

/** The titles of the tests in a file, and of what they are in; what is skipped proves nothing and is left out. */
export function testTitles(text: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const names = calledNames(node.expression);
      if (names.some((name) => skipping.includes(name) || skipped.includes(name))) return;
      const [title] = node.arguments;
      if (blocks.includes(names[0] ?? "") && isTitle(title)) titles.push(title.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("test.ts", text, ts.ScriptTarget.Latest, true));
  return titles;
}
