import { MeshError } from 'nestjs-mesh';

/** The {@link MeshError} that a call ends with; anything else fails the test. */
export async function caught(call: Promise<unknown>): Promise<MeshError> {
  try {
    const value = await call;
    throw new Error(`expected a MeshError, but the call was answered with ${JSON.stringify(value)}`);
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw error;
  }
}
