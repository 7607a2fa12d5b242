import type { RegisteredReference, RegisteredService, Registration } from './registration.js';

/** Whether two registrations say the same. */
export function sameRegistration(a: Registration, b: Registration): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.name === b.name &&
    a.kind === b.kind &&
    a.address === b.address &&
    a.lifetimeMs === b.lifetimeMs &&
    sameMap(a.attachments, b.attachments) &&
    sameList(a.services, b.services, sameService) &&
    sameList(a.references, b.references, sameFields)
  );
}

function sameService(a: RegisteredService, b: RegisteredService): boolean {
  return sameFields(a, b) && sameMap(a.attrs, b.attrs);
}

/** Whether what is no object in them is the same. */
function sameFields(a: RegisteredReference, b: RegisteredReference): boolean {
  for (const name in a) {
    const value: unknown = a[name as keyof RegisteredReference];
    if (value !== b[name as keyof RegisteredReference] && typeof value !== 'object') return false;
  }
  return true;
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index]!));
}

function sameMap(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
