import type { Field, Finding, Resource } from "./model";

/** The content of a session document, or why there is nothing to judge. */
export function* withContent(
  document: Resource,
  judged: (content: Field) => Iterable<Finding>,
): Iterable<Finding> {
  const type = document.at("documentType");
  if (type.unknown) yield type.undecided();
  else if (type.value !== "Session") {
    yield { verdict: "notApplicable", message: "the document is not for sessions" };
    return;
  }
  if (document.at("documentFormat").value === "YAML") {
    yield document.at("documentFormat").fail("be JSON, which rules can read");
    return;
  }
  yield* judged(document.at("content").json());
}
