import type { ServedArea } from '../../options/listen-options.js';

/** Which services every node and every application has beside its own, by name; the first that fits counts. */
const AREAS: readonly (readonly [RegExp, ServedArea])[] = [
  [/^mesh\.net\.(?:environ|accessible)$/, 'builtins'],
  [/^mesh\.net\.(?:weave|ack)$/, 'weaving'],
  [/^mesh\.(?:net|registry)\./, 'administration'],
  [/\.builtin\.[^.]+$/, 'builtins'],
];

/**
 * What a service elsewhere belongs to, if it is no application's own: a listener that does not serve the area of this node does
 * not lead to that of another either.
 */
export function areaOfService(name: string): ServedArea | undefined {
  return AREAS.find(([pattern]) => pattern.test(name))?.[1];
}
