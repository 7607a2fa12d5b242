/** What records inherit from: nothing. */
const NO_MEMBERS: object = Object.freeze(Object.create(null) as object);

/**
 * An empty record of texts, in which nothing is found that was not put there.
 *
 * One without any prototype would be a hash table from its first key on, several times as slow to fill; and to take the prototype of one
 * that is filled makes a shape of it that V8 forgets, with the code compiled for it, each time it collects all.
 */
export function emptyRecord(): Record<string, string> {
  return Object.create(NO_MEMBERS) as Record<string, string>;
}
