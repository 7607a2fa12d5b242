import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';

/** Loads in the generation of the SDK that these applications are written for: the one that blocks, up to 0.0.29. */
const PROBE = 'import inspect, mesh; assert not inspect.iscoroutinefunction(mesh.start)';

/** Finds a Python with the reference SDK (`pip install imesh==0.0.29.12`): those that `MESH_PYTHON` names, or `python3`. */
export async function findPython(): Promise<string | undefined> {
  for (const command of (process.env['MESH_PYTHON'] || 'python3').split(delimiter)) {
    const loads = promisify(execFile)(command, ['-c', PROBE], { timeout: 20_000 });
    if (
      await loads.then(
        () => true,
        () => false,
      )
    )
      return command;
  }
  return undefined;
}
