/** The way to an option: names, and places in lists. */
export type OptionPath = readonly (string | number)[];

/** Reads what {@link formatPath} has written: `partners[0].address`. */
export function parsePath(text: string): OptionPath {
  return [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([whole, place]) =>
    place === undefined ? whole : Number(place),
  );
}

/** Writes a path as the messages about options do. */
export function formatPath(path: OptionPath): string {
  return path.reduce<string>((text, step) => joinPath(text, step), '');
}

/** Goes one step further from a path that is written already. */
export function joinPath(text: string, step: string | number): string {
  if (typeof step === 'number') return `${text}[${step}]`;
  return text === '' ? step : `${text}.${step}`;
}
