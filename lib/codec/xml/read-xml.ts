import { checkKey, malformed, MAX_VALUES, refused, tooDeep, tooMany } from '../decoding.js';
import { loadOptional } from '../optional-package.js';

const FORMAT = 'XML';

/** An element that has begun. */
interface Open {
  readonly name: string;
  readonly members: Record<string, unknown>;
  hasMembers: boolean;
  text: string;
}

/**
 * Reads XML: an element with elements is an object, one without a text; an element that is repeated is an array. Attributes,
 * comments and processing instructions are skipped.
 *
 * @throws MeshError E0000000616 when it is not well-formed; E0000000400 when it has a document type, which is where entities
 * are declared, is nested too deep, or has too many elements
 */
export function readXml(text: string, maxDepth: number): unknown {
  const { SaxesParser } = loadOptional('saxes', FORMAT, (require) => require('saxes') as typeof import('saxes'));
  const reader = new XmlReader(maxDepth);
  const parser = new SaxesParser({ position: false });
  parser.on('error', (error) => {
    throw malformed(FORMAT, error.message, error);
  });
  parser.on('doctype', () => {
    throw refused(FORMAT, 'it has a document type');
  });
  parser.on('opentag', ({ name }) => reader.open(name));
  parser.on('text', (part) => reader.text(part));
  parser.on('cdata', (part) => reader.text(part));
  parser.on('closetag', () => reader.close());
  parser.write(text).close();
  return reader.value;
}

class XmlReader {
  /** What the outermost element was; an object without members where it was empty. */
  value: unknown;
  private readonly around: Open[] = [];
  private elements = 0;

  constructor(private readonly maxDepth: number) {}

  open(name: string): void {
    if (++this.elements > MAX_VALUES) throw tooMany(FORMAT);
    // A text within the deepest object is an element, too.
    if (this.around.length > this.maxDepth) throw tooDeep(FORMAT, this.maxDepth);
    this.around.push({ name: checkKey(FORMAT, name), members: {}, hasMembers: false, text: '' });
  }

  text(part: string): void {
    const top = this.around.at(-1);
    if (top) top.text += part;
  }

  close(): void {
    const closed = this.around.pop() as Open;
    const parent = this.around.at(-1);
    if (parent) put(parent, closed.name, valueOf(closed));
    else this.value = closed.text.trim() === '' ? closed.members : valueOf(closed);
  }
}

function valueOf({ members, hasMembers, text }: Open): unknown {
  if (!hasMembers) return text;
  if (text.trim() === '') return members;
  throw malformed(FORMAT, 'an element has both text and elements');
}

function put(parent: Open, name: string, value: unknown): void {
  const { members } = parent;
  parent.hasMembers = true;
  const before = Object.hasOwn(members, name) ? members[name] : undefined;
  if (before === undefined) members[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else members[name] = [before, value];
}
