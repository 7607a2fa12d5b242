import { toMeshError } from '../../errors/from-unknown.js';
import type { PlacedValue } from '../../options/files/file-content.js';
import { type OptionPath, parsePath } from '../../options/files/option-path.js';
import { isRecord } from '../../options/option-reader.js';
import type { PartnerRoute } from './partner-route.js';
import { readRoute } from './read-route.js';

/** Routes of a file, or what is wrong with them, one sentence each, with its line. */
export type PlacedRoutes = { readonly routes: readonly PartnerRoute[] } | { readonly problems: readonly string[] };

/** Where a list of routes stands in a file. */
export interface RouteList extends Pick<PlacedValue, 'locate'> {
  readonly items: readonly unknown[];
  /** The way to the list, in the file. */
  readonly path: OptionPath;
}

/** Says what is wrong with an item, or a route; an empty list when nothing is. */
export type RouteCheck<T> = (checked: T, name: string) => readonly string[];

/**
 * Reads routes that stand in a file.
 *
 * @param checks what else is to be seen to; what they say begins with the name of the item, which is `partners[0]` for the first
 */
export function readPlacedRoutes(
  { items, path, locate }: RouteList,
  checks: { readonly item?: RouteCheck<Readonly<Record<string, unknown>>>; readonly route: RouteCheck<PartnerRoute> },
): PlacedRoutes {
  const problems: string[] = [];
  const twins = new Map<string, number>();
  const routes = items.flatMap((item, index) => {
    const name = `partners[${index}]`;
    const note = (sentences: readonly string[]): readonly PartnerRoute[] => {
      problems.push(...sentences.map((sentence) => placed(sentence, { item, index, path, locate })));
      return [];
    };
    const strange = isRecord(item) ? (checks.item?.(item, name) ?? []) : [];
    if (strange.length > 0) return note(strange);
    const read = attempt(() => readRoute(item, undefined, name));
    if ('problems' in read) return note(read.problems);
    const { route } = read;
    const id = route.nodeId.toLowerCase();
    const twin = twins.get(id);
    if (twin !== undefined) return note([`${name}.nodeId: partners[${twin}] is about the node '${route.nodeId}', too`]);
    twins.set(id, index);
    const wrong = checks.route(route, name);
    return wrong.length > 0 ? note(wrong) : [route];
  });
  return problems.length > 0 ? { problems } : { routes };
}

/** What goes wrong, as sentences. */
function attempt(
  read: () => PartnerRoute,
): { readonly route: PartnerRoute } | { readonly problems: readonly string[] } {
  try {
    return { route: read() };
  } catch (error) {
    const { message, details } = toMeshError(error);
    return { problems: details.length > 0 ? details : [message] };
  }
}

interface Place extends Pick<RouteList, 'path' | 'locate'> {
  readonly item: unknown;
  readonly index: number;
}

/** Puts the line in front of a sentence that begins with the name of what it is about. */
function placed(sentence: string, { item, index, path, locate }: Place): string {
  const [, name = ''] = /^(?:unknown option ')?partners\[\d+\]\.?([\w.]*)/.exec(sentence) ?? [];
  const [field, ...inner] = parsePath(name);
  const spelled = field === undefined ? [] : [spelling(String(field), item)];
  return `${locate([...path, index, ...spelled, ...inner])}: ${sentence}`;
}

/** A field as the file has it, in camelCase or snake_case. */
function spelling(field: string, item: unknown): string {
  const snake = field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const camel = field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return [field, snake, camel].find((name) => isRecord(item) && Object.hasOwn(item, name)) ?? field;
}
