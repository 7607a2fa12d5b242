import type { RegisteredReference, RegisteredService, Registration } from './registration.js';

/** A registration as it stands on the wire (standard, registration). */
export interface WireRegistration {
  readonly instance_id: string;
  readonly name: string;
  readonly kind: string;
  readonly address: string;
  readonly content: {
    readonly services: readonly RegisteredService[];
    readonly references: readonly RegisteredReference[];
  };
  /** The lifetime, in ms. */
  readonly timestamp: number;
  readonly attachments: Readonly<Record<string, string>>;
}

/** Writes a registration as the SDKs do. */
export function writeRegistration(registration: Registration): WireRegistration {
  const { instanceId, name, kind, address, lifetimeMs, attachments, services, references } = registration;
  return {
    instance_id: instanceId,
    name,
    kind,
    address,
    content: { services, references },
    timestamp: lifetimeMs,
    attachments,
  };
}
