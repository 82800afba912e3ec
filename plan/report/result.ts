import type { Judgement } from "../judge";
import type { Cost, PlannedResource } from "../schema";

/** Where a finding is shown in a file. */
export interface Place {
  /** Path relative to the working folder. */
  file: string;
  /** Line, from 1. */
  line: number;
}

/** A judged stack, ready to be shown. */
export interface Result {
  project: string;
  stack: string;
  /** Sorted by urn. */
  resources: PlannedResource[];
  judgement: Judgement;
  /** What the always-on parts cost; absent for what is only judged. */
  cost?: Cost;
  /** True when the resources exist already, so that rules could not change them. */
  existing: boolean;
  /** What the program warned about. */
  warnings: string[];
  /** Where the resources come from; `place` stands for those that are not listed. */
  places: ReadonlyMap<string, Place>;
  place: Place;
}
