/** Every section and key of the configuration with what stands in the `.meta()` of each, read off the schema. */
import { z } from "zod";
import { settingsOf } from "../../src/config/layer.ts";
import { settingsSchema } from "../../src/config/schema.ts";

/** In paths, where a pool's name stands. */
const ANY_POOL = "<name>";

/** What a key does without being set, as a file would write it. */
export type DefaultOfKey =
  | { readonly kind: "same"; readonly value: unknown }
  /** Depends on whether the pool has the name `nomad`. */
  | { readonly kind: "by-pool"; readonly nomad: unknown; readonly others: unknown }
  | { readonly kind: "name-of-pool" };

export interface DescribedKey {
  /** `pools.<name>.health.interval`. */
  readonly path: string;
  readonly description: string;
  readonly value: string;
  readonly taken: readonly unknown[];
  readonly refused: unknown;
  readonly secret: boolean;
  readonly default: DefaultOfKey;
}

export interface DescribedSection {
  /** `pools.<name>.health`; empty for the keys above all sections. */
  readonly path: string;
  readonly description: string;
  /** Absent where it is a section without any key. */
  readonly default: unknown;
  readonly keys: readonly DescribedKey[];
}

const nodeShape = z.object({
  description: z.string().optional(),
  default: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});

const keyShape = z.object({
  description: z.string(),
  value: z.string(),
  taken: z.array(z.unknown()).min(1),
  refused: z.unknown().refine((refused) => refused !== undefined),
  secret: z.boolean().default(false),
});

type Node = z.infer<typeof nodeShape>;

/** In the order of the schema. @throws Error that names a section or key whose `.meta()` is not whole. */
export function describedSections(): readonly DescribedSection[] {
  const schema = z.toJSONSchema(settingsSchema, { io: "input", unrepresentable: "any" });
  return sectionsOf(nodeShape.parse(schema), []);
}

function sectionsOf(node: Node, path: readonly string[]): DescribedSection[] {
  const children = Object.entries(node.properties ?? {}).map(([name, raw]) => ({
    path: [...path, name],
    raw,
    node: asSection(nodeShape.parse(raw)),
  }));
  const section = {
    path: path.join("."),
    description: path.length === 0 ? "" : descriptionOf(node, path),
    default: isEmptyMapping(node.default) ? undefined : node.default,
    keys: children.filter((child) => !isSection(child.node)).map((child) => keyOf(child.path, child.raw)),
  };
  const sections = children.filter((child) => isSection(child.node));
  const named = isMapping(node.additionalProperties) ? [nodeShape.parse(node.additionalProperties)] : [];
  return [
    section,
    ...sections.flatMap((child) => sectionsOf(child.node, child.path)),
    ...named.flatMap((child) => sectionsOf(child, [...path, ANY_POOL])),
  ];
}

/** Of a section that may be `null`, the section, with the default that it has as a whole. */
function asSection(node: Node): Node {
  const sections = (node.anyOf ?? []).map((choice) => nodeShape.parse(choice)).filter(isSection);
  const [section] = sections;
  return section === undefined ? node : { ...section, default: node.default };
}

function isSection({ properties, additionalProperties }: Node): boolean {
  return properties !== undefined || isMapping(additionalProperties);
}

function descriptionOf({ description }: Node, path: readonly string[]): string {
  if (description === undefined) {
    throw new Error(`${path.join(".")}: expected .meta({ description })`);
  }
  return description;
}

function keyOf(path: readonly string[], raw: unknown): DescribedKey {
  const result = keyShape.safeParse(raw);
  if (!result.success) {
    const missing = result.error.issues.map((issue) => issue.path.join(".")).join(", ");
    throw new Error(`${path.join(".")}: expected in its .meta(): ${missing}`);
  }
  return { path: path.join("."), ...result.data, default: defaultOf(path, nodeShape.parse(raw)) };
}

/** Pools of two names, with `tls`, whose default is none. */
const SAMPLE = settingsOf([
  { origin: "sample", values: { pools: { nomad: { tls: {} }, other: { tls: {} } } } },
]);

/** The schema's own where it has one in the language of files, else what an empty configuration gets. */
function defaultOf(path: readonly string[], node: Node): DefaultOfKey {
  if (node.default !== undefined) {
    return { kind: "same", value: node.default };
  }
  const [nomad, others] = ["nomad", "other"].map((pool) =>
    valueAt(path.map((part) => (part === ANY_POOL ? pool : part))),
  );
  if (nomad === "nomad" && others === "other") {
    return { kind: "name-of-pool" };
  }
  return JSON.stringify(nomad) === JSON.stringify(others)
    ? { kind: "same", value: nomad }
    : { kind: "by-pool", nomad, others };
}

function valueAt(path: readonly string[]): unknown {
  return path.reduce<unknown>((value, part) => (isMapping(value) ? value[part] : undefined), SAMPLE);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmptyMapping(value: unknown): boolean {
  return isMapping(value) && Object.keys(value).length === 0;
}
