import { replaceUnknown } from "./unknown";

const longestShown = 80;

/** Statements of policies have names. */
function showMap(value: object): string {
  const id = "Sid" in value ? value.Sid : undefined;
  return typeof id === "string" && id.length <= longestShown ? `statement ${id}` : "a map";
}

/** A value as a message shows it. Maps and long texts are named and not shown: a secret may be in them. */
export function show(value: unknown): string {
  if (value === undefined || value === null || value === "") return "nothing";
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (typeof value === "string") {
    const text = JSON.stringify(replaceUnknown(value, "(unknown)"));
    return text.length <= longestShown ? text : `a text of ${value.length} characters`;
  }
  if (!Array.isArray(value)) return showMap(value);
  const text = `[${value.map(show).join(", ")}]`;
  return text.length <= longestShown ? text : `a list of ${value.length}`;
}
